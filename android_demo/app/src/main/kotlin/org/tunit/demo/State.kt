// What the screens show; values that never change.
package org.tunit.demo

import android.graphics.Bitmap
import java.io.File
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

enum class LookKind { EXAMPLE, DOMAIN, OWN, CHANCE }

/** A look: of a picture, an average of a domain, or a random one. */
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
}
