// Classes to dex, everything into one aligned file, signed.
package org.tunit.build

import com.android.apksig.ApkSigner
import com.android.apksig.ApkVerifier
import com.android.tools.r8.R8
import com.android.tools.r8.R8Command
import com.android.tools.r8.origin.Origin
import java.io.File
import java.security.KeyStore
import java.security.PrivateKey
import java.security.cert.X509Certificate
import java.util.zip.ZipFile

internal object Apk {
    private val ABIS = listOf("arm64-v8a", "x86_64")
    private val STORED = setOf("tflite", "so", "arsc", "png", "webp")
    private const val ALIAS = "key"

    fun build() {
        val dex = dex()
        val unsigned = File(Settings.out, "unsigned.apk")
        Packer(unsigned).use { packer ->
            ZipFile(Settings.linked).use { zip ->
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
        sign(unsigned, Settings.apk)
        verify()
        println("Wrote ${Settings.apk}, ${Settings.apk.length() / 1000} kB.")
    }

    /** Throws [BuildError] unless Android's own verifier accepts the signature. */
    fun verify() {
        val result = ApkVerifier.Builder(Settings.apk).build().verify()
        if (!result.isVerified || !result.isVerifiedUsingV3Scheme) {
            throw BuildError("The signature of ${Settings.apk} does not verify: ${result.allErrors}")
        }
        println("${Settings.apk}: signature verifies, scheme v3.")
    }

    private fun stored(name: String): Boolean = name.substringAfterLast('.') in STORED

    private fun dex(): List<File> {
        val folder = File(Settings.out, "dex")
        folder.deleteRecursively()
        folder.mkdirs()
        val path = File(Settings.out, "program.classpath").readText().trim()
        val program = path.split(File.pathSeparator)
            .filterNot { it.contains("android-all") }
        val classes = File(Settings.out, "classes.jar")
        jar(File(Settings.out, "classes"), classes)
        val command = R8Command.parse(
            arrayOf(
                "--release", "--min-api", Settings.required("minSdk"), "--output", folder.path,
                "--lib", Settings.androidJar.path, "--lib", System.getProperty("java.home"),
                "--pg-conf", "${Settings.tree}/app/proguard-rules.pro",
                classes.path, *program.toTypedArray(),
            ),
            Origin.root(),
        ).build()
        R8.run(command)
        return folder.listFiles().orEmpty().filter { it.extension == "dex" }.sorted()
    }

    private fun jar(folder: File, jar: File) {
        Packer(jar).use { packer ->
            for (file in folder.walk().filter { it.extension == "class" }) {
                packer.add(file.relativeTo(folder).invariantSeparatorsPath, file.readBytes(), false)
            }
        }
    }

    private fun sign(unsigned: File, signed: File) {
        signed.absoluteFile.parentFile.mkdirs()
        val temporary = File(signed.absoluteFile.parentFile, ".${signed.name}")
        val (key, certificate) = key()
        val signer = ApkSigner.SignerConfig.Builder("tunit", key, listOf(certificate)).build()
        ApkSigner.Builder(listOf(signer))
            .setInputApk(unsigned)
            .setOutputApk(temporary)
            .setV1SigningEnabled(false) // Android 7 and older
            .setV2SigningEnabled(true)
            .setV3SigningEnabled(true)
            .setMinSdkVersion(Settings.required("minSdk").toInt())
            .setAlignmentPreserved(true)
            .build()
            .sign()
        if (!temporary.renameTo(signed)) throw BuildError("$signed cannot be written.")
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
}
