// Resources and assets: everything in the APK that is not code.
package org.tunit.build

import java.io.File
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

internal object Resources {
    private val ids get() = File(Settings.out, "ids.txt")

    /** Writes R.java, and the complete AndroidManifest.xml and the linked resources of each variant. */
    fun link() {
        // R.java is the debug variant's, which has all names; the other gives them the same numbers.
        link(Variant.DEBUG, "--emit-ids", ids.path, "--java", generated().path)
        link(Variant.RELEASE, "--stable-ids", ids.path)
        describeForRobolectric()
    }

    private fun link(variant: Variant, vararg more: String) {
        variant.linked.parentFile.mkdirs()
        variant.manifest.writeText(manifest(variant))
        run(
            Aapt2.program, "link", "-o", variant.linked.path, "-I", Settings.androidJar.path,
            "--manifest", variant.manifest.path, "--auto-add-overlay",
            "--min-sdk-version", Settings.required("minSdk"),
            "--target-sdk-version", Settings.required("targetSdk"),
            "--version-code", Settings.required("versionCode"),
            "--version-name", Settings.required("versionName"),
            "-A", Settings.assets.path, "-0", ".tflite", // mapped, not unpacked
            *more, *variant.sources.map(::compiled).toTypedArray(),
        )
        variant.manifest.writeText(withSdkLevels(variant.manifest.readText()))
    }

    private fun compiled(sources: File): String {
        val zip = File(Settings.out, "compiled_${sources.name}.zip")
        run(Aapt2.program, "compile", "--dir", "$sources/res", "-o", zip.path)
        return zip.path
    }

    private fun generated() = File(Settings.out, "generated").apply { mkdirs() }

    /** Merged and completed, which Gradle's plugin does on its own. */
    private fun manifest(variant: Variant): String {
        val id = Settings.required("applicationId")
        val (main, added) = variant.sources.map { File(it, "AndroidManifest.xml").readText() }
            .let { it.first() to it.drop(1).joinToString("") { debug -> inside(debug, "application") } }
        val flags = "android:extractNativeLibs=\"false\"" +
            if (variant == Variant.DEBUG) " android:debuggable=\"true\"" else ""
        return main.replaceFirst("<manifest ", "<manifest package=\"$id\" ")
            .replaceFirst("<application", "<application $flags")
            .replaceFirst("</application>", "$added</application>")
            .replace("\${applicationId}", id)
    }

    /** What stands between the tags of an element without attributes. */
    private fun inside(xml: String, element: String) =
        xml.substringAfter("<$element>").substringBefore("</$element>")

    private fun describeForRobolectric() {
        val file = File(Settings.out, "test-classes/com/android/tools/test_config.properties")
        file.parentFile.mkdirs()
        val (manifest, linked) = Variant.DEBUG.run { manifest to linked }
        file.writeText(
            "android_merged_manifest=$manifest\nandroid_resource_apk=$linked\n" +
                "android_merged_assets=${Settings.assets}\n" +
                "android_custom_package=${Settings.required("applicationId")}\n",
        )
    }

    /** Robolectric reads the levels from the text. */
    private fun withSdkLevels(manifest: String): String {
        val levels = "<uses-sdk android:minSdkVersion=\"${Settings.required("minSdk")}\" " +
            "android:targetSdkVersion=\"${Settings.required("targetSdk")}\"/>\n\n    <application"
        return manifest.replaceFirst("<application", levels)
    }
}

internal object Assets {
    /** Collects the model with its examples; refuses a model that is not whole. */
    fun collect() {
        Settings.assets.deleteRecursively()
        Settings.assets.mkdirs()
        val models = Settings.models ?: return
        for (name in check(models)) File(models, name).copyTo(File(Settings.assets, "model/$name"))
    }

    /** Names of a model's files, each of which was compared with the manifest; else a [BuildError]. */
    fun check(models: File): List<String> = try {
        names(models)
    } catch (refused: Refused) {
        throw BuildError("MODELS=$models is refused. ${sentence(refused)}")
    }

    private fun names(folder: File): List<String> {
        val file = File(folder, Manifest.FILE)
        if (!file.isFile) throw Refused(Problem.MANIFEST_MISSING)
        val manifest = Manifest.parse(file.readText())
        val files = (manifest.models + manifest.examples.map { it.file }).distinct()
        for (name in files) manifest.check(name, File(folder, name).takeIf { it.isFile }?.inputStream())
        return files + Manifest.FILE
    }

    /** The app's own English sentence. */
    private fun sentence(refused: Refused): String {
        val strings = File(Settings.tree, "app/src/main/res/values/problems.xml").readText()
        val name = refused.problem.resource
        val pattern = Regex("name=\"$name\">(.*?)</string>", RegexOption.DOT_MATCHES_ALL)
        val text = pattern.find(strings)!!.groupValues[1].replace("\\'", "'")
        return String.format(text, *refused.arguments)
    }
}
