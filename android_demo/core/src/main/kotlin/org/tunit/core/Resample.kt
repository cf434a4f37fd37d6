// Resizing pictures as Pillow does for training: bicubic, antialiased, rows, then columns, rounded to
// bytes in between. Android's own resizing differs by much more.
package org.tunit.core

import kotlin.math.abs
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlinx.serialization.Serializable

/** A square of a picture in pixels; fractions are allowed. */
@Serializable
data class Box(val x: Double, val y: Double, val side: Double) {
    /** Moved and shrunk until it lies inside of a picture. */
    fun inside(width: Int, height: Int, smallest: Double = 1.0): Box {
        val shorter = min(width, height).toDouble()
        val fits = side.coerceIn(min(smallest, shorter), shorter)
        return Box(x.coerceIn(0.0, width - fits), y.coerceIn(0.0, height - fits), fits)
    }

    companion object {
        /** The largest square in the middle. */
        fun centered(width: Int, height: Int): Box {
            val side = min(width, height).toDouble()
            return Box((width - side) / 2, (height - side) / 2, side)
        }
    }
}

/** A picture that is read a row at a time, as packed ARGB that is not premultiplied. */
interface Rows {
    val width: Int
    val height: Int

    fun read(y: Int, into: IntArray)
}

/**
 * For each new pixel, the old pixels that it is made of: [taps] of them from `first[i]` on, with the
 * weights from `weights[i * taps]` on, which sum to 1.
 *
 * @param length old pixels.
 * @param size new pixels.
 * @param start where the part that is resized begins, in old pixels; fractions are allowed.
 * @param side length of that part.
 * @param kernel how much a pixel counts by its distance.
 */
class Windows(
    val length: Int,
    val size: Int,
    start: Double = 0.0,
    side: Double = length.toDouble(),
    private val kernel: Kernel = Kernel.BICUBIC,
) {
    val taps: Int
    val first = IntArray(size)
    val weights: DoubleArray

    init {
        val scale = side / size
        val stretch = max(scale, 1.0) // enlarging needs no antialiasing
        val centers = DoubleArray(size) { start + (it + 0.5) * scale }
        fun from(center: Double) = max(0, (center - kernel.support * stretch + 0.5).toInt())
        fun end(center: Double) = min(length, (center + kernel.support * stretch + 0.5).toInt())
        taps = centers.maxOf { end(it) - from(it) }
        weights = DoubleArray(size * taps)
        centers.forEachIndexed { i, center ->
            val (from, end) = from(center) to end(center)
            first[i] = min(from, length - taps) // all windows are of one length
            val at = i * taps - first[i]
            for (k in from until end) weights[at + k] = kernel.at(abs((k + 0.5 - center) / stretch))
            val sum = (from until end).sumOf { weights[at + it] }
            for (k in from until end) weights[at + k] /= sum
        }
    }

    /** The same weights as a matrix, `size` rows of `length`. */
    fun matrix(): DoubleArray {
        val matrix = DoubleArray(size * length)
        for (i in 0 until size) {
            for (k in 0 until taps) matrix[i * length + first[i] + k] += weights[i * taps + k]
        }
        return matrix
    }
}

/** Pillow's filters of these names; [support] is how many pixels on either side they reach. */
enum class Kernel(internal val support: Double) {
    BICUBIC(2.0) {
        override fun at(x: Double) = when { // Keys' with a = -0.5
            x < 1 -> (1.5 * x - 2.5) * x * x + 1
            x < 2 -> ((-0.5 * x + 2.5) * x - 4) * x + 2
            else -> 0.0
        }
    },
    BILINEAR(1.0) {
        override fun at(x: Double) = max(0.0, 1 - x)
    },
    ;

    internal abstract fun at(x: Double): Double
}

object Resample {
    /**
     * RGB bytes of a square of a picture, transparency over white.
     *
     * @param size side of the result.
     * @return size * size * 3 bytes, rows from top to bottom.
     */
    fun square(picture: Rows, box: Box, size: Int): ByteArray = resized(
        picture,
        Windows(picture.width, size, box.x, box.side), Windows(picture.height, size, box.y, box.side),
    )

    /** RGB bytes of a picture in another size, transparency over white. */
    fun resized(picture: Rows, width: Int, height: Int): ByteArray =
        resized(picture, Windows(picture.width, width), Windows(picture.height, height))

    private fun resized(picture: Rows, columns: Windows, rows: Windows): ByteArray {
        val top = rows.first.min()
        val bottom = rows.first.max() + rows.taps
        val stride = columns.size * 3
        val narrow = ByteArray((bottom - top) * stride)
        val argb = IntArray(picture.width)
        val rgb = IntArray(picture.width * 3)
        for (y in top until bottom) {
            picture.read(y, argb)
            unpack(argb, rgb)
            alongRow(rgb, columns, narrow, (y - top) * stride)
        }
        return alongColumns(narrow, stride, rows, top)
    }

    private fun unpack(argb: IntArray, rgb: IntArray) {
        for (x in argb.indices) {
            val color = Pixels.overWhite(argb[x])
            for (channel in 0..2) rgb[3 * x + channel] = (color shr (16 - 8 * channel)) and 255
        }
    }

    private fun alongRow(rgb: IntArray, columns: Windows, into: ByteArray, start: Int) {
        var to = start
        for (x in 0 until columns.size) {
            val first = columns.first[x]
            val at = x * columns.taps
            for (channel in 0..2) {
                var sum = 0.0
                for (k in 0 until columns.taps) {
                    sum += columns.weights[at + k] * rgb[(first + k) * 3 + channel]
                }
                into[to++] = rounded(sum)
            }
        }
    }

    private fun alongColumns(narrow: ByteArray, stride: Int, rows: Windows, top: Int): ByteArray {
        val result = ByteArray(rows.size * stride)
        for (y in 0 until rows.size) {
            val at = y * rows.taps
            for (i in 0 until stride) {
                var sum = 0.0
                var from = (rows.first[y] - top) * stride + i
                for (k in 0 until rows.taps) {
                    sum += rows.weights[at + k] * (narrow[from].toInt() and 255)
                    from += stride
                }
                result[y * stride + i] = rounded(sum)
            }
        }
        return result
    }

    private fun rounded(value: Double): Byte = floor(value + 0.5).coerceIn(0.0, 255.0).toInt().toByte()
}
