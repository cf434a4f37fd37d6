// Fields of a manifest, each checked, in the order of docs/manifest.md; fields that are not known are
// left alone.
package org.tunit.core

internal class ManifestReader(private val text: String, parsed: Any?) {
    private val all = parsed as? Map<*, *> ?: throw Refused(Problem.MANIFEST_OF_OTHER_KIND)

    fun manifest(): Manifest {
        if (all["kind"] != "tflite") throw Refused(Problem.MANIFEST_OF_OTHER_KIND)
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
            styleOnUnitSphere = all["style_on_unit_sphere"] == true,
            variants = variants,
            recommended = recommended(variants),
            domains = domains(numDomains, styleDim),
            files = files,
            examples = examples(),
            step = (all["step"] as? Double)?.toLong() ?: 0,
            title = words("title"),
            description = words("description"),
            data = (all["config"] as? Map<*, *>)?.get("data") as? String ?: "",
            licence = words("license"),
            origin = words("origin"),
            text = text,
        )
    }

    /** Major version 1, of `schema_version` or, before there was one, of `format`. */
    private fun checkVersion() {
        val format = (all["format"] as? Double)?.toInt()
        val version = all["schema_version"] ?: format?.let { "$it.0" } ?: refuse("schema_version")
        val found = (version as? String)?.let(VERSION::matchEntire) ?: refuse("schema_version")
        if (found.groupValues[1].toIntOrNull() != Manifest.MAJOR) {
            throw Refused(Problem.MANIFEST_TOO_NEW, version, Manifest.MAJOR)
        }
    }

    private fun checkRange() {
        val range = all["value_range"] as? List<*>
        // Pixels.kt computes in this range, which all exports have.
        if (range != listOf(-1.0, 1.0)) refuse("value_range")
    }

    private fun checkSignatures() {
        val signatures = map("signatures")
        for (name in listOf("encode", "generate")) {
            val signature = signatures[name] as? Map<*, *> ?: refuse("signatures.$name")
            if (signature["inputs"] !is Map<*, *>) refuse("signatures.$name.inputs")
        }
    }

    private fun files(): Map<String, FileEntry> = map("files").entries.associate { (name, entry) ->
        val fields = entry as? Map<*, *> ?: refuse("files.$name")
        val sum = (fields["sha256"] as? String)?.takeIf(SHA256::matches) ?: refuse("files.$name.sha256")
        val bytes = fields["bytes"] as? Double ?: refuse("files.$name.bytes")
        name as String to FileEntry(bytes.toLong(), sum)
    }

    private fun variants(files: Map<String, FileEntry>): List<Variant> {
        val shipped = map("variants").entries.mapNotNull { (name, entry) ->
            val fields = entry as? Map<*, *> ?: refuse("variants.$name")
            val isShipped = fields["shipped"] as? Boolean ?: refuse("variants.$name.shipped")
            if (isShipped) variant(name as String, fields, files) else null
        }
        return shipped.ifEmpty { throw Refused(Problem.MANIFEST_NO_VARIANT) }
    }

    private fun variant(name: String, fields: Map<*, *>, files: Map<String, FileEntry>): Variant {
        fun file(role: String): String {
            val file = fields[role] as? String ?: refuse("variants.$name.$role")
            if (!PLAIN_NAME.matches(file)) throw Refused(Problem.OUTSIDE_OF_FOLDER, file)
            if (file !in files) refuse("files.$file")
            return file
        }
        val psnr = fields["psnr"] as? Double ?: Double.NaN
        return Variant(name, fields["for"] as? String ?: "", file("encoder"), file("generator"), psnr)
    }

    /** What is recommended for CPUs; whatever is recommended must be shipped. */
    private fun recommended(variants: List<Variant>): String {
        val recommended = map("recommended")
        for ((lane, name) in recommended) {
            if (name != "" && variants.none { it.name == name }) refuse("recommended.$lane")
        }
        return recommended["cpu"] as? String ?: ""
    }

    private fun domains(count: Int, styleDim: Int): List<Domain> {
        val known = all["domains"] ?: return emptyList()
        if (known !is List<*> || known.size != count) refuse("domains")
        return known.mapIndexedNotNull { number, entry ->
            val fields = entry as? Map<*, *> ?: refuse("domains[$number]")
            val average = style(fields, number, "average_style", styleDim)
            val deviation = style(fields, number, "style_deviation", styleDim)
            val images = (fields["images"] as? Double)?.toInt() ?: 0
            average?.let { Domain(number, images, it, deviation) }
        }
    }

    /** Those with a role that this app knows. */
    private fun examples(): List<Example> {
        val known = all["examples"] ?: return emptyList()
        if (known !is List<*>) refuse("examples")
        return known.mapNotNull { entry ->
            val fields = entry as? Map<*, *> ?: refuse("examples")
            val file = (fields["file"] as? String)?.takeIf(PLAIN_NAME::matches) ?: refuse("examples")
            when (fields["role"] as? String ?: refuse("examples")) {
                "picture" -> Example(file, isLook = false)
                "look" -> Example(file, isLook = true)
                else -> null
            }
        }
    }

    private fun style(domain: Map<*, *>, number: Int, field: String, length: Int): FloatArray? {
        val values = domain[field] ?: return null
        val path = "domains[$number].$field"
        if (values !is List<*> || values.size != length) refuse(path)
        return FloatArray(length) { (values[it] as? Double)?.toFloat() ?: refuse(path) }
    }

    private fun size(field: String): Int {
        val value = all[field] as? Double
        if (value == null || value < 1 || value > MAX_SIZE || value % 1 != 0.0) refuse(field)
        return value.toInt()
    }

    private fun map(field: String): Map<*, *> = all[field] as? Map<*, *> ?: refuse(field)

    private fun words(field: String): String {
        val value = all[field] ?: return ""
        return value as? String ?: refuse(field)
    }

    private fun refuse(field: String): Nothing = throw Refused(Problem.MANIFEST_FIELD, field)

    private companion object {
        const val MAX_SIZE = 1 shl 20
        val VERSION = Regex("(\\d+)\\.(\\d+)")
        val SHA256 = Regex("[0-9a-f]{64}")
        val PLAIN_NAME = Regex("[\\w-][\\w.-]*")
    }
}
