// What the screens show; values that never change.
package org.tunit.demo

import android.graphics.Bitmap
import java.io.File
import kotlinx.serialization.Serializable
import org.tunit.core.Box
import org.tunit.core.Manifest

/** A picture's file, and the square of it that the user cut; without one, the middle is taken. */
data class Source(val file: File, val name: String, val box: Box?)

/** A picture to redraw: the original file, and the square of it that the user cut. */
class Picture(
    val file: File,
    val name: String,
    val preview: Bitmap,
    val width: Int,
    val height: Int,
    val box: Box,
) {
    val source get() = Source(file, name, box)

    fun cut(box: Box) = Picture(file, name, preview, width, height, box)
}

enum class LookKind {
    EXAMPLE, // of a picture that comes with the app or the model
    DOMAIN, // the average style of one of the model's domains
    OWN, // of a picture of the user's
    RANDOM, // drawn at random from the styles of the domains
}

/** A style and how it is shown; [file] is the picture it was computed from, where there is one. */
class Look(
    val id: String,
    val kind: LookKind,
    val name: String,
    val style: FloatArray,
    val thumbnail: Bitmap,
    val file: File? = null,
)

/** A translation; [encoderMs] is 0 where no style had to be computed. */
class Translation(
    val original: Bitmap,
    val redrawn: Bitmap,
    val square: ByteArray,
    val name: String,
    val lookName: String,
    val encoderMs: Double,
    val generatorMs: Double,
    val lane: Lane,
)

/** An earlier result on the disk. */
class Earlier(
    val key: String,
    val file: File,
    val original: File,
    val name: String,
    val lookName: String,
    val thumbnail: Bitmap,
)

class LoadedModel(val manifest: Manifest, val lane: Lane, val automatic: Boolean, val bundled: Boolean)

/** A sentence for the user. */
class Message(val text: String, val isProblem: Boolean)

/** What the user chose for the table of pictures and looks: paths of files and ids of looks. */
@Serializable
class GridChoice(val pictures: List<String>, val looks: List<String>)

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
    val translation: Translation? = null,
    val earlier: List<Earlier> = emptyList(),
    val shown: File? = null, // of the earlier result that is shown instead of a new one
    val working: Boolean = true,
    val message: Message? = null,
    val grid: GridChoice? = null,
) {
    fun look(id: String?): Look? = looks.find { it.id == id }

    /** All pictures that the table can show: the current one, the user's earlier ones, examples. */
    val gridPictures: List<Source>
        get() = (listOfNotNull(picture?.source) + sources + examples.map { it.source })
            .distinctBy { it.file }

    /** The pictures that the table shows: what the user chose, else as many as it takes. */
    val gridRows: List<Source>
        get() = chosen(gridPictures, grid?.pictures) { it.file.path }
            .take(TranslationGrid.MOST_PICTURES)

    /** The looks that the table shows. */
    val gridColumns: List<Look>
        get() = chosen(looks, grid?.looks) { it.id }.take(TranslationGrid.MOST_LOOKS)

    /** Those that were chosen; all where nothing was, or nothing of it is left. */
    private fun <T> chosen(all: List<T>, ids: List<String>?, id: (T) -> String): List<T> =
        all.filter { ids == null || id(it) in ids }.ifEmpty { all }
}
