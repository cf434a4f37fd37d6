// What phones do to apps: turned, ended, tapped twice, given rubbish, out of space.
package org.tunit.demo

import android.content.Intent
import android.net.Uri
import android.view.View
import java.io.File
import java.lang.management.ManagementFactory
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.core.Manifest
import org.tunit.core.Resample

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
        settle()
        val before = studio.state
        main(saved = endProcess(screen))
        val after = studio.state
        assertFalse(after === before)
        assertArrayEquals(before.translation!!.square, translation().square)
        assertEquals(before.picture!!.box, after.picture!!.box)
        fun chosen(state: State) = listOf(state.first, state.second, state.mix, state.strength)
        assertEquals(chosen(before), chosen(after))
        assertEquals(before.looks.map { it.id }.toSet(), after.looks.map { it.id }.toSet())
        assertEquals(before.earlier.map { it.key }, after.earlier.map { it.key })
    }

    @Test
    fun ofTwoTapsAtOnceTheSecondCounts() {
        val looks = main().get().findViewById<View>(R.id.looks)
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
            assertTrue("$name: ${studio.state.message?.text}", studio.state.message!!.isProblem)
            studio.addLooks(listOf(uri(name)))
            settle()
            assertTrue(studio.state.message!!.isProblem)
            assertEquals("photo.png", studio.state.picture!!.name)
        }
        studio.translate()
        settle()
        assertArrayEquals(before, translation().square)
        val copies = File(app.filesDir, "session").list()!!.filter { "picture" in it || "own" in it }
        assertEquals("only the photograph's copy is kept", 1, copies.size)
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
    fun aFullDiskIsReported() {
        main(send("photo.png"))
        redrawn("reef")
        shadowOf(app.contentResolver).registerOutputStream(FULL, File("/dev/full").outputStream())
        Results(studio).save(translation(), 4, FULL)
        settle()
        val shown = studio.state.message!!.text
        assertTrue(shown, shown.startsWith("The storage is full"))
        assertEquals("reef", translation().lookName)
    }

    @Test
    fun theResultIsSavedAtEverySizeAndShared() {
        val screen = main(send("photo.png"))
        redrawn("reef")
        val size = studio.state.model!!.manifest.imageSize
        for (factor in 1..4) {
            val file = File(app.cacheDir, "saved_$factor.png")
            shadowOf(app.contentResolver).registerOutputStream(Uri.fromFile(file), file.outputStream())
            Results(studio).save(translation(), factor, Uri.fromFile(file))
            settle()
            assertEquals("Saved.", studio.state.message!!.text)
            val saved = Pictures.square(Pictures.decode(file), null, factor * size)
            assertArrayEquals(Resample.enlarge(translation().square, size, factor), saved)
        }
        screen.get().findViewById<View>(R.id.share).performClick()
        settle()
        val chooser = shadowOf(screen.get()).nextStartedActivity
        val sent = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        val stream = sent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        assertEquals("content", stream.scheme)
        assertTrue(stream.path!!, stream.path!!.endsWith("photo_reef.png"))
    }

    @Test
    fun memoryStaysFlatOver200Translations() {
        main(send("photo.png"))
        val looks = studio.state.looks
        fun translate(times: Int) = repeat(times) {
            studio.choose(looks[it % looks.size].id)
            studio.setStrength(0.5f + it % 10 / 10f)
            settle()
        }
        val stages = List(4) {
            translate(100)
            memory()
        }
        println("memory: after 100, 200, ... translations, MB in the heap and outside of it: $stages")
        // A bitmap that is kept in each of the last 200 would be 50 MB outside of the heap.
        val (before, after) = stages[1] to stages[3]
        assertTrue("heap: $stages", after.first - before.first < 5)
        assertTrue("outside of the heap: $stages", after.second - before.second < 25)
    }

    /** Megabytes in use in the heap, and resident outside of it. */
    private fun memory(): kotlin.Pair<Double, Double> {
        repeat(3) {
            System.gc()
            System.runFinalization()
            Thread.sleep(100)
        }
        val heap = ManagementFactory.getMemoryMXBean().heapMemoryUsage
        return heap.used / 1e6 to Engine.residentMegabytes() - heap.committed / 1e6
    }

    @Test
    fun aVariantThatEndedTheProcessIsNotTriedAgain() {
        val manifest = Manifest.parse(BundledModel(app.assets).manifest())
        val preferences = app.getSharedPreferences("choices", 0)
        preferences.edit().clear().putString("trying", "${manifest.identity} float32").commit()
        main()
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

    @Test
    fun earlierResultsComeBack() {
        main(send("photo.png"))
        val first = redrawn("reef")
        redrawn("moss")
        studio.show(studio.state.earlier.first { it.lookName == "reef" })
        settle()
        assertArrayEquals(first, translation().square)
        assertEquals("reef", translation().lookName)
        (app as TunitApp).forget() // the end of the process
        main()
        assertArrayEquals(first, translation().square)
        studio.choose(look("moss").id)
        settle()
        assertEquals("moss", translation().lookName)
    }

    private companion object {
        val FULL: Uri = Uri.parse("content://org.tunit.test.full/document")
    }
}
