// Photographs at their own size equal Python's, and need no more memory than a row.
package org.tunit.core

import java.io.File
import java.util.Base64
import java.util.Random
import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.min
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Of tests/inference/detail_vectors.json, which tests/inference/write_detail_vectors.py describes. */
@Serializable
class DetailVector(
    val size: List<Int>,
    val box: List<Int>,
    @SerialName("network_size") val networkSize: List<Int>,
    val detail: Float,
    @SerialName("colors_only") val colorsOnly: Boolean,
    val feather: Int,
    val photograph: String,
    val source: String,
    val translation: String,
    val mask: String?,
    val result: String,
)

class PhotographTest {
    private class Picture(override val width: Int, override val height: Int) : Canvas {
        val argb = IntArray(width * height)

        constructor(width: Int, height: Int, rgb: ByteArray) : this(width, height) {
            for (i in argb.indices) argb[i] = Pixels.argb(rgb, 3 * i)
        }

        override fun read(y: Int, into: IntArray) = System.arraycopy(argb, y * width, into, 0, width)

        override fun write(y: Int, from: IntArray) = System.arraycopy(from, 0, argb, y * width, width)

        fun bytes() = ByteArray(3 * argb.size) { (argb[it / 3] shr (16 - 8 * (it % 3))).toByte() }

        companion object {
            fun gray(width: Int, height: Int, values: ByteArray) =
                Picture(width, height, ByteArray(3 * values.size) { values[it / 3] })
        }
    }

    private fun bytes(text: String): ByteArray = Base64.getDecoder().decode(text)

    private fun noise(count: Int, seed: Long = 0) = ByteArray(count).also { Random(seed).nextBytes(it) }

    private fun assertClose(what: String, expected: ByteArray, actual: ByteArray) {
        assertEquals(what, expected.size, actual.size)
        fun difference(i: Int) = abs((expected[i].toInt() and 255) - (actual[i].toInt() and 255))
        val largest = expected.indices.maxOf(::difference)
        assertTrue("$what: off by $largest of 255", largest <= 1)
    }

    @Test
    fun photographsEqualPythonsWithinOneOf255() {
        val file = File("../tests/inference/detail_vectors.json")
        val cases = Json.decodeFromString<List<DetailVector>>(file.readText())
        assertEquals(26 to 3, cases.size to cases.count { it.mask != null })
        for (case in cases) {
            val (width, height) = case.size
            val (w, h) = case.networkSize
            val region = case.box.let { (left, top, right, bottom) -> Region(left, top, right, bottom) }
            val picture = Picture(width, height, bytes(case.photograph))
            val seen = Seen(bytes(case.source), w, h, Region(0, 0, w, h))
            val translation = bytes(case.translation)
            Redrawing(
                width, height, region, seen, translation, case.detail, case.colorsOnly, case.feather,
                case.mask?.let { Picture.gray(width, height, bytes(it)) },
            ).drawInto(picture)
            val what = "$width x $height, detail ${case.detail}, colors ${case.colorsOnly}, $region, " +
                "feather ${case.feather}, mask ${case.mask != null}"
            assertClose(what, bytes(case.result), picture.bytes())
        }
    }

    @Test
    fun aTranslationThatChangesNothingGivesThePhotographBack() {
        val photograph = noise(3 * 37 * 29)
        for (box in listOf(null, Box(3.2, 5.0, 17.0))) {
            val picture = Picture(37, 29, photograph)
            val region = Region.of(box, 37, 29)
            val seen = Seen.of(picture, region, 8, stretch = false)
            Redrawing(37, 29, region, seen, seen.pixels, 1f).drawInto(picture)
            assertClose("$box", photograph, picture.bytes())
        }
    }

    @Test
    fun outsideOfTheRegionNothingChanges() {
        val picture = Picture(40, 30, noise(3 * 40 * 30))
        val before = picture.argb.clone()
        val region = Region(8, 0, 24, 16)
        val seen = Seen.of(picture, region, 8, stretch = false)
        Redrawing(40, 30, region, seen, ByteArray(3 * 8 * 8), 0f).drawInto(picture)
        for (y in 0 until 30) for (x in 0 until 40) {
            val inside = x in 8 until 24 && y < 16
            if (!inside) assertEquals(before[y * 40 + x], picture.argb[y * 40 + x])
        }
        assertEquals("black in the middle", Pixels.OPAQUE, picture.argb[4 * 40 + 16])
        assertEquals("to the edge of the photograph", Pixels.OPAQUE, picture.argb[16])
    }

