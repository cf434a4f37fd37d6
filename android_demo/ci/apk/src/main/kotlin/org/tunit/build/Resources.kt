// Resources and assets: what lies in the APK beside code.
package org.tunit.build

import java.io.File
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

internal object Resources {
    /** Writes R.java, the complete AndroidManifest.xml and the linked resources. */
    fun link() {
        val compiled = File(Settings.out, "compiled.zip")
        run(Aapt2.program, "compile", "--dir", "${Settings.main}/res", "-o", compiled.path)
        val source = File(Settings.main, "AndroidManifest.xml").readText()
        val id = Settings.required("applicationId")
        Settings.manifest.writeText( // which Gradle's plugin completes by itself
            source.replaceFirst("<manifest ", "<manifest package=\"$id\" ")
                .replaceFirst("<application", "<application android:extractNativeLibs=\"false\"")
                .replace("\${applicationId}", id),
        )
        val generated = File(Settings.out, "generated")
        generated.mkdirs()
        run(
            Aapt2.program, "link", "-o", Settings.linked.path, "-I", Settings.androidJar.path,
            "--manifest", Settings.manifest.path, "--java", generated.path, "--auto-add-overlay",
            "--min-sdk-version", Settings.required("minSdk"),
            "--target-sdk-version", Settings.required("targetSdk"),
            "--version-code", Settings.required("versionCode"),
            "--version-name", Settings.required("versionName"),
            "-A", Settings.assets.path, "-0", ".tflite", // mapped, not unpacked
            compiled.path,
        )
        withSdkLevels()
        describeForRobolectric()
    }

    private fun describeForRobolectric() {
        val file = File(Settings.out, "test-classes/com/android/tools/test_config.properties")
        file.parentFile.mkdirs()
        file.writeText(
            "android_merged_manifest=${Settings.manifest}\nandroid_resource_apk=${Settings.linked}\n" +
                "android_merged_assets=${Settings.assets}\n" +
                "android_custom_package=${Settings.required("applicationId")}\n",
        )
    }

    /** Robolectric reads the levels from the text. */
    private fun withSdkLevels() {
        val levels = "<uses-sdk android:minSdkVersion=\"${Settings.required("minSdk")}\" " +
            "android:targetSdkVersion=\"${Settings.required("targetSdk")}\"/>\n\n    <application"
        Settings.manifest.writeText(Settings.manifest.readText().replaceFirst("<application", levels))
    }
}

internal object Assets {
    /** Collects the model and the example pictures; refuses a model that is not whole. */
    fun collect() {
        Settings.assets.deleteRecursively()
        val images = File(Settings.tree.parentFile, "docs/images")
        copy(File(images, "shapes"), "examples/pictures")
        copy(File(images, "looks"), "examples/looks")
        val models = Settings.models ?: return
        for (name in check(models)) File(models, name).copyTo(File(Settings.assets, "model/$name"))
    }

    /** Names of a model's files, each of which is what the manifest says; else a [BuildError]. */
    fun check(models: File): List<String> = try {
        names(models)
    } catch (refused: Refused) {
        throw BuildError("MODELS=$models is refused. ${sentence(refused)}")
    }

    private fun copy(from: File, to: String) {
        for (file in from.listFiles().orEmpty().filter { it.extension == "png" }.sorted()) {
            file.copyTo(File(Settings.assets, "$to/${file.name}"))
        }
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
        val strings = File(Settings.main, "res/values/problems.xml").readText()
        val name = refused.problem.resource
        val pattern = Regex("name=\"$name\">(.*?)</string>", RegexOption.DOT_MATCHES_ALL)
        val text = pattern.find(strings)!!.groupValues[1].replace("\\'", "'")
        return String.format(text, *refused.arguments)
    }
}
