// Fields of a manifest, each checked; fields that are not known are left alone.
package org.tunit.core

internal class ManifestReader(private val text: String, parsed: Any?) {
    private val all = parsed as? Map<*, *> ?: throw Refused(Problem.MANIFEST_OF_OTHER_KIND)

    fun manifest(): Manifest {
        if (all["kind"] != "tflite") throw Refused(Problem.MANIFEST_OF_OTHER_KIND)
        checkFormat()
        val size = positive(all, "image_size")
        val styleDim = positive(all, "style_dim")
        val files = files()
        val variants = variants(files)
        if (variants.isEmpty()) throw Refused(Problem.MANIFEST_NO_VARIANT)
        val config = all["config"] as? Map<*, *> ?: emptyMap<Any, Any>()
        return Manifest(
            imageSize = size,
            styleDim = styleDim,
            numDomains = positive(all, "num_domains"),
            styleOnUnitSphere = all["style_on_unit_sphere"] == true,
            domains = domains(styleDim),
            variants = variants,
            recommended = (all["recommended"] as? Map<*, *>)?.get("cpu") as? String ?: "",
            files = files,
            step = (all["step"] as? Double)?.toLong() ?: 0,
            title = words("title"),
            description = words("description"),
            data = config["data"] as? String ?: "",
            licence = words("licence"),
            origin = words("origin"),
            text = text,
        )
    }

    /** Format 1, also written "1.0" or "1.4": a newer minor version only adds fields. */
    private fun checkFormat() {
        val format = all["format"]
        val major = when (format) {
            is Double -> format.toInt()
            is String -> format.substringBefore('.').toIntOrNull()
            else -> null
        } ?: throw Refused(Problem.MANIFEST_FIELD, "format")
        if (major != Manifest.FORMAT) {
            val shown = if (format is Double) major else format
            throw Refused(Problem.MANIFEST_TOO_NEW, shown.toString(), Manifest.FORMAT)
        }
    }

    private fun files(): Map<String, FileEntry> = map(all, "files").entries.associate { (name, entry) ->
        val fields = entry as? Map<*, *> ?: refuse("files")
        val sum = fields["sha256"] as? String ?: refuse("files.$name.sha256")
        val bytes = fields["bytes"] as? Double ?: refuse("files.$name.bytes")
        name as String to FileEntry(bytes.toLong(), sum)
    }

    private fun variants(files: Map<String, FileEntry>): List<Variant> =
        map(all, "variants").entries.mapNotNull { (name, entry) ->
            val fields = entry as? Map<*, *> ?: refuse("variants.$name")
            if (fields["shipped"] != true) return@mapNotNull null
            fun file(role: String): String {
                val file = fields[role] as? String ?: refuse("variants.$name.$role")
                if (file.contains('/') || file.contains('\\') || file.startsWith(".")) {
                    throw Refused(Problem.OUTSIDE_OF_FOLDER, file)
                }
                if (file !in files) refuse("files.$file")
                return file
            }
            Variant(
                name as String,
                fields["for"] as? String ?: "",
                file("encoder"),
                file("generator"),
                fields["psnr"] as? Double ?: Double.NaN,
            )
        }

    private fun domains(styleDim: Int): List<Domain> {
        val known = all["domains"] ?: return emptyList()
        if (known !is List<*>) refuse("domains")
        return known.mapIndexedNotNull { number, entry ->
            val fields = entry as? Map<*, *> ?: refuse("domains[$number]")
            val style = fields["average_style"] ?: return@mapIndexedNotNull null
            if (style !is List<*> || style.size != styleDim) refuse("domains[$number].average_style")
            val floats = FloatArray(styleDim) {
                (style[it] as? Double)?.toFloat() ?: refuse("domains[$number].average_style")
            }
            Domain(number, (fields["images"] as? Double)?.toInt() ?: 0, floats)
        }
    }

    private fun positive(of: Map<*, *>, field: String): Int {
        val value = of[field] as? Double
        if (value == null || value < 1 || value > MAX_SIZE || value % 1 != 0.0) refuse(field)
        return value.toInt()
    }

    private fun map(of: Map<*, *>, field: String): Map<*, *> = of[field] as? Map<*, *> ?: refuse(field)

    private fun words(field: String): String = all[field] as? String ?: ""

    private fun refuse(field: String): Nothing = throw Refused(Problem.MANIFEST_FIELD, field)

    private companion object {
        const val MAX_SIZE = 1 shl 16
    }
}
