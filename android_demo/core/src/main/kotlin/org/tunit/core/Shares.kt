// How much of a change each pixel of a photograph's region gets: it fades towards the edges of the
// region and of a mask, as in tunit_tf/inference/masking.py.
package org.tunit.core

import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/** Shares in 0..1, a row of the region at a time, from top to bottom. */
internal fun interface Shares {
    /** Fills [into] with the shares of row [y]. */
    fun read(y: Int, into: FloatArray)

    companion object {
        /**
         * The share of a pixel is `min(1, d / (feather + 1))`, where `d` is the distance to the nearest
         * pixel that stays as it is. What is outside of the photograph does not count.
         *
         * @param width of the photograph, as [height].
         * @param mask of the photograph's size; null redraws the whole region.
         */
        fun of(region: Region, width: Int, height: Int, mask: Rows?, feather: Int): Shares {
            require(feather >= 0) { "A feather has at least 0 pixels; received $feather." }
            if (mask != null) return MaskShares(region, width, height, mask, feather)
            val across = fading(region.left, region.right, width, feather)
            val down = fading(region.top, region.bottom, height, feather)
            return Shares { y, into -> for (x in into.indices) into[x] = min(across[x], down[y]) }
        }

        /** Shares along one side of a region. */
        private fun fading(start: Int, end: Int, length: Int, feather: Int) =
            FloatArray(end - start) { i ->
                val fromStart = if (start > 0) i + 1 else feather + 1
                val fromEnd = if (end < length) end - start - i else feather + 1
                minOf(fromStart, fromEnd, feather + 1).toFloat() / (feather + 1)
            }
    }
}

/**
 * Shares of a mask: 0 where it is black, its own value / 255 from `feather + 1` pixels inside on, and
 * in between less, by the exact distance to the nearest black pixel. At most `feather + 1` rows of the
 * mask are in memory.
 */
private class MaskShares(
    private val region: Region,
    width: Int,
    height: Int,
    private val mask: Rows,
    feather: Int,
) : Shares {
    private val reach = feather + 1
    private val isEdgeLeft = region.left > 0
    private val isEdgeRight = region.right < width
    private val isEdgeBottom = region.bottom < height
    private val read = IntArray(width)
    private val ahead = Array(min(reach, region.height)) { ByteArray(region.width) } // a ring of rows
    private var end = 0 // the first row that was not read yet
    private val above = IntArray(region.width) { if (region.top > 0) -1 else -reach } // last black rows
    private val below = IntArray(region.width) // next black rows, or `end` where there is none
    private val squares = IntArray(region.width + 2) // of distances along columns, with the neighbors
    private val nearest = Nearest(squares.size)

    init {
        require(mask.width == width && mask.height == height) {
            "The mask has ${mask.width} x ${mask.height} pixels, the photograph $width x $height."
        }
    }

    override fun read(y: Int, into: FloatArray) {
        while (end < min(y + reach, region.height)) readRow()
        val row = ahead[y % ahead.size]
        for (x in into.indices) {
            if (row[x] == BLACK) above[x] = y
            var next = max(below[x], y)
            while (next < end && ahead[next % ahead.size][x] != BLACK) next++
            below[x] = next
            val isNext = next < end || isEdgeBottom && end == region.height
            val distance = minOf(y - above[x], if (isNext) next - y else reach, reach)
            squares[x + 1] = distance * distance
        }
        squares[0] = if (isEdgeLeft) 0 else reach * reach
        squares[squares.size - 1] = if (isEdgeRight) 0 else reach * reach
        val found = nearest.of(squares)
        for (x in into.indices) {
            val faded = min(1f, sqrt(found[x + 1].toDouble()).toFloat() / reach)
            into[x] = (row[x].toInt() and 255) / 255f * faded
        }
    }

    private fun readRow() {
        mask.read(region.top + end, read)
        val row = ahead[end++ % ahead.size]
        for (x in row.indices) row[x] = Pixels.gray(read[region.left + x]).toByte()
    }

    private companion object {
        const val BLACK: Byte = 0
    }
}

/**
 * At every place `i` of a line, the least `(i - j)^2 + squares[j]`: the lowest of parabolas, found in
 * one pass (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012).
 */
private class Nearest(private val count: Int) {
    private val lowest = IntArray(count) // places of the parabolas that are lowest somewhere
    private val from = DoubleArray(count + 1) // where each of them begins to be the lowest
    private val found = IntArray(count)

    fun of(squares: IntArray): IntArray {
        fun meet(i: Int, j: Int) =
            (squares[i] + i.toDouble() * i - squares[j] - j.toDouble() * j) / (2 * (i - j))
        var last = 0
        lowest[0] = 0
        from[0] = Double.NEGATIVE_INFINITY
        for (i in 1 until count) {
            while (meet(i, lowest[last]) <= from[last]) last--
            from[last + 1] = meet(i, lowest[last])
            lowest[++last] = i
        }
        from[last + 1] = Double.POSITIVE_INFINITY
        var k = 0
        for (i in 0 until count) {
            while (from[k + 1] < i) k++
            val away = i - lowest[k]
            found[i] = away * away + squares[lowest[k]]
        }
        return found
    }
}
