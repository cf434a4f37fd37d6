// The SDK's build tools, called by Maven: `resources` before the compiler, `apk` after it.
package org.tunit.build

import java.io.File
import kotlin.system.exitProcess
import org.tunit.core.sha256

/** What the builder was called with; paths of the repository and of the build. */
internal object Settings {
    val tree: File by lazy { File(required("tree")).canonicalFile }
    val out: File get() = File(required("out"))
    val androidJar: File get() = File(required("android.jar"))
    val models: File? get() = file("models")
    val apk: File? get() = file("apk")
    val debugApk: File? get() = file("debugApk")
    val key: File get() = File(required("key"))
    val keyPassword: String get() = System.getProperty("keyPassword") ?: "android"

    val assets: File get() = File(out, "assets")

    fun required(name: String): String =
        System.getProperty(name) ?: throw BuildError("The property $name is not set; use make android.")

    private fun file(name: String): File? = System.getProperty(name)?.ifEmpty { null }?.let(::File)
}

/** A build type of Gradle's: what it adds to the sources that both have, and what is made of it. */
internal enum class Variant {
    RELEASE,
    DEBUG,
    ;

    private val folder: File get() = File(Settings.out, name.lowercase())

    /** Folders under app/src. */
    val sources: List<File>
        get() = listOf("main", "debug").take(ordinal + 1).map { File(Settings.tree, "app/src/$it") }

    val apk: File? get() = if (this == DEBUG) Settings.debugApk else Settings.apk
    val manifest: File get() = File(folder, "AndroidManifest.xml")
    val linked: File get() = File(folder, "resources.apk")
    val unsigned: File get() = File(folder, "unsigned.apk")
    val classes: File get() = File(folder, "classes.jar")
    val dex: File get() = File(folder, "dex")
}

class BuildError(message: String) : Exception(message)

fun main(arguments: Array<String>) {
    try {
        when (arguments.singleOrNull()) {
            "resources" -> {
                Assets.collect()
                Resources.link()
            }
            "apk" -> {
                for (variant in Variant.entries) variant.apk?.let { Apk(variant, it).build() }
            }
            "check" -> Settings.models?.let(Assets::check)
            "verify" -> Settings.apk?.let { Apk.verify(it) }
            else -> throw BuildError("Name one step: check, resources, apk or verify.")
        }
    } catch (error: BuildError) {
        System.err.println("error: ${error.message}")
        exitProcess(2)
    }
}

/** Runs a program; its output is shown where it fails. */
internal fun run(vararg command: String) {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    val output = process.inputStream.bufferedReader().readText()
    if (process.waitFor() != 0) throw BuildError("${File(command[0]).name} failed:\n$output")
}

/** aapt2 out of apktool's jar, unpacked once and only with the checksum that is known. */
internal object Aapt2 {
    private const val ENTRY = "/prebuilt/linux/aapt2_64"

    val program: String by lazy {
        val content = Aapt2::class.java.getResourceAsStream(ENTRY)!!.use { it.readBytes() }
        val sum = sha256(content.inputStream())
        val expected = Settings.required("aapt2Sha256")
        if (sum != expected) throw BuildError("${ENTRY} of apktool has SHA-256 $sum, not $expected.")
        val file = File(Settings.out, "aapt2")
        file.parentFile.mkdirs()
        file.writeBytes(content)
        file.setExecutable(true)
        file.path
    }
}
