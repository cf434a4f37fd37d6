// A photograph redrawn at its own size, row by row, from the small translation of a network: with its
// own detail, or in new colors only. What is computed, and why, is in tunit_tf/inference/detail.py; the
// results are the same.
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

/**
 * In every window of a grid, the change of color is a linear function of the color, fitted to a small
 * picture and its translation; the functions are enlarged, and applied to the photograph.
 *
 * @param source RGB bytes of the photograph, [width] x [height] pixels.
 * @param translation what the network made of it.
 * @param toWidth of the photograph, as [toHeight].
 */
class ColorMap(
    source: ByteArray,
    translation: ByteArray,
    width: Int,
    height: Int,
    private val toWidth: Int,
    toHeight: Int,
) : RowRedrawing {
    private val across = Windows(GRID, toWidth)
    private val down = Windows(GRID, toHeight)
    private val small = FloatArray(GRID * GRID * PLANES)
    private val row = FloatArray(GRID * PLANES) // of `small`, enlarged along columns
    private val map = FloatArray(PLANES) // of a pixel

    init {
        val count = width * height
        val means = Means(width, height)
        fun x(channel: Int, i: Int) = (source[3 * i + channel].toInt() and 255).toDouble()
        fun change(channel: Int, i: Int) =
            (translation[3 * i + channel].toInt() and 255) - x(channel, i)

        fun mean(value: (Int) -> Double) = means.of(DoubleArray(count) { value(it) })
        val meanX = List(3) { c -> mean { x(c, it) } }
        val meanChange = List(3) { c -> mean { change(c, it) } }
        val products = List(9) { k -> mean { x(k / 3, it) * x(k % 3, it) } }
        val shared = List(9) { k -> mean { x(k / 3, it) * change(k % 3, it) } }
        for (cell in 0 until GRID * GRID) {
            val variance = DoubleArray(9) { k ->
                products[k][cell] - meanX[k / 3][cell] * meanX[k % 3][cell] +
                    if (k / 3 == k % 3) RIDGE else 0.0
            }
            val covariance = DoubleArray(9) { k ->
                shared[k][cell] - meanX[k / 3][cell] * meanChange[k % 3][cell]
            }
            val factors = solved(variance, covariance)
            for (k in 0..8) small[cell * PLANES + k] = factors[k].toFloat()
            for (c in 0..2) {
                val explained = (0..2).sumOf { factors[3 * it + c] * meanX[it][cell] }
                small[cell * PLANES + 9 + c] = (meanChange[c][cell] - explained).toFloat()
            }
        }
    }

    override fun redraw(y: Int, argb: IntArray, at: Int) {
        enlarge(down, y, small, row.size, row)
        for (x in 0 until toWidth) {
            enlarge(across, x, row, PLANES, map)
            val color = argb[at + x]
            val r = (color shr 16 and 255).toFloat()
            val g = (color shr 8 and 255).toFloat()
            val b = (color and 255).toFloat()
            var new = Pixels.OPAQUE
            for (c in 0..2) {
                val own = if (c == 0) r else if (c == 1) g else b
                val value = own + map[c] * r + map[3 + c] * g + map[6 + c] * b + map[9 + c]
                new = new or ((value + 0.5f).toInt().coerceIn(0, 255) shl (16 - 8 * c))
            }
            argb[at + x] = new
        }
    }

    private fun enlarge(by: Windows, at: Int, from: FloatArray, stride: Int, into: FloatArray) {
        into.fill(0f)
        for (k in 0 until by.taps) {
            val weight = by.weights[at * by.taps + k].toFloat()
            val first = (by.first[at] + k) * stride
            for (i in 0 until stride) into[i] += weight * from[first + i]
        }
    }

    /** Weighted means over the windows of the grid. */
    private class Means(private val width: Int, private val height: Int) {
        private val down = triangular(height)
        private val across = Enlargement.transposed(triangular(width), GRID, width)

        fun of(plane: DoubleArray): DoubleArray {
            val tall = Enlargement.product(down, plane, GRID, height, width)
            return Enlargement.product(tall, across, GRID, width, GRID)
        }

        private fun triangular(length: Int) =
            Windows(length, GRID, kernel = Kernel.BILINEAR).matrix()
    }

    private companion object {
        const val GRID = 16
        const val RIDGE = 1e-3 * 255 * 255
        const val PLANES = 12 // nine factors, from channel to channel, and three offsets

        /** The solution F of `A F = B`, all 3 x 3, by elimination with pivots. */
        fun solved(a: DoubleArray, b: DoubleArray): DoubleArray {
            for (column in 0..2) {
                val pivot = (column..2).maxBy { abs(a[3 * it + column]) }
                for (matrix in listOf(a, b)) for (k in 0..2) {
                    val kept = matrix[3 * column + k]
                    matrix[3 * column + k] = matrix[3 * pivot + k]
                    matrix[3 * pivot + k] = kept
                }
                for (row in 0..2) {
                    if (row == column) continue
                    val factor = a[3 * row + column] / a[3 * column + column]
                    for (k in 0..2) {
                        a[3 * row + k] -= factor * a[3 * column + k]
                        b[3 * row + k] -= factor * b[3 * column + k]
                    }
                }
            }
            return DoubleArray(9) { b[it] / a[4 * (it / 3)] }
        }
    }
}
