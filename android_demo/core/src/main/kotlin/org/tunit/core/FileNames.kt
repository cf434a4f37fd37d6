// Names of files that are saved, and captions of pictures that have only a file's name.
package org.tunit.core

object FileNames {
    private const val LONGEST = 40

    /** `picture_look`, of letters, digits, `-` and `_` that every file system takes. */
    fun result(picture: String, look: String): String =
        "${plain(picture, "picture")}_${plain(look, "look")}"

    /** A name without its extension; `otherwise` where nothing is left. */
    fun plain(name: String, otherwise: String): String {
        val kept = stem(name).map { if (it.isLetterOrDigit() || it == '-') it else '_' }
        return kept.joinToString("").trim('_').replace(Regex("_+"), "_").take(LONGEST)
            .ifEmpty { otherwise }
    }

    /** What people read: `look_long-hair.jpg` is "Long hair". */
    fun caption(file: String): String {
        val stem = stem(file).replace(Regex("^(look|picture)_"), "")
        val words = stem.replace(Regex("[_-]+"), " ").trim()
        return words.replaceFirstChar { it.uppercase() }.ifEmpty { file }
    }

    private fun stem(name: String) =
        name.substringAfterLast('/').replace(Regex("\\.[A-Za-z0-9]{1,5}$"), "")
}
