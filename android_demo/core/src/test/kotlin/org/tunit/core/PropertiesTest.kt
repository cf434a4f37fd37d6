// Properties of the arithmetic that need no numbers from elsewhere.
package org.tunit.core

import java.util.Random
import kotlin.math.sqrt
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class PropertiesTest {
    private class Plain(
        override val width: Int,
        override val height: Int,
        private val color: Int,
    ) : Rows {
        override fun read(y: Int, into: IntArray) = into.fill(color)
    }

    @Test
    fun transparencyLiesOverWhite() {
        val clear = Resample.square(Plain(9, 7, 0x00123456), Box.centered(9, 7), 4)
        assertTrue(clear.all { it == 255.toByte() })
        val half = Resample.square(Plain(9, 7, 0x80000000.toInt()), Box.centered(9, 7), 4)
        assertTrue(half.all { (it.toInt() and 255) in 126..128 })
    }

    @Test
    fun aPlainPictureStaysPlainAtAnySize() {
        for (size in listOf(1, 3, 16, 50)) {
            val square = Resample.square(Plain(17, 40, 0xFF20A0F0.toInt()), Box(2.5, 7.25, 11.5), size)
            assertEquals(size * size * 3, square.size)
            for (i in square.indices step 3) assertEquals(0xFF20A0F0.toInt(), Pixels.argb(square, i))
        }
    }

    @Test
    fun boxesStayInside() {
        val random = Random(0)
        repeat(1000) {
            val (width, height) = List(2) { 1 + random.nextInt(300) }
            val (x, y, side) = List(3) { random.nextGaussian() * 300 }
            val box = Box(x, y, side).inside(width, height, 32.0)
            assertTrue(box.x >= 0 && box.y >= 0 && box.side > 0)
            assertTrue(box.x + box.side <= width + 1e-9 && box.y + box.side <= height + 1e-9)
        }
    }

    @Test
    fun randomLooksStartAtDomainsThatHaveImages() {
        val domains = listOf(Domain(0, 0, floatArrayOf(9f, 9f)), Domain(1, 5, floatArrayOf(1f, 0f)))
        val drawn = List(2000) { Styles(false).random(domains, Random(it.toLong()))!! }
        val mean = FloatArray(2) { i -> drawn.map { it[i] }.average().toFloat() }
        assertArrayEquals(floatArrayOf(1f, 0f), mean, 0.2f) // around the only domain with images
        assertTrue(drawn.toSet().size == drawn.size)
        val known = listOf(Domain(0, 3, floatArrayOf(1f, 0f), floatArrayOf(0.5f, 0f)))
        val first = List(2000) { Styles(false).random(known, Random(it.toLong()))!! }
        assertTrue(first.all { it[1] == 0f })
        assertEquals(0.25, first.map { (it[0] - 1.0) * (it[0] - 1.0) }.average(), 0.03) // its variance
        for (style in List(50) { Styles(true).random(domains, Random(it.toLong()))!! }) {
            assertEquals(1.0, sqrt(style.sumOf { (it * it).toDouble() }), 1e-6)
        }
        assertNull(Styles(false).random(emptyList(), Random(0)))
    }

    @Test
    fun delegatesAgreeOnlyWithThePictureOfTheCpu() {
        val picture = ByteArray(300) { (it * 7).toByte() }
        assertTrue(Pixels.agree(picture, picture))
        assertTrue(Pixels.agree(ByteArray(300) { (picture[it].toInt() xor 1).toByte() }, picture))
        assertFalse(Pixels.agree(ByteArray(300), picture)) // black, as an overflow draws it
    }

    @Test
    fun fileNamesAreWhatEveryDiskTakes() {
        assertEquals("cat_reef", FileNames.result("cat.jpg", "reef"))
        assertEquals("picture_look", FileNames.result("../..", "///"))
        assertEquals("Käse_brot_look", FileNames.result("a/b/Käse: brot?.jpeg", ""))
        assertTrue(FileNames.result("x".repeat(500), "y".repeat(500)).length < 100)
    }

    @Test
    fun namesForPeopleSayNothingOfFiles() {
        assertEquals("Long hair", FileNames.caption("look_long-hair.jpg"))
        assertEquals("Synthetic ember 00015", FileNames.caption("look_synthetic-ember-00015.png"))
        assertEquals("IMG 2041", FileNames.caption("a/IMG_2041.JPG"))
    }

    @Test
    fun timesAreMediansOfCalls() {
        assertEquals(2.0, Timing.median(listOf(3.0, 1.0, 2.0)), 0.0)
        assertEquals(1.5, Timing.median(listOf(1.0, 2.0)), 0.0)
        var calls = 0
        assertTrue(Timing.measure(20, 1e9) { calls++ } >= 0)
        assertEquals(21, calls) // the first is not counted
        assertEquals(listOf(1, 2), Timing.threads(3))
        assertEquals(listOf("9.00", "1.25", "120"), listOf(9.0, 1.25, 120.4).map(::shortNumber))
    }
}