    /** Compared with the distance to every black pixel, at every size of feather. */
    @Test
    fun masksFadeByTheExactDistanceToWhatStays() {
        val random = Random(3)
        val (width, height) = 41 to 37
        for (feather in listOf(0, 1, 4, 60)) for (box in BOXES) {
            val values = ByteArray(width * height) {
                if (random.nextInt(60) == 0) 0 else (255 - random.nextInt(2) * 100).toByte()
            }
            fun value(x: Int, y: Int) = values[y * width + x].toInt() and 255
            fun stays(x: Int, y: Int) =
                x !in box.left until box.right || y !in box.top until box.bottom || value(x, y) == 0
            val black = (0 until width).flatMap { x -> (0 until height).map { y -> x to y } }
                .filter { (x, y) -> stays(x, y) }
            val shares = Shares.of(box, width, height, Picture.gray(width, height, values), feather)
            val row = FloatArray(box.width)
            for (y in box.top until box.bottom) {
                shares.read(y - box.top, row)
                for (x in box.left until box.right) {
                    val nearest =
                        black.minOf { (left, top) -> hypot(left - x + 0.0, top - y + 0.0) }
                    val expected = value(x, y) / 255.0 * min(1.0, nearest / (feather + 1))
                    val share = row[x - box.left].toDouble()
                    assertEquals("$x, $y of $box, $feather", expected, share, 1e-6)
                }
            }
        }
    }

    @Test
    fun aMaskOfAnotherSizeIsRefused() {
        val region = Region(0, 0, 8, 8)
        val refused = assertThrows(IllegalArgumentException::class.java) {
            Shares.of(region, 8, 8, Picture(8, 7), 0)
        }
        assertEquals("The mask has 8 x 7 pixels, the photograph 8 x 8.", refused.message)
    }

    @Test
    fun transparencyStays() {
        val picture = Picture(16, 16)
        for (i in picture.argb.indices) picture.argb[i] = (i shl 24) or 0x204060
        val region = Region.of(null, 16, 16)
        val seen = Seen.of(picture, region, 8, stretch = false)
        Redrawing(16, 16, region, seen, seen.pixels, 1f).drawInto(picture)
        for (i in picture.argb.indices) {
            assertEquals(i, picture.argb[i] ushr 24)
            if (i > 100) assertTrue(abs((picture.argb[i] and 255) - 0x60) <= 2)
        }
        assertEquals("white under what cannot be seen", 0xFFFFFF, picture.argb[0])
    }

    @Test
    fun marginsAreMirrored() {
        val wide = Picture(4, 2, noise(24))
        val seen = Seen.of(wide, Region(0, 0, 4, 2), 4, stretch = false)
        assertEquals(Region(0, 1, 4, 3), seen.shown)
        assertArrayEquals(wide.bytes(), seen.part(seen.pixels))
        fun row(y: Int) = seen.pixels.copyOfRange(12 * y, 12 * y + 12)
        assertArrayEquals(row(1), row(0))
        assertArrayEquals(row(2), row(3))
        val line = Seen.of(Picture(1, 8, noise(24)), Region(0, 0, 1, 8), 8, stretch = false)
        assertEquals(1, line.shown.width)
        for (x in 0..7) for (i in 0..2) assertEquals(line.pixels[3 * x + i], line.pixels[i])
        val whole = Seen.of(wide, Region(0, 0, 4, 2), 4, stretch = true).shown
        assertEquals(Region(0, 0, 4, 4), whole)
    }

    private companion object {
        val BOXES = listOf(Region(0, 0, 41, 37), Region(5, 0, 41, 30), Region(0, 7, 29, 37))
    }

    /** The tests of this module run on a heap of 256 MB; 50 megapixels would fill it by themselves. */
    @Test
    fun twelveAndFiftyMegapixelsFitIntoASmallHeap() {
        assertTrue(Runtime.getRuntime().maxMemory() <= 256L shl 20)
        for ((width, height) in listOf(4000 to 3000, 8165 to 6124)) {
            val stream = Stream(width, height)
            val region = Region.of(null, width, height)
            val seen = Seen.of(stream, region, 128, stretch = false)
            val start = System.nanoTime()
            val translation = noise(seen.pixels.size)
            Redrawing(width, height, region, seen, translation, 1f).drawInto(stream)
            val seconds = (System.nanoTime() - start) / 1e9
            println("photograph: $width x $height redrawn in %.2f s".format(seconds))
            assertEquals(height, stream.written)
            stream.written = 0
            Redrawing(width, height, region, seen, translation, 1f, mask = stream).drawInto(stream)
            val masked = (System.nanoTime() - start) / 1e9 - seconds
            println("photograph: with a mask in %.2f s".format(masked))
            assertEquals(height, stream.written)
        }
    }

    /** A picture that is never in memory as a whole. */
    private class Stream(override val width: Int, override val height: Int) : Canvas {
        var written = 0

        override fun read(y: Int, into: IntArray) {
            for (x in into.indices) into[x] = Pixels.OPAQUE or (x * 31 + y * 17 and 0xFFFFFF)
        }

        override fun write(y: Int, from: IntArray) {
            assertEquals(written++, y)
        }
    }
}
