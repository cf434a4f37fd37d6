// A photograph goes in by an intent, a look is chosen, and what comes out is what Python makes of it.
package org.tunit.demo

import android.view.View
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.annotation.Config
import org.tunit.Tunit
import org.tunit.core.Box
import org.tunit.core.Pixels

@Config(sdk = [28, 36])
class EndToEndTest : ScreenTest() {
    private fun redrawn(variant: String): ByteArray {
        choose(variant)
        val screen = main(send("photo.png"))
        assertEquals("photo.png", studio.state.picture!!.name)
        val looks = screen.get().findViewById<View>(R.id.looks)
        looks.findViewWithTag<View>(look("reef").id).performClick()
        settle()
        assertEquals(variant, translation().lane.variant)
        assertEquals("reef", translation().lookName)
        return translation().square
    }

    private fun expected(variant: String): ByteArray =
        bytes(expected.translated[variant])

    @Test
    fun float32EqualsPython() = assertClose(expected("float32"), redrawn("float32"), 1, "float32")

    @Test
    fun float16EqualsPython() = assertClose(expected("float16"), redrawn("float16"), 1, "float16")

    @Test
    fun weightInt8EqualsPython() =
        assertClose(expected("weight_int8"), redrawn("weight_int8"), 1, "weight_int8")

    @Test
    fun dynamicInt8IsWithin40Decibels() {
        val decibels = Pixels.psnr(expected("dynamic_int8"), redrawn("dynamic_int8"))
        println("end to end: dynamic_int8: $decibels dB")
        assertTrue("$decibels dB", decibels >= 40)
    }

    @Test
    fun strengthsEqualPython() {
        redrawn("float32")
        for ((strength, square) in expected.strengths) {
            studio.setStrength(strength.toFloat())
            settle()
            assertClose(bytes(square), translation().square, 1, "strength $strength")
        }
    }

    @Test
    fun squaresOfAllKindsOfPicturesEqualPython() {
        choose("float32")
        main()
        for ((name, square) in expected.squares) {
            studio.setPicture(uri(name))
            settle()
            // Two JPEG decoders may differ by more than the resizing does.
            val most = if (name.endsWith(".jpg")) 3 else 1
            val seen = studio.engine.seen(studio.state.picture!!.source)
            assertClose(bytes(square), seen.pixels, most, name)
        }
    }

    @Test
    fun theResultHasThePhotographsSizeAndEqualsPython() {
        redrawn("float32")
        val (width, height) = 301 to 217
        val drawn = studio.engine.photograph(translation()).bitmap
        assertEquals(width to height, drawn.width to drawn.height)
        assertClose(bytes(expected.photograph), rgb(drawn), 1, "at its own size")
        assertClose(rgb(translation().redrawn), rgb(drawn), 1, "what the screen shows")
    }

    @Test
    fun aCutIsPastedBackIntoThePhotograph() {
        redrawn("float32")
        val (x, y, side) = expected.region
        studio.cut(Box(x, y, side))
        settle()
        val drawn = studio.engine.photograph(translation()).bitmap
        assertClose(bytes(expected.cut), rgb(drawn), 1, "a cut, pasted back")
        studio.setDetail(0f)
        settle()
        val plain = rgb(studio.engine.photograph(translation()).bitmap)
        assertTrue("without detail", Pixels.psnr(plain, rgb(drawn)) < 40)
        val outside = 3 * (301 * 5 + 5)
        assertEquals("outside of the cut", bytes(expected.cut)[outside], plain[outside])
    }

    @Test
    fun colorsOnlyEqualPython() {
        redrawn("float32")
        val whole = translation().redrawn
        studio.setColorsOnly(true)
        settle()
        assertFalse(translation().redrawn.sameAs(whole))
        val drawn = studio.engine.photograph(translation()).bitmap
        assertClose(bytes(expected.colors), rgb(drawn), 1, "colors only")
    }

    private fun bitmap(file: File) = Pictures.decode(file, file.name).bitmap

    private val photo by lazy { bitmap(File(pictures, "photo.png")) }
    private val look by lazy { bitmap(File("../docs/images/looks/reef.png")) }

    @Test
    fun otherAppsRedrawWhatAMaskMarks() {
        val mask = bitmap(File(pictures, "mask.png"))
        val redrawn = Tunit.open(app, "model", "float32").use {
            it.translate(photo, it.style(look), mask = mask, feather = 6)
        }
        assertClose(bytes(expected.masked), rgb(redrawn), 1, "as a library, with a mask")
        assertEquals("what is black stays", photo.getPixel(60, 20), redrawn.getPixel(60, 20))
    }

    /** The lines of README.md for other apps. */
    @Test
    fun otherAppsRedrawABitmapWithThreeCalls() {
        val redrawn = Tunit.open(app, "model", "float32").use { it.translate(photo, look) }
        assertClose(bytes(expected.photograph), rgb(redrawn), 1, "as a library")
    }
}
