// Classes to dex, everything into one aligned file, signed.
package org.tunit.build

import com.android.apksig.ApkSigner
import com.android.apksig.ApkVerifier
import com.android.tools.r8.Diagnostic
import com.android.tools.r8.DiagnosticsHandler
import com.android.tools.r8.R8
import com.android.tools.r8.R8Command
import com.android.tools.r8.origin.Origin
import java.io.File
import java.security.KeyStore
import java.security.PrivateKey
import java.security.cert.X509Certificate
import java.util.zip.ZipFile

internal class Apk(private val variant: Variant, private val apk: File) {
    fun build() {
        val dex = dex()
        Packer(variant.unsigned).use { packer ->
            ZipFile(variant.linked).use { zip ->
                for (entry in zip.entries()) {
                    packer.add(entry.name, zip.getInputStream(entry).readBytes(), stored(entry.name))
                }
            }
            for (file in dex) packer.add(file.name, file.readBytes(), stored = false)
            for (abi in ABIS) {
                val library = "libtensorflowlite_jni.so"
                val file = File(Settings.out, "../../litert/target/tensorflow-lite/jni/$abi/$library")
                packer.add("lib/$abi/$library", file.readBytes(), stored = true)
            }
        }
        sign()
        verify(apk)
        println("Wrote $apk, ${apk.length() / 1000} kB.")
    }

    private fun stored(name: String): Boolean = name.substringAfterLast('.') in STORED

    private fun dex(): List<File> {
        variant.dex.deleteRecursively()
        variant.dex.mkdirs()
        val path = File(Settings.out, "program.classpath").readText().trim()
        val program = path.split(File.pathSeparator)
            .filterNot { it.contains("android-all") }
        jar()
        val command = R8Command.parse(
            arrayOf(
                "--release", "--min-api", Settings.required("minSdk"), "--output", variant.dex.path,
                "--no-data-resources",
                "--lib", Settings.androidJar.path, "--lib", System.getProperty("java.home"),
                "--pg-conf", "${Settings.tree}/app/proguard-rules.pro",
                variant.classes.path, *program.toTypedArray(),
            ),
            Origin.root(),
            WarningsOnly,
        ).build()
        R8.run(command)
        return variant.dex.listFiles().orEmpty().filter { it.extension == "dex" }.sorted()
    }

    /** The app's classes, of the debug sources in the debug variant only. */
    private fun jar() {
        val folder = File(Settings.out, "classes")
        Packer(variant.classes).use { packer ->
            for (file in folder.walk().filter { it.extension == "class" }) {
                val name = file.relativeTo(folder).invariantSeparatorsPath
                if (variant == Variant.DEBUG || !name.startsWith(DEBUG_ONLY)) {
                    packer.add(name, file.readBytes(), false)
                }
            }
        }
    }

    private fun sign() {
        apk.absoluteFile.parentFile.mkdirs()
        val temporary = File(apk.absoluteFile.parentFile, ".${apk.name}")
        val (key, certificate) = key()
        val signer = ApkSigner.SignerConfig.Builder("tunit", key, listOf(certificate)).build()
        ApkSigner.Builder(listOf(signer))
            .setInputApk(variant.unsigned)
            .setOutputApk(temporary)
            .setV1SigningEnabled(false) // Android 7 and older
            .setV2SigningEnabled(true)
            .setV3SigningEnabled(true)
            .setMinSdkVersion(Settings.required("minSdk").toInt())
            .setAlignmentPreserved(true)
            .build()
            .sign()
        if (!temporary.renameTo(apk)) throw BuildError("$apk cannot be written.")
    }

    /** The key of this machine, made once: updates must be signed with the same. */
    private fun key(): Pair<PrivateKey, X509Certificate> {
        val password = Settings.keyPassword
        if (!Settings.key.exists()) {
            Settings.key.absoluteFile.parentFile.mkdirs()
            run(
                System.getProperty("java.home") + "/bin/keytool", "-genkeypair", "-keystore",
                Settings.key.path, "-storetype", "PKCS12", "-storepass", password, "-alias", ALIAS,
                "-keyalg", "RSA", "-keysize", "2048", "-validity", "10000", "-dname", "CN=TUNIT demo",
            )
        }
        val store = KeyStore.getInstance("PKCS12")
        Settings.key.inputStream().use { store.load(it, password.toCharArray()) }
        val alias = store.aliases().nextElement()
        return Pair(
            store.getKey(alias, password.toCharArray()) as PrivateKey,
            store.getCertificate(alias) as X509Certificate,
        )
    }

    companion object {
        private val ABIS = listOf("arm64-v8a", "x86_64")
        private val STORED = setOf("tflite", "so", "arsc", "png", "webp")
        private const val ALIAS = "key"
        private const val DEBUG_ONLY = "org/tunit/demo/benchmark/" // the package in app/src/debug

        /** Throws [BuildError] unless Android's own verifier accepts the signature. */
        fun verify(apk: File) {
            val result = ApkVerifier.Builder(apk).build().verify()
            if (!result.isVerified || !result.isVerifiedUsingV3Scheme) {
                throw BuildError("The signature of $apk does not verify: ${result.allErrors}")
            }
            println("$apk: signature verifies, scheme v3.")
        }
    }
}

/** Leaves out remarks, such as on rules of libraries that do not apply. */
private object WarningsOnly : DiagnosticsHandler {
    override fun info(info: Diagnostic) = Unit
}
