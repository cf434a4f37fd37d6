// The manifest of an exported pair: the only source of sizes, ranges and names.
package org.tunit.core

import java.io.InputStream
import java.security.MessageDigest
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.doubleOrNull

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
 * A checked manifest, `docs/manifest.md`. Texts from [title] on are for people, and may be empty.
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

/** Checks each field, in the order of docs/manifest.md; fields that are not known are ignored. */
internal class ManifestReader(private val text: String, parsed: JsonElement) {
    private val all = parsed as? JsonObject ?: throw Refused(Problem.MANIFEST_OF_OTHER_KIND)

    fun manifest(): Manifest {
        if (all["kind"].text != "tflite") throw Refused(Problem.MANIFEST_OF_OTHER_KIND)
        checkVersion()
        val imageSize = size("image_size")
        val numDomains = size("num_domains")
        val styleDim = size("style_dim")
        checkRange()
        checkSignatures()
        val files = files()
        val variants = variants(files)
        return Manifest(
            imageSize = imageSize,
            styleDim = styleDim,
            numDomains = numDomains,
            styleOnUnitSphere = all["style_on_unit_sphere"].flag == true,
            variants = variants,
            recommended = recommended(variants),
            domains = domains(numDomains, styleDim),
            files = files,
            examples = examples(),
            stretch = all["resize"].text == "stretch",
            detail = (all["detail"].number ?: 1.0).coerceIn(0.0, 1.0).toFloat(),
            step = all["step"].number?.toLong() ?: 0,
            title = words("title"),
            description = words("description"),
            data = (all["config"] as? JsonObject)?.get("data").text ?: "",
            license = words("license"),
            origin = words("origin"),
            text = text,
        )
    }

    private fun checkVersion() {
        val version = all["schema_version"].text ?: refuse("schema_version")
        val found = VERSION.matchEntire(version) ?: refuse("schema_version")
        if (found.groupValues[1].toIntOrNull() != Manifest.MAJOR) {
            throw Refused(Problem.MANIFEST_TOO_NEW, version, Manifest.MAJOR)
        }
    }

    private fun checkRange() {
        val range = all["value_range"] as? JsonArray
        // Pixels.kt computes in this range, which all exports have.
        if (range?.map { it.number } != listOf(-1.0, 1.0)) refuse("value_range")
    }

    private fun checkSignatures() {
        val signatures = fields("signatures")
        for (name in listOf("encode", "generate")) {
            val signature = signatures[name] as? JsonObject ?: refuse("signatures.$name")
            if (signature["inputs"] !is JsonObject) refuse("signatures.$name.inputs")
        }
    }

    private fun files(): Map<String, FileEntry> = fields("files").mapValues { (name, entry) ->
        val file = entry as? JsonObject ?: refuse("files.$name")
        val sum = file["sha256"].text?.takeIf(SHA256::matches) ?: refuse("files.$name.sha256")
        val bytes = file["bytes"].number ?: refuse("files.$name.bytes")
        FileEntry(bytes.toLong(), sum)
    }

    private fun variants(files: Map<String, FileEntry>): List<Variant> {
        val shipped = fields("variants").mapNotNull { (name, entry) ->
            val variant = entry as? JsonObject ?: refuse("variants.$name")
            val isShipped = variant["shipped"].flag ?: refuse("variants.$name.shipped")
            if (isShipped) variant(name, variant, files) else null
        }
        return shipped.ifEmpty { throw Refused(Problem.MANIFEST_NO_VARIANT) }
    }

    private fun variant(name: String, fields: JsonObject, files: Map<String, FileEntry>): Variant {
        fun file(role: String): String {
            val file = fields[role].text ?: refuse("variants.$name.$role")
            if (!PLAIN_NAME.matches(file)) throw Refused(Problem.OUTSIDE_OF_FOLDER, file)
            if (file !in files) refuse("files.$file")
            return file
        }
        val psnr = fields["psnr"].number ?: Double.NaN
        return Variant(name, fields["for"].text ?: "", file("encoder"), file("generator"), psnr)
    }

    /** What is recommended for CPUs; whatever is recommended must be shipped. */
    private fun recommended(variants: List<Variant>): String {
        val recommended = fields("recommended").mapValues { it.value.text }
        for ((hardware, name) in recommended) {
            if (name != "" && variants.none { it.name == name }) refuse("recommended.$hardware")
        }
        return recommended["cpu"].orEmpty()
    }

    private fun domains(count: Int, styleDim: Int): List<Domain> {
        val known = all.known("domains") ?: return emptyList()
        if (known !is JsonArray || known.size != count) refuse("domains")
        return known.mapIndexedNotNull { number, entry ->
            val fields = entry as? JsonObject ?: refuse("domains[$number]")
            val average = style(fields, number, "average_style", styleDim)
            val deviation = style(fields, number, "style_deviation", styleDim)
            val images = fields["images"].number?.toInt() ?: 0
            average?.let { Domain(number, images, it, deviation) }
        }
    }

    /** Those with a role that this app knows. */
    private fun examples(): List<Example> {
        val known = all.known("examples") ?: return emptyList()
        if (known !is JsonArray) refuse("examples")
        return known.mapNotNull { entry ->
            val fields = entry as? JsonObject ?: refuse("examples")
            val file = fields["file"].text?.takeIf(PLAIN_NAME::matches) ?: refuse("examples")
            val role = fields["role"].text ?: refuse("examples")
            val caption = fields["caption"].text.orEmpty().ifEmpty { FileNames.caption(file) }
            if (role in ROLES) Example(file, isLook = role == "look", caption) else null
        }
    }

    private fun style(domain: JsonObject, number: Int, field: String, length: Int): FloatArray? {
        val values = domain.known(field) ?: return null
        val path = "domains[$number].$field"
        if (values !is JsonArray || values.size != length) refuse(path)
        return FloatArray(length) {
            values[it].number?.toFloat()?.takeIf(Float::isFinite) ?: refuse(path)
        }
    }

    private fun size(field: String): Int {
        val value = all[field].number
        if (value == null || value < 1 || value > MAX_SIZE || value % 1 != 0.0) refuse(field)
        return value.toInt()
    }

    private fun fields(name: String): JsonObject = all[name] as? JsonObject ?: refuse(name)

    /** A text that may be null or missing. */
    private fun words(field: String): String {
        val value = all.known(field) ?: return ""
        return value.text ?: refuse(field)
    }

    private fun refuse(field: String): Nothing = throw Refused(Problem.MANIFEST_FIELD, field)

    /** Null where a field is null or missing. */
    private fun JsonObject.known(name: String): JsonElement? = get(name).takeUnless { it is JsonNull }

    // Null where a value is of another type: "1" is no number and "true" no flag.
    private val JsonElement?.text get() = primitive()?.takeIf { it.isString }?.content
    private val JsonElement?.number get() = primitive()?.takeUnless { it.isString }?.doubleOrNull
    private val JsonElement?.flag get() = primitive()?.takeUnless { it.isString }?.booleanOrNull

    private fun JsonElement?.primitive() = this as? JsonPrimitive

    private companion object {
        const val MAX_SIZE = 1 shl 20
        val ROLES = setOf("picture", "look")
        val VERSION = Regex("(\\d+)\\.(\\d+)")
        val SHA256 = Regex("[0-9a-f]{64}")
        val PLAIN_NAME = Regex("[\\w-][\\w.-]*")
    }
}
