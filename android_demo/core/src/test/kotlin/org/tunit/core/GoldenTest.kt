// The arithmetic equals Python's, on vectors that tests/android/write_expected.py wrote.
package org.tunit.core

import java.io.File
import java.nio.FloatBuffer
import kotlin.math.abs
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class GoldenTest {
    private val golden =
        Json.parse(File(System.getProperty("expected"), "golden.json").readText()) as Map<*, *>

    @Test
    fun squaresEqualPillowsWithinOneOf255() {
        val cases = list(golden["squares"]).map { it as Map<*, *> }
        assertTrue(cases.isNotEmpty())
        for (case in cases) {
            val picture = Opaque(int(case["width"]), int(case["height"]), bytes(case["rgb"]))
            val box = Box.centered(picture.width, picture.height)
            val square = Resample.square(picture, box, int(case["size"]))
            val expected = bytes(case["square"])
            assertEquals(expected.size, square.size)
            val largest = expected.indices.maxOf { abs(unsigned(expected[it]) - unsigned(square[it])) }
            assertTrue("${picture.width} x ${picture.height}: off by $largest", largest <= 1)
        }
    }

    @Test
    fun bytesAndFloatsEqualNumPys() {
        val every = ByteArray(256) { it.toByte() }
        val floats = FloatBuffer.allocate(256)
        Pixels.toFloats(every, floats)
        assertArrayEquals(floats(golden["from_bytes"]), floats.array(), 1e-7f)
        val between = floats(golden["floats"])
        val rounded = Pixels.toBytes(FloatBuffer.wrap(between), between.size)
        assertArrayEquals(bytes(golden["to_bytes"]), rounded)
        floats.rewind()
        assertArrayEquals("there and back", every, Pixels.toBytes(floats, 256))
    }

    @Test
    fun mixedStylesEqualNumPys() {
        val cases = list(golden["styles"]).map { it as Map<*, *> }
        assertEquals(8, cases.size)
        for (case in cases) {
            val styles = Styles(case["on_unit_sphere"] as Boolean)
            val share = (case["share"] as Double).toFloat()
            val mixed = styles.mix(floats(case["from"]), floats(case["to"]), share)
            assertArrayEquals(floats(case["mixed"]), mixed, 1e-6f)
        }
    }

    private class Opaque(
        override val width: Int,
        override val height: Int,
        private val rgb: ByteArray,
    ) : Rows {
        override fun read(y: Int, into: IntArray) {
            for (x in 0 until width) into[x] = Pixels.argb(rgb, (y * width + x) * 3)
        }
    }

    private fun list(value: Any?) = value as List<*>

    private fun int(value: Any?) = (value as Double).toInt()

    private fun bytes(value: Any?) = list(value).map { int(it).toByte() }.toByteArray()

    private fun floats(value: Any?) = list(value).map { (it as Double).toFloat() }.toFloatArray()

    private fun unsigned(byte: Byte) = byte.toInt() and 255
}
