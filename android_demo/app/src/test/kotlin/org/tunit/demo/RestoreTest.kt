// What comes back after the end of the process, beside the session: a place to save, a choice of looks.
package org.tunit.demo

import android.net.Uri
import java.io.File
import java.io.IOException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.BundledModel
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.Pixels

@Config(sdk = [36])
class RestoreTest : ScreenTest() {
    @get:Rule val temporary = TemporaryFolder()

    @Before
    fun plain() = choose("float32")

    @Test
    fun aResultIsSavedWhenTheProcessEndedBehindTheDialog() {
        val screen = main(send("photo.png"))
        studio.choose(look("reef").id)
        settle()
        val redrawn = rgb(translation().redrawn)
        val saved = endProcess(screen)
        val file = File(app.cacheDir, "late.png")
        shadowOf(app.contentResolver).registerOutputStream(Uri.fromFile(file), file.outputStream())
        val after = Robolectric.buildActivity(MainActivity::class.java).setup(saved)
        answer(after, Requests.SAVE, Uri.fromFile(file))
        settle()
        val decibels = Pixels.psnr(redrawn, rgb(Pictures.decode(file, "late").bitmap))
        assertTrue("JPEG: $decibels dB", decibels > 35)
    }

    @Test
    fun aDocumentForWhichNoResultComesIsDeleted() {
        val provider =
            Robolectric.setupContentProvider(DocumentsProvider::class.java, DocumentsProvider.AUTHORITY)
        val screen = main(send("photo.png"))
        val saved = endProcess(screen)
        File(app.filesDir, "session").listFiles()!!.filter { "picture" in it.name }
            .forEach { it.delete() }
        val after = Robolectric.buildActivity(MainActivity::class.java).setup(saved)
        answer(after, Requests.SAVE, DocumentsProvider.new)
        settle()
        assertEquals(null, studio.state.translation)
        assertEquals(listOf(DocumentsProvider.new), provider.deleted)
        provider.deleted.clear()
        val table = open(GridActivity::class.java)
        answer(table, Requests.SAVE, DocumentsProvider.new)
        table.get().finish()
        table.pause()
        settle()
        assertEquals("the table was not redrawn", listOf(DocumentsProvider.new), provider.deleted)
    }

    @Test
    fun looksThatAreChosenBehindTheEndOfTheProcessAreTaken() {
        val saved = endProcess(main(send("photo.png")))
        val after = Robolectric.buildActivity(MainActivity::class.java).setup(saved)
        answer(after, Requests.LOOKS, uri("alpha.png"))
        settle()
        assertEquals(null, studio.state.message)
        val looks = studio.state.looks.map { it.name }
        assertEquals("${studio.state.first} of $looks", "Alpha", translation().lookName)
        assertEquals("photo.png", studio.state.picture!!.name)
    }

    @Test
    fun aGpuThatIsNotThereGivesWayToTheCpuWithASentence() {
        val manifest = Manifest.parse(BundledModel(app.assets).manifest())
        Choices(app).choose(manifest, Lane("float32", 1, gpu = true))
        main()
        assertEquals(app.getString(R.string.problem_gpu_failed), studio.state.message!!.text)
        studio.setPicture(studio.state.examples[0].source)
        settle()
        assertEquals(Lane("float32", 1), translation().lane)
        (app as TunitApp).forget()
        main()
        assertEquals("reported once", null, studio.state.message)
        studio.setLane(Lane("float16", 1, gpu = true))
        settle()
        assertEquals(app.getString(R.string.problem_gpu_failed), studio.state.message!!.text)
        assertEquals(Lane("float32", 1), studio.state.model!!.lane)
    }

    @Test
    fun aVariantThatTheGpuRefusesLeavesTheOneOfBeforeOnTheCpu() {
        mainWithExample()
        // As on a phone on whose GPU float16 was computed.
        val model = studio.state.model!!
        val before = LoadedModel(model.manifest, Lane("float16", 1, gpu = true), false, true)
        studio.state = studio.state.copy(model = before)
        studio.setLane(Lane("weight_int8", 1, gpu = true))
        studio.setStrength(0.5f) // while it is loaded
        settle()
        assertEquals(app.getString(R.string.problem_gpu_failed), studio.state.message!!.text)
        assertEquals(Lane("float16", 1), studio.state.model!!.lane)
        assertEquals(Lane("float16", 1), translation().lane)
        (app as TunitApp).forget()
        main()
        assertEquals("kept", Lane("float16", 1), studio.state.model!!.lane)
        assertEquals("by the user's choice", false, studio.state.model!!.automatic)
    }

    @Test
    fun aFileIsWrittenWholeOrStaysAsItWas() {
        val file = temporary.newFile().apply { writeText("before") }
        assertThrows(IOException::class.java) {
            writeWhole(file) {
                it.write("half".toByteArray())
                throw IOException("the disk is full")
            }
        }
        assertEquals("before", file.readText())
        writeWhole(file) { it.write("after".toByteArray()) }
        assertEquals("after", file.readText())
        assertEquals(listOf(file.name), temporary.root.list()!!.toList())
    }

    @Test
    fun aSessionThatCannotBeKeptIsReported() {
        mainWithExample()
        val file = File(app.filesDir, "session/session.json")
        assertTrue(file.delete())
        File(file, "something").mkdirs() // which no file can replace
        studio.setStrength(0.5f)
        settle()
        assertEquals(app.getString(R.string.problem_cannot_write), studio.state.message!!.text)
        assertFalse(File("${file.path}.new").exists())
        assertTrue(file.deleteRecursively())
        studio.setStrength(0.75f)
        settle()
        assertEquals(null, studio.state.message)
        assertEquals(0.75f, studio.store.session()!!.strength)
    }
}
