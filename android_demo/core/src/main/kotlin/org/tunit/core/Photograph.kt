// A photograph at its own size: the square that a network sees of it, and the result of that size; as
// tunit_tf/inference/photograph.py does it.
package org.tunit.core

import kotlin.math.max
import kotlin.math.min

/** A part of a picture in whole pixels; right and bottom are not in it. */
data class Region(val left: Int, val top: Int, val right: Int, val bottom: Int) {
    val width: Int get() = right - left
    val height: Int get() = bottom - top

    companion object {
        /** A square of a picture, rounded to whole pixels; without one, the whole picture. */
        fun of(box: Box?, width: Int, height: Int): Region {
            if (box == null) return Region(0, 0, width, height)
            val inside = box.inside(width, height)
            fun start(at: Double, length: Int) = round(at).coerceIn(0, length - 1)
            fun end(at: Double, start: Int, length: Int) = round(at).coerceIn(start + 1, length)
            val (left, top) = start(inside.x, width) to start(inside.y, height)
            return Region(
                left, top,
                end(inside.x + inside.side, left, width), end(inside.y + inside.side, top, height),
            )
        }

        private fun round(value: Double) = Math.rint(value).toInt()
    }
}

/** A picture whose rows can be replaced. */
interface Canvas : Rows {
    fun write(y: Int, from: IntArray)
}

/**
 * What a network sees of a photograph: RGB bytes of [width] x [height] pixels, of which [shown] is the
 * photograph; around it are mirrored margins.
 */
class Seen(val pixels: ByteArray, val width: Int, val height: Int, val shown: Region) {
    /** The photograph's part of a picture of the same size. */
    fun part(rgb: ByteArray): ByteArray {
        if (shown.width == width && shown.height == height) return rgb
        val part = ByteArray(shown.width * shown.height * 3)
        for (y in 0 until shown.height) {
            val from = ((shown.top + y) * width + shown.left) * 3
            System.arraycopy(rgb, from, part, y * shown.width * 3, shown.width * 3)
        }
        return part
    }

    companion object {
        /**
         * Reduces a region of a picture to a square.
         *
         * @param stretch whether its aspect ratio is changed, as the model's training did; otherwise
         *   the picture is mirrored into the margins.
         */
        fun of(picture: Rows, region: Region, size: Int, stretch: Boolean): Seen {
            val part = Part(picture, region)
            if (stretch) return square(Resample.resized(part, size, size), size, size, size)
            val longest = max(region.width, region.height)
            fun side(length: Int) =
                max(1, Math.rint(length.toDouble() * size / longest).toInt())
            val (width, height) = side(region.width) to side(region.height)
            return square(Resample.resized(part, width, height), width, height, size)
        }

        private fun square(rgb: ByteArray, width: Int, height: Int, size: Int): Seen {
            val (left, top) = (size - width) / 2 to (size - height) / 2
            val shown = Region(left, top, left + width, top + height)
            if (width == size && height == size) return Seen(rgb, size, size, shown)
            val all = ByteArray(size * size * 3)
            for (y in 0 until size) for (x in 0 until size) {
                val from = (mirrored(y - top, height) * width + mirrored(x - left, width)) * 3
                System.arraycopy(rgb, from, all, (y * size + x) * 3, 3)
            }
            return Seen(all, size, size, shown)
        }

        /** Index inside of a line that is continued by its mirror images. */
        private fun mirrored(at: Int, length: Int): Int {
            val place = Math.floorMod(at, 2 * length)
            return if (place < length) place else 2 * length - 1 - place
        }
    }
}

private class Part(private val picture: Rows, private val region: Region) : Rows {
    override val width = region.width
    override val height = region.height
    private val row = IntArray(picture.width)

    override fun read(y: Int, into: IntArray) {
        picture.read(region.top + y, row)
        System.arraycopy(row, region.left, into, 0, width)
    }
}

/**
 * A photograph, of which a region is redrawn after its translation, a row at a time.
 *
 * @param detail from 0, the enlarged translation, to 1, all detail of the photograph.
 * @param colorsOnly whether only colors are taken from the translation, and [detail] is not used.
 * @param feather pixels inside of the edge of region or mask over which the change fades, but not at
 *   the edges of the photograph; null is a 32nd of the region's shorter side.
 * @param mask of the photograph's size: what is white is redrawn, and what is black or transparent
 *   stays as it is. Without one, the whole region is redrawn.
 */
class Redrawing(
    private val photographWidth: Int,
    private val photographHeight: Int,
    private val region: Region,
    seen: Seen,
    translation: ByteArray,
    detail: Float,
    colorsOnly: Boolean = false,
    private val feather: Int? = null,
    private val mask: Rows? = null,
    enlargement: Enlargement? = null,
) {
    /** Of the translation to the region; can be used again where all sizes are the same. */
    val enlargement: Enlargement = enlargement?.takeIf { it.fits(seen.shown, region) }
        ?: seen.shown.run { Enlargement(width, height, region.width, region.height) }
    private val redrawn = run {
        val (source, changed) = seen.part(seen.pixels) to seen.part(translation)
        if (!colorsOnly) Detail(this.enlargement, source, changed, detail)
        else seen.shown.run { ColorMap(source, changed, width, height, region.width, region.height) }
    }

    /** Draws into the photograph itself; what is outside of the region stays as it is. */
    fun drawInto(canvas: Canvas) {
        require(canvas.width == photographWidth && canvas.height == photographHeight) {
            "The photograph has $photographWidth x $photographHeight pixels, " +
                "not ${canvas.width} x ${canvas.height}."
        }
        val fade = feather ?: (min(region.width, region.height) / FEATHER_SHARE)
        val all = Shares.of(region, photographWidth, photographHeight, mask, fade)
        val shares = FloatArray(region.width)
        val given = IntArray(canvas.width)
        val drawn = IntArray(region.width)
        for (y in 0 until region.height) {
            canvas.read(region.top + y, given)
            for (x in drawn.indices) drawn[x] = Pixels.overWhite(given[region.left + x])
            redrawn.redraw(y, drawn)
            all.read(y, shares)
            for (x in drawn.indices) {
                val color = Pixels.underAlpha(drawn[x], given[region.left + x] ushr 24)
                given[region.left + x] =
                    if (shares[x] >= 1f) color
                    else Pixels.mixed(given[region.left + x], color, shares[x])
            }
            canvas.write(region.top + y, given)
        }
    }

    private companion object {
        const val FEATHER_SHARE = 32

        fun Enlargement.fits(shown: Region, region: Region) = width == shown.width &&
            height == shown.height && toWidth == region.width && toHeight == region.height
    }
}
