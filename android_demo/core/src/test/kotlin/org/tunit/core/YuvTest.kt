// Frames of a camera: upright, mirrored, and in the colors that JPEG gives them.
package org.tunit.core

import java.nio.ByteBuffer
import kotlin.math.abs
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class YuvTest {
    private fun plane(rowStride: Int, pixelStride: Int, vararg values: Int): YuvPlane {
        val bytes = ByteArray(values.size) { values[it].toByte() }
        return YuvPlane(ByteBuffer.wrap(bytes), rowStride, pixelStride)
    }

    /** 4 x 2 pixels whose luminance is their number; strides as phones have them. */
    private fun frame(u: Int = 128, v: Int = 128) = YuvFrame(
        plane(5, 1, 0, 1, 2, 3, 99, 4, 5, 6, 7, 99),
        plane(4, 2, u, 99, u, 99), plane(4, 2, v, 99, v, 99), 4, 2,
    )

    private fun grays(colors: IntArray) = colors.map { it and 255 }.toIntArray()

    @Test
    fun theSquareInTheMiddleIsTurnedAndMirrored() {
        fun square(turns: Int, mirrored: Boolean = false) = grays(frame().middle(turns, mirrored))
        assertArrayEquals(intArrayOf(1, 2, 5, 6), square(0))
        assertArrayEquals(intArrayOf(5, 1, 6, 2), square(1)) // the left side is on top
        assertArrayEquals(intArrayOf(6, 5, 2, 1), square(2))
        assertArrayEquals(intArrayOf(2, 6, 1, 5), square(3))
        assertArrayEquals(intArrayOf(2, 1, 6, 5), square(0, mirrored = true))
        assertArrayEquals(square(1), square(5))
        assertArrayEquals(square(3), square(-1))
        assertArrayEquals(intArrayOf(1), grays(frame().middle(0, false, step = 2)))
    }

    @Test
    fun colorsAreThoseOfTheStandard() {
        for (u in 0..255 step 51) for (v in 0..255 step 51) {
            val color = frame(u, v).middle(0, false)[3] // luminance 6
            val (blue, red) = u - 128.0 to v - 128.0
            val expected = listOf(
                6 + 1.402 * red, 6 - 0.344136 * blue - 0.714136 * red, 6 + 1.772 * blue,
            )
            expected.forEachIndexed { channel, value ->
                val found = color shr (16 - 8 * channel) and 255
                assertTrue("u $u, v $v", abs(value.coerceIn(0.0, 255.0) - found) <= 0.51)
            }
            assertEquals(255, color ushr 24)
        }
    }
}
