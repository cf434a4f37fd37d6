// A photograph in the colors of a translation, with textures as they are: `ColorMap` of
// tunit_tf/inference/detail.py, which says why.
package org.tunit.core

import kotlin.math.abs

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
