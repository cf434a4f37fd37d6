// The arithmetic equals Python's, on vectors that tests/android/write_expected.py wrote.
package org.tunit.core

import java.io.File
import java.nio.FloatBuffer
import kotlin.math.abs
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** A picture and the square that Python makes of it; RGB as numbers from 0 to 255. */
@Serializable
class GoldenSquare(
    val width: Int,
    val height: Int,
    val size: Int,
    val rgb: List<Int>,
    val square: List<Int>,
)

@Serializable
class GoldenStyle(
    @SerialName("on_unit_sphere") val onUnitSphere: Boolean,
    val share: Float,
    val from: FloatArray,
    val to: FloatArray,
    val mixed: FloatArray,
)

@Serializable
class Golden(
    val squares: List<GoldenSquare>,
    @SerialName("from_bytes") val fromBytes: FloatArray,
    val floats: FloatArray,
    @SerialName("to_bytes") val toBytes: List<Int>,
    val styles: List<GoldenStyle>,
)

class GoldenTest {
    private val golden: Golden =
        Json.decodeFromString(File(System.getProperty("expected"), "golden.json").readText())

    @Test
    fun squaresEqualPillowsWithinOneOf255() {
        assertTrue(golden.squares.isNotEmpty())
        for (case in golden.squares) {
            val picture = Opaque(case.width, case.height, bytes(case.rgb))
            val box = Box.centered(picture.width, picture.height)
            val square = Resample.square(picture, box, case.size)
            val expected = bytes(case.square)
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
        assertArrayEquals(golden.fromBytes, floats.array(), 1e-7f)
        val rounded = Pixels.toBytes(FloatBuffer.wrap(golden.floats), golden.floats.size)
        assertArrayEquals(bytes(golden.toBytes), rounded)
        floats.rewind()
        assertArrayEquals("there and back", every, Pixels.toBytes(floats, 256))
    }

    @Test
    fun mixedStylesEqualNumPys() {
        assertEquals(8, golden.styles.size)
        for (case in golden.styles) {
            val mixed = Styles(case.onUnitSphere).mix(case.from, case.to, case.share)
            assertArrayEquals(case.mixed, mixed, 1e-6f)
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

    private fun bytes(values: List<Int>) = ByteArray(values.size) { values[it].toByte() }

    private fun unsigned(byte: Byte) = byte.toInt() and 255
}
