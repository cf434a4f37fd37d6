// The manifest of an exported pair: the only source of sizes, ranges and names.
package org.tunit.core

import java.io.InputStream
import java.security.MessageDigest
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json

/** Size in bytes and SHA-256 of a file beside the manifest. */
class FileEntry(val bytes: Long, val sha256: String)

/** A pair of files; [psnr] is the distance to the trained networks in dB, NaN where not measured. */
class Variant(
    val name: String,
    val purpose: String,
    val encoder: String,
    val generator: String,
    val psnr: Double,
)

/**
 * The styles of a pseudo-domain: their average over so many images, and the standard deviation of
 * each number, null where the manifest has none.
 */
class Domain(
    val number: Int,
    val images: Int,
    val averageStyle: FloatArray,
    val deviation: FloatArray? = null,
)

/** A picture beside the manifest: to be redrawn, or a look; [caption] is its name for people. */
class Example(val file: String, val isLook: Boolean, val caption: String)

/**
 * A checked manifest, `docs/manifest.md`; [title] and what follows are for people, maybe empty.
 * [stretch] is whether pictures became squares in another aspect ratio, [detail] how much of a
 * photograph's detail its results get unless told otherwise.
 */
class Manifest(
    val imageSize: Int,
    val styleDim: Int,
    val numDomains: Int,
    val styleOnUnitSphere: Boolean,
    val domains: List<Domain>,
    val variants: List<Variant>,
    val recommended: String,
    val files: Map<String, FileEntry>,
    val examples: List<Example>,
    val stretch: Boolean,
    val detail: Float,
    val step: Long,
    val title: String,
    val description: String,
    val data: String,
    val license: String,
    val origin: String,
    val text: String,
) {
    /** The variant of a name, or the recommended one, or the first. */
    fun variant(name: String?): Variant =
        variants.find { it.name == name } ?: variants.find { it.name == recommended } ?: variants[0]

    /** Names of the files of all variants. */
    val models: List<String> get() = variants.flatMap { listOf(it.encoder, it.generator) }.distinct()

    /** Bytes of a variant's two files. */
    fun bytes(variant: Variant): Long =
        files.getValue(variant.encoder).bytes + files.getValue(variant.generator).bytes

    /** Identifies this export, also among later exports of the same run. */
    val identity: String by lazy { sha256(text.byteInputStream()).take(16) }

    /**
     * Throws [Refused] unless a file has the size and checksum of the manifest.
     *
     * @param name of a file; one that is not in [files] counts as missing.
     * @param content the file, or null where it is missing; it is closed.
     * @param copy receives the bytes as they are read.
     */
    fun check(name: String, content: InputStream?, copy: (ByteArray, Int) -> Unit = { _, _ -> }) {
        val entry = files[name]
        if (content == null || entry == null) {
            content?.close()
            throw Refused(Problem.FILE_MISSING, name)
        }
        var bytes = 0L
        val sum = content.use {
            sha256(it) { buffer, count ->
                bytes += count
                if (bytes <= entry.bytes) copy(buffer, count)
            }
        }
        if (bytes != entry.bytes) throw Refused(Problem.FILE_SIZE, name, entry.bytes, bytes)
        if (sum != entry.sha256) throw Refused(Problem.FILE_CHECKSUM, name)
    }

    companion object {
        const val FILE = "manifest.json"
        const val MAJOR = 1 // of schema_version; a newer minor version only adds fields

        /** Reads and checks a manifest; throws [Refused]. */
        fun parse(text: String): Manifest {
            val parsed = try {
                Json.parseToJsonElement(text)
            } catch (_: SerializationException) {
                throw Refused(Problem.MANIFEST_NOT_JSON)
            }
            return ManifestReader(text, parsed).manifest()
        }
    }
}

/** Hexadecimal SHA-256 of a stream. */
fun sha256(content: InputStream, seen: (ByteArray, Int) -> Unit = { _, _ -> }): String {
    val digest = MessageDigest.getInstance("SHA-256")
    val buffer = ByteArray(1 shl 16)
    while (true) {
        val count = content.read(buffer)
        if (count < 0) break
        digest.update(buffer, 0, count)
        seen(buffer, count)
    }
    return digest.digest().joinToString("") { "%02x".format(it) }
}
