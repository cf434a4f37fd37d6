// Names of saved results.
package org.tunit.core

object FileNames {
    private const val LONGEST = 40

    /** `picture_look.png`, of letters, digits, `-` and `_` that every file system takes. */
    fun result(picture: String, look: String, factor: Int): String {
        val size = if (factor > 1) "_${factor}x" else ""
        return "${plain(picture, "picture")}_${plain(look, "look")}$size.png"
    }

    /** A name without its extension; `otherwise` where nothing is left. */
    fun plain(name: String, otherwise: String): String {
        val stem = name.substringAfterLast('/').replace(Regex("\\.[A-Za-z0-9]{1,5}$"), "")
        val kept = stem.map { if (it.isLetterOrDigit() || it == '-') it else '_' }.joinToString("")
        return kept.trim('_').replace(Regex("_+"), "_").take(LONGEST).ifEmpty { otherwise }
    }
}
