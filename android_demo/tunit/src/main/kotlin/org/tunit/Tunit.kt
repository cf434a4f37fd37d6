// Redraws bitmaps in the looks of others, for apps that have an exported pair in their assets.
package org.tunit

import android.content.Context
import android.graphics.Bitmap
import java.io.Closeable
import org.tunit.core.Box
import org.tunit.core.Canvas
import org.tunit.core.Manifest
import org.tunit.core.Redrawing
import org.tunit.core.Region
import org.tunit.core.Resample
import org.tunit.core.Seen
import org.tunit.core.Styles

/**
 * A loaded model. Calls wait for those of other threads, and take too long for the main thread.
 *
 * Everything throws [org.tunit.core.Refused] where a file is missing, damaged or of another model.
 */
class Tunit(place: ModelPlace, val manifest: Manifest, lane: Lane) : Closeable {
    private val pair = Pair(place, manifest, lane)
    private val styles = Styles(manifest.styleOnUnitSphere)

    /** The style of a picture, which can be kept: `manifest.styleDim` numbers. */
    @Synchronized
    fun style(look: Bitmap): FloatArray {
        val middle = Box.centered(look.width, look.height)
        return pair.style(Resample.square(BitmapCanvas(readable(look)), middle, manifest.imageSize))
    }

    /** A picture in the look of another, at its own size; see the other [translate]. */
    fun translate(picture: Bitmap, look: Bitmap): Bitmap = translate(picture, style(look))

    /**
     * A picture in a style, at its own size.
     *
     * @param strength of the look: 0 keeps the picture's own, above 1 exaggerates.
     * @param detail from 0, only what the network draws, to 1, all detail of the picture.
     * @param colorsOnly whether only the colors change, and textures stay as they are; [detail] is not
     *   used then.
     * @param part the square that is redrawn; null is the whole picture.
     * @param mask of the picture's size: what is white is redrawn, and what is black or transparent
     *   stays as it is; null redraws all of [part].
     * @param feather pixels over which the change fades at the edges of [part] and [mask]; null is a
     *   32nd of the shorter side of [part].
     * @return a new bitmap.
     */
    @Synchronized
    fun translate(
        picture: Bitmap,
        style: FloatArray,
        strength: Float = 1f,
        detail: Float = manifest.detail,
        colorsOnly: Boolean = false,
        part: Box? = null,
        mask: Bitmap? = null,
        feather: Int? = null,
    ): Bitmap {
        val result = readable(picture).copy(Bitmap.Config.ARGB_8888, true)
        val canvas = BitmapCanvas(result)
        val region = Region.of(part, result.width, result.height)
        val seen = Seen.of(canvas, region, manifest.imageSize, manifest.stretch)
        val mixed = if (strength == 1f) style else styles.mix(pair.style(seen.pixels), style, strength)
        val translation = pair.generate(seen.pixels, mixed)
        Redrawing(
            result.width, result.height, region, seen, translation, detail, colorsOnly, feather,
            mask?.let { BitmapCanvas(readable(it)) },
        ).drawInto(canvas)
        return result
    }

    /** Waits for the calls in progress. */
    @Synchronized
    override fun close() = pair.close()

    /** Pixels of bitmaps that only the GPU has cannot be read. */
    private fun readable(bitmap: Bitmap): Bitmap =
        if (bitmap.config != Bitmap.Config.HARDWARE) bitmap
        else bitmap.copy(Bitmap.Config.ARGB_8888, false)

    companion object {
        /**
         * Loads a model of the app's assets, as `python -m export.tflite` wrote it.
         *
         * @param variant of the manifest; null takes the one that it recommends.
         */
        fun open(
            context: Context,
            folder: String = BundledModel.FOLDER,
            variant: String? = null,
            threads: Int = Runtime.getRuntime().availableProcessors().coerceIn(1, 4),
        ): Tunit {
            val place = BundledModel(context.assets, folder)
            val manifest = Manifest.parse(place.manifest())
            return Tunit(place, manifest, Lane(manifest.variant(variant).name, threads))
        }
    }
}

class BitmapCanvas(private val bitmap: Bitmap) : Canvas {
    override val width = bitmap.width
    override val height = bitmap.height

    override fun read(y: Int, into: IntArray) = bitmap.getPixels(into, 0, width, 0, y, width, 1)

    override fun write(y: Int, from: IntArray) = bitmap.setPixels(from, 0, width, 0, y, width, 1)
}
