// A camera's frames, luminance of every pixel and color of every fourth, as the colors of a square.
package org.tunit.core

import java.nio.ByteBuffer

/** One of the three planes of a frame, as Android describes it. */
class YuvPlane(
    private val bytes: ByteBuffer,
    private val rowStride: Int,
    private val pixelStride: Int,
) {
    operator fun get(x: Int, y: Int): Int = bytes.get(y * rowStride + x * pixelStride).toInt() and 255
}

/** A frame in YUV 4:2:0 of JPEG's range and coefficients (ITU-R BT.601, all 256 values used). */
class YuvFrame(
    private val luminance: YuvPlane,
    private val blue: YuvPlane,
    private val red: YuvPlane,
    private val width: Int,
    private val height: Int,
) {
    /** Side of the square that [middle] returns. */
    fun side(step: Int): Int = minOf(width, height) / step

    /**
     * The square in the middle as packed opaque colors, rows from top to bottom.
     *
     * @param turns quarter turns clockwise that make the frame upright.
     * @param mirrored whether it is shown as in a mirror.
     * @param step takes every [step]th pixel of rows and columns.
     */
    fun middle(turns: Int, mirrored: Boolean, step: Int = 1): IntArray {
        val side = side(step)
        val left = (width - side * step) / 2
        val top = (height - side * step) / 2
        val turned = Math.floorMod(turns, 4)
        return IntArray(side * side) { i ->
            val y = i / side
            val x = if (mirrored) side - 1 - i % side else i % side
            val far = side - 1
            when (turned) { // where the pixel x, y of the upright square is in the frame
                1 -> color(left + y * step, top + (far - x) * step)
                2 -> color(left + (far - x) * step, top + (far - y) * step)
                3 -> color(left + (far - y) * step, top + x * step)
                else -> color(left + x * step, top + y * step)
            }
        }
    }

    private fun color(x: Int, y: Int): Int {
        val gray = luminance[x, y] shl BITS
        val u = blue[x / 2, y / 2] - 128
        val v = red[x / 2, y / 2] - 128
        val r = byte(gray + 91_881 * v) // 1.402 in 16 bits
        val g = byte(gray - 22_554 * u - 46_802 * v) // 0.344136, 0.714136
        val b = byte(gray + 116_130 * u) // 1.772
        return Pixels.OPAQUE or (r shl 16) or (g shl 8) or b
    }

    private fun byte(value: Int): Int = ((value + (1 shl BITS - 1)) shr BITS).coerceIn(0, 255)

    private companion object {
        const val BITS = 16
    }
}
