// What the screens show; values that never change.
package org.tunit.demo

import android.graphics.Bitmap
import java.io.File
import org.tunit.Lane
import org.tunit.core.Box
import org.tunit.core.Manifest
import org.tunit.core.Seen

/** A picture's file, and the square of it that is redrawn; without one, the whole picture is. */
data class Source(val file: File, val name: String, val box: Box?)

/** A picture to redraw; its size is that of the file, [preview] is what the screen shows of it. */
class Picture(
    val file: File,
    val name: String,
    val preview: Bitmap,
    val width: Int,
    val height: Int,
    val box: Box?,
) {
    val source get() = Source(file, name, box)

    fun cut(box: Box?) = Picture(file, name, preview, width, height, box)
}

enum class LookKind {
    EXAMPLE, // of a picture that comes with the model
    DOMAIN, // the average style of one of the model's domains
    OWN, // of a picture of the user's
    RANDOM, // drawn at random from the styles of the domains
}

/**
 * A style and its thumbnail: the picture in [file] that the style was computed from or, if there is no
 * such file, the current picture in this style.
 */
class Look(
    val id: String,
    val kind: LookKind,
    val name: String,
    val style: FloatArray,
    val thumbnail: Bitmap?,
    val file: File? = null,
) {
    /** Whether the user made it, and can remove it. */
    val isOwn get() = kind == LookKind.OWN || kind == LookKind.RANDOM
}

/**
 * A result as the screen shows it, and what it takes to draw it at the size of the photograph.
 * [encoderMs] is 0 where no style had to be computed.
 */
class Translation(
    val source: Source,
    val original: Bitmap,
    val redrawn: Bitmap,
    val seen: Seen,
    val square: ByteArray, // what the network made of `seen`
    val detail: Float,
    val colorsOnly: Boolean,
    val lookName: String,
    val encoderMs: Double,
    val generatorMs: Double,
    val lane: Lane,
) {
    val name get() = source.name
}

/** An earlier result: a small picture of it, and what it takes to draw it again. */
class Earlier(val made: SavedResult, val thumbnail: Bitmap)

class LoadedModel(val manifest: Manifest, val lane: Lane, val automatic: Boolean, val bundled: Boolean)

/** A sentence for the user. */
class Message(val text: String, val isProblem: Boolean)

data class State(
    val model: LoadedModel? = null,
    val picture: Picture? = null,
    val sources: List<Source> = emptyList(), // the user's own, newest first
    val examples: List<ExampleFile> = emptyList(),
    val looks: List<Look> = emptyList(),
    val first: String? = null,
    val second: String? = null,
    val mix: Float = 0.5f,
    val strength: Float = 1f,
    val detail: Float = 1f,
    val colorsOnly: Boolean = false, // textures stay as they are, and `detail` is not used
    val translation: Translation? = null,
    val earlier: List<Earlier> = emptyList(),
    val working: Boolean = true,
    val message: Message? = null,
    val grid: GridChoice? = null,
) {
    fun look(id: String?): Look? = looks.find { it.id == id }

    /** Earlier results of the model in use, newest first. */
    val results: List<Earlier> get() = earlier.filter { it.made.model == model?.manifest?.identity }

    /** All pictures that can be chosen: the current one, the user's earlier ones, examples. */
    val pictures: List<Source>
        get() = (listOfNotNull(picture?.source) + sources + examples.map { it.source })
            .distinctBy { it.file }

    /** The pictures that the table shows: what the user chose, else as many as it takes. */
    val gridRows: List<Source>
        get() = chosen(pictures, grid?.pictures) { it.file.path }.take(TranslationGrid.MOST_PICTURES)

    /** The looks that the table shows. */
    val gridColumns: List<Look>
        get() = chosen(looks, grid?.looks) { it.id }.take(TranslationGrid.MOST_LOOKS)

    /** Files that this state names. */
    val files: Set<File>
        get() = earlier.flatMap { it.made.files }.toSet() + sources.map { it.file } +
            looks.mapNotNull { it.file } + setOfNotNull(picture?.file)

    /** Those that were chosen; all of them if none was chosen, or none of these is left. */
    private fun <T> chosen(all: List<T>, ids: List<String>?, id: (T) -> String): List<T> =
        all.filter { ids == null || id(it) in ids }.ifEmpty { all }
}
