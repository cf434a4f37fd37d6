// What phones do to apps: turned, ended, tapped twice, given rubbish, out of space.
package org.tunit.demo

import android.graphics.Bitmap
import android.view.View
import java.io.File
import java.lang.management.BufferPoolMXBean
import java.lang.management.ManagementFactory
import javax.management.ObjectName
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
import org.tunit.BundledModel
import org.tunit.Lane
import org.tunit.core.Manifest

@Config(sdk = [36])
class StrainTest : ScreenTest() {
    @Before
    fun plain() = choose("float32")

    private fun redrawn(look: String): ByteArray {
        studio.choose(look(look).id)
        settle()
        return translation().square
    }

    @Test
    @Config(sdk = [28, 36])
    fun turningThePhoneInTheMiddleOfATranslationLosesNothing() {
        val screen = main(send("photo.png"))
        val alone = redrawn("moss")
        redrawn("reef")
        studio.choose(look("moss").id)
        screen.recreate() // while the worker works
        settle()
        assertArrayEquals(alone, translation().square)
        val compare = screen.get().findViewById<CompareView>(R.id.compare)
        assertTrue(compare.contentDescription.contains("moss"))
        assertEquals("photo.png", studio.state.picture!!.name)
    }

    @Test
    @Config(sdk = [28, 36])
    fun theEndOfTheProcessLosesNothing() {
        val screen = main(send("photo.png"))
        studio.addLooks(listOf(uri("rotated.jpg")))
        studio.addRandomLook()
        settle()
        studio.cut(org.tunit.core.Box(10.0, 5.0, 101.5))
        studio.setMixing(true)
        studio.setMix(0.25f)
        studio.setStrength(1.25f)
        studio.setDetail(0.5f)
        studio.setColorsOnly(true)
        settle()
        val before = studio.state
        main(saved = endProcess(screen))
        val after = studio.state
        assertFalse(after === before)
        assertArrayEquals(before.translation!!.square, translation().square)
        assertEquals(before.picture!!.box, after.picture!!.box)
        fun chosen(state: State) =
            state.run { listOf(first, second, mix, strength, detail, colorsOnly) }
        assertEquals(chosen(before), chosen(after))
        assertEquals(before.looks.map { it.id }.toSet(), after.looks.map { it.id }.toSet())
        assertEquals(before.earlier.map { it.made.key }, after.earlier.map { it.made.key })
    }

    @Test
    fun ofTwoTapsAtOnceTheSecondCounts() {
        val looks = main(send("photo.png")).get().findViewById<View>(R.id.looks)
        val alone = redrawn("ember")
        redrawn("reef")
        for (name in listOf("moss", "ember")) looks.findViewWithTag<View>(look(name).id).performClick()
        settle()
        assertArrayEquals(alone, translation().square)
        assertEquals("ember", translation().lookName)
        assertFalse(studio.state.working)
    }

    @Test
    fun picturesThatCannotBeReadAreRefusedAndTheOldOneStays() {
        main(send("photo.png"))
        val before = redrawn("reef")
        for (name in listOf("not_a_picture.png", "cut_off.png", "is_not_there.png")) {
            studio.setPicture(uri(name))
            settle()
            assertNames(name)
            studio.addLooks(listOf(uri(name)))
            settle()
            assertNames(name)
            assertEquals("photo.png", studio.state.picture!!.name)
        }
        studio.translate()
        settle()
        assertArrayEquals(before, translation().square)
        val copies = File(app.filesDir, "session").list()!!.filter { "picture" in it || "own" in it }
        assertEquals("only the photograph's copy is kept", 1, copies.size)
    }

    /** The message is a problem and names a file. */
    private fun assertNames(name: String) {
        val message = studio.state.message!!
        assertTrue("$name: ${message.text}", message.isProblem && name in message.text)
    }

    @Test
    fun hugePicturesAndAnimationsAreRead() {
        main()
        for (name in listOf("huge.jpg", "still.gif", "alpha.png")) {
            studio.setPicture(uri(name))
            settle()
            assertEquals(studio.state.message?.text, name, studio.state.picture!!.name)
            assertEquals(null, studio.state.message)
        }
    }

    @Test
    fun memoryAndFilesStayFlatOver300StepsOfASlider() {
        main(send("photo.png"))
        val looks = studio.state.looks.take(3)
        fun step(times: Int) = repeat(times) {
            studio.choose(looks[it * looks.size / times].id)
            studio.setStrength(0.5f + it % 10 / 10f)
            settle()
        }
        step(50)
        val stages = List(3) {
            step(100)
            memory()
        }
        println("memory after 100, 200, 300 steps: $stages")
        val (before, after) = stages.first() to stages.last()
        assertTrue("heap: $stages", after.heap - before.heap < 5)
        assertTrue("buffers outside of the heap: $stages", after.buffers - before.buffers < 5)
        // A step that kept its result would add 200. How many pass from hand to hand varies.
        assertTrue("bitmaps: $stages", after.bitmaps - before.bitmaps < 20)
        val files = File(app.filesDir, "session").list()!!.sorted()
        val expected = 1 + 1 + looks.size // session, photograph, a thumbnail of each look's result
        assertEquals("$files", expected, files.size)
    }

    /** Megabytes in use in the heap and in direct buffers, and bitmaps, whose pixels are in neither. */
    private data class Memory(val heap: Double, val buffers: Double, val bitmaps: Int)

    /** What is reachable. The resident size varies by 100 MB with what malloc keeps for later. */
    private fun memory(): Memory {
        repeat(3) {
            System.gc()
            System.runFinalization()
            Thread.sleep(100)
        }
        val diagnostics = ObjectName("com.sun.management:type=DiagnosticCommand")
        val histogram = ManagementFactory.getPlatformMBeanServer().invoke(
            diagnostics, "gcClassHistogram",
            arrayOf<Any?>(null), arrayOf(Array<String>::class.java.name),
        ) as String
        val bitmaps = histogram.lines().map { it.trim().split(Regex("\\s+")) }
            .filter { it.getOrNull(3) == Bitmap::class.java.name }
        val direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean::class.java)
        return Memory(
            ManagementFactory.getMemoryMXBean().heapMemoryUsage.used / 1e6,
            direct.sumOf { it.memoryUsed } / 1e6,
            bitmaps.sumOf { it[1].toInt() },
        )
    }

    @Test
    fun aVariantThatEndedTheProcessIsNotTriedAgain() {
        val manifest = Manifest.parse(BundledModel(app.assets).manifest())
        val preferences = app.getSharedPreferences("choices", 0)
        preferences.edit().clear().putString("trying", "${manifest.identity} float32").commit()
        mainWithExample()
        assertTrue(studio.state.model!!.lane.variant != "float32")
        assertTrue("float32" in studio.choices.crashed(manifest))
        assertNotNull(studio.state.translation)
    }

    @Test
    fun theFastestVariantIsFoundAndRemembered() {
        app.getSharedPreferences("choices", 0).edit().clear().commit()
        main()
        val manifest = studio.state.model!!.manifest
        val fastest = studio.choices.lane(manifest)!!
        assertEquals(fastest, studio.state.model!!.lane)
        assertTrue(studio.state.model!!.automatic)
        assertFalse("for NPUs", fastest.variant == "static_int8")
        studio.setLane(Lane("float16", 2))
        settle()
        assertEquals("float16", studio.state.model!!.lane.variant)
        assertFalse(studio.state.model!!.automatic)
    }
}
