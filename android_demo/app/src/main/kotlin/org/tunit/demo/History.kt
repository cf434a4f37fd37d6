// Earlier results, as PNG files.
package org.tunit.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import java.io.File

class History(private val folder: File) {
    /** The list with a result in front; one of the same picture and looks is replaced. */
    fun add(key: String, translation: Translation, known: List<Earlier>): List<Earlier> {
        val same = key == known.firstOrNull()?.key
        val stem = "earlier_${System.nanoTime()}"
        val size = kotlin.math.sqrt(translation.square.size / 3.0).toInt()
        val file = write("${stem}_redrawn.png", Pictures.bitmap(translation.square, size))
        val original = write("${stem}_original.png", translation.original)
        val new = translation.run { Earlier(key, file, original, name, lookName, redrawn) }
        return (listOf(new) + if (same) known.drop(1) else known).take(MOST)
    }

    /** Those whose files are still there. */
    fun read(saved: List<SavedEarlier>): List<Earlier> = saved.mapNotNull {
        val thumbnail = BitmapFactory.decodeFile(it.file) ?: return@mapNotNull null
        Earlier(it.key, File(it.file), File(it.original), it.name, it.lookName, thumbnail)
    }

    fun open(earlier: Earlier): Translation {
        val original = Pictures.decode(earlier.original)
        val redrawn = Pictures.decode(earlier.file)
        val square = Pictures.square(redrawn, null, redrawn.width)
        val factor = (original.width / redrawn.width).coerceAtLeast(1)
        val shown = Pictures.bitmap(square, redrawn.width, factor)
        return Translation(
            original.copy(Bitmap.Config.ARGB_8888, false).also { it.isPremultiplied = true },
            shown, square, earlier.name, earlier.lookName, 0.0, 0.0, Lane("", 0),
        )
    }

    private fun write(name: String, bitmap: Bitmap): File =
        File(folder, name).apply { writeBytes(Pictures.png(bitmap)) }

    private companion object {
        const val MOST = 24
    }
}
