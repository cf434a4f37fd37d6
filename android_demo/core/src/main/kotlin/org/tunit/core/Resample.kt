// Cutting a square out of a picture and resizing it as Pillow does for training: bicubic, antialiased,
// rows, then columns, rounded to bytes in between. Android's own resizing differs by much more.
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

object Resample {
    private const val SUPPORT = 2.0 // pixels on either side that the bicubic kernel reaches
    private const val A = -0.5 // Keys' parameter

    /**
     * RGB bytes of a square of a picture, transparency over white.
     *
     * @param size side of the result.
     * @return size * size * 3 bytes, rows from top to bottom.
     */
    fun square(picture: Rows, box: Box, size: Int): ByteArray {
        val columns = weights(picture.width, box.x, box.side, size)
        val rows = weights(picture.height, box.y, box.side, size)
        val top = rows.minOf { it.first }
        val bottom = rows.maxOf { it.first + it.weights.size }
        val stride = size * 3
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

    /** A square of RGB bytes enlarged by a whole factor. */
    fun enlarge(square: ByteArray, size: Int, factor: Int): ByteArray {
        if (factor == 1) return square
        val rows = object : Rows {
            override val width = size
            override val height = size

            override fun read(y: Int, into: IntArray) {
                for (x in 0 until size) into[x] = Pixels.argb(square, (y * size + x) * 3)
            }
        }
        return square(rows, Box(0.0, 0.0, size.toDouble()), size * factor)
    }

    private class Window(val first: Int, val weights: DoubleArray)

    /** For each of `size` new pixels, the first old pixel it needs and the weights from there on. */
    private fun weights(length: Int, start: Double, side: Double, size: Int): List<Window> {
        val scale = side / size
        val stretch = max(scale, 1.0) // enlarging needs no antialiasing
        return List(size) { i ->
            val center = start + (i + 0.5) * scale
            val first = max(0, (center - SUPPORT * stretch + 0.5).toInt())
            val end = min(length, (center + SUPPORT * stretch + 0.5).toInt())
            val raw = DoubleArray(end - first) { bicubic((first + it - center + 0.5) / stretch) }
            val sum = raw.sum()
            Window(first, DoubleArray(raw.size) { raw[it] / sum })
        }
    }

    private fun bicubic(at: Double): Double {
        val x = abs(at)
        return when {
            x < 1 -> ((A + 2) * x - (A + 3)) * x * x + 1
            x < 2 -> (((x - 5) * x + 8) * x - 4) * A
            else -> 0.0
        }
    }

    private fun unpack(argb: IntArray, rgb: IntArray) {
        for (x in argb.indices) {
            val color = argb[x]
            val alpha = color ushr 24
            for (channel in 0..2) {
                val value = (color shr (16 - 8 * channel)) and 255
                rgb[3 * x + channel] =
                    if (alpha == 255) value else (value * alpha + 255 * (255 - alpha) + 127) / 255
            }
        }
    }

    private fun alongRow(rgb: IntArray, columns: List<Window>, into: ByteArray, start: Int) {
        var to = start
        for (window in columns) {
            for (channel in 0..2) {
                var sum = 0.0
                for (k in window.weights.indices) {
                    sum += window.weights[k] * rgb[(window.first + k) * 3 + channel]
                }
                into[to++] = rounded(sum)
            }
        }
    }

    private fun alongColumns(narrow: ByteArray, stride: Int, rows: List<Window>, top: Int): ByteArray {
        val result = ByteArray(rows.size * stride)
        rows.forEachIndexed { j, window ->
            for (i in 0 until stride) {
                var sum = 0.0
                for (k in window.weights.indices) {
                    val at = (window.first - top + k) * stride + i
                    sum += window.weights[k] * (narrow[at].toInt() and 255)
                }
                result[j * stride + i] = rounded(sum)
            }
        }
        return result
    }

    private fun rounded(value: Double): Byte = floor(value + 0.5).coerceIn(0.0, 255.0).toInt().toByte()
}
