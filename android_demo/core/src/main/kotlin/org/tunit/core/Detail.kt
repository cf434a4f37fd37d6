// A photograph redrawn at its own size, from the small translation of a network; what is computed, and
// why, is in tunit_tf/inference/detail.py, whose results these equal.
package org.tunit.core

import kotlin.math.abs
import kotlin.math.max

/**
 * How small pictures are enlarged to the size of a photograph; the same for all of one size.
 *
 * @param width of the small pictures, as [height].
 * @param toWidth of the photograph, as [toHeight].
 */
class Enlargement(val width: Int, val height: Int, val toWidth: Int, val toHeight: Int) {
    internal val across = Windows(width, toWidth)
    internal val down = Windows(height, toHeight)
    private val correctAcross = correction(width, toWidth)
    private val correctDown = correction(height, toHeight)

    /** Makes up for what enlarging loses: the filter `c` along columns and rows of a small plane. */
    internal fun corrected(plane: DoubleArray): DoubleArray {
        val tall = product(correctDown, plane, height, height, width)
        return product(tall, transposed(correctAcross, width, width), height, width, width)
    }

    /** `I + (I - M)`, where M enlarges a line and reduces it again. */
    private fun correction(length: Int, full: Int): DoubleArray {
        val (reduced, enlarged) = Windows(full, length) to Windows(length, full).matrix()
        val correction = DoubleArray(length * length)
        for (i in 0 until length) {
            correction[i * length + i] = 2.0
            for (k in 0 until reduced.taps) {
                val weight = reduced.weights[i * reduced.taps + k]
                val row = (reduced.first[i] + k) * length
                for (j in 0 until length) correction[i * length + j] -= weight * enlarged[row + j]
            }
        }
        return correction
    }

    internal companion object {
        /** (n, m) times (m, k). */
        fun product(a: DoubleArray, b: DoubleArray, n: Int, m: Int, k: Int): DoubleArray {
            val result = DoubleArray(n * k)
            for (i in 0 until n) for (j in 0 until m) {
                val factor = a[i * m + j]
                if (factor == 0.0) continue
                for (l in 0 until k) result[i * k + l] += factor * b[j * k + l]
            }
            return result
        }

        /** Of (n, m). */
        fun transposed(matrix: DoubleArray, n: Int, m: Int) =
            DoubleArray(n * m) { matrix[it % n * m + it / n] }
    }
}

/** What redraws a photograph, row by row. */
interface RowRedrawing {
    /** Replaces row [y] of the photograph, opaque packed colors from [at] on, by that of the result. */
    fun redraw(y: Int, argb: IntArray, at: Int = 0)
}

/**
 * The network's picture with the photograph's detail, row by row.
 *
 * @param source RGB bytes of the photograph at the network's size, rows from top to bottom.
 * @param translation what the network made of it.
 * @param detail from 0, the enlarged translation, to 1, all detail of the photograph.
 */
class Detail(
    private val enlargement: Enlargement,
    source: ByteArray,
    translation: ByteArray,
    private val detail: Float,
) : RowRedrawing {
    private val width = enlargement.width
    private val small: FloatArray // of each pixel: the change of R, G and B, the share of color kept
    private val row = FloatArray(width * PLANES) // of `small`, enlarged along columns
    private val across = FloatArray(enlargement.across.weights.size) {
        enlargement.across.weights[it].toFloat()
    }

    init {
        require(detail in 0f..1f) { "The detail is between 0 and 1; received $detail." }
        val count = width * enlargement.height
        require(source.size == 3 * count && translation.size == 3 * count) {
            "Source and translation have ${source.size} and ${translation.size} bytes, not " +
                "${3 * count}."
        }
        small = FloatArray(count * PLANES)
        val change = List(3) { DoubleArray(count) }
        for (i in 0 until count) {
            val kept = kept(source, translation, 3 * i)
            val gray = gray(source, 3 * i)
            for (channel in 0..2) {
                val x = value(source, 3 * i + channel)
                val guide = gray + kept * (x - gray)
                change[channel][i] = value(translation, 3 * i + channel) - detail.toDouble() * guide
            }
            small[i * PLANES + 3] = kept.toFloat()
        }
        change.forEachIndexed { channel, plane ->
            enlargement.corrected(plane).forEachIndexed { i, new ->
                small[i * PLANES + channel] = new.toFloat()
            }
        }
    }

    override fun redraw(y: Int, argb: IntArray, at: Int) {
        enlargeDown(y)
        val windows = enlargement.across
        val taps = windows.taps
        for (x in 0 until enlargement.toWidth) {
            var red = 0f
            var green = 0f
            var blue = 0f
            var kept = 0f
            var from = windows.first[x] * PLANES
            for (k in x * taps until (x + 1) * taps) {
                val weight = across[k]
                red += weight * row[from]
                green += weight * row[from + 1]
                blue += weight * row[from + 2]
                kept += weight * row[from + 3]
                from += PLANES
            }
            val color = argb[at + x]
            val r = (color shr 16 and 255).toFloat()
            val g = (color shr 8 and 255).toFloat()
            val b = (color and 255).toFloat()
            val gray = RED * r + GREEN * g + BLUE * b
            red += detail * (gray + kept * (r - gray))
            green += detail * (gray + kept * (g - gray))
            blue += detail * (gray + kept * (b - gray))
            argb[at + x] = Pixels.OPAQUE or (byte(red) shl 16) or (byte(green) shl 8) or byte(blue)
        }
    }

    private fun enlargeDown(y: Int) {
        val windows = enlargement.down
        row.fill(0f)
        for (k in 0 until windows.taps) {
            val weight = windows.weights[y * windows.taps + k].toFloat()
            val from = (windows.first[y] + k) * row.size
            for (i in row.indices) row[i] += weight * small[from + i]
        }
    }

    private companion object {
        const val RED = 0.299f // Rec. 601
        const val GREEN = 0.587f
        const val BLUE = 0.114f
        const val KEPT_COLOR = 16.0 // of 255; from this difference on, only luminance returns
        const val PLANES = 4

        fun value(bytes: ByteArray, at: Int): Double = (bytes[at].toInt() and 255).toDouble()

        fun gray(rgb: ByteArray, at: Int): Double =
            RED * value(rgb, at) + GREEN * value(rgb, at + 1) + BLUE * value(rgb, at + 2)

        /** How much of the photograph's color returns: all where the network keeps it, else less. */
        fun kept(source: ByteArray, translation: ByteArray, at: Int): Double {
            val gray = gray(translation, at) - gray(source, at)
            val moved = (0..2).maxOf {
                abs(value(translation, at + it) - value(source, at + it) - gray)
            }
            return max(0.0, 1 - moved / KEPT_COLOR)
        }

        fun byte(value: Float): Int = (value + 0.5f).toInt().coerceIn(0, 255)
    }
}
