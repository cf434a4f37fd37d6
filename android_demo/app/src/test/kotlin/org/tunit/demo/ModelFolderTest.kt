// Another exported folder is opened: taken whole, or refused with a sentence while the old model stays.
package org.tunit.demo

import java.io.File
import kotlinx.serialization.json.JsonPrimitive
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

@Config(sdk = [36])
class ModelFolderTest : FolderTest() {
    private val manifest by lazy { Manifest.parse(File(folder, "manifest.json").readText()) }

    @Before
    fun start() {
        mainWithExample()
    }

    private fun assertRefused(part: String) {
        val before = translation().square
        val message = opened()
        assertTrue("message: $message", message.orEmpty().contains(part))
        assertTrue(studio.state.model!!.bundled)
        studio.translate()
        settle()
        assertTrue(before.contentEquals(translation().square))
        assertFalse(File(app.filesDir, "model").exists())
        assertFalse(File(app.filesDir, "model.new").exists())
    }

    @Test
    fun aWholeFolderIsTakenAndKept() {
        rewrite("title" to JsonPrimitive("My cats"))
        assertEquals(null, opened())
        assertFalse(studio.state.model!!.bundled)
        assertEquals("My cats", studio.state.model!!.manifest.title)
        folder.deleteRecursively() // the card was taken out: the app has its own copy
        (app as TunitApp).forget()
        settle()
        assertEquals("My cats", studio.state.model!!.manifest.title)
        translation()
        studio.useBundledModel()
        settle()
        assertTrue(studio.state.model!!.bundled)
    }

    @Test
    fun aCopyThatWasDamagedLaterGivesWayToTheAppsModel() {
        opened()
        val copies = File(app.filesDir, "model").listFiles()!!
        copies.filter { it.extension == "tflite" }.forEach { it.writeText("") }
        (app as TunitApp).forget()
        settle()
        assertTrue(studio.state.model!!.bundled)
        assertTrue(studio.state.message!!.isProblem)
        translation()
    }

    @Test
    fun theModelOfBeforeStaysWhereTheNewOneCannotTakeItsPlace() {
        rewrite("title" to JsonPrimitive("My cats"))
        assertEquals(null, opened())
        rewrite("title" to JsonPrimitive("My dogs"))
        val home = File(app.filesDir, "model")
        val store = ModelStore(app, studio.models.bundled) { from, to ->
            from.name != "model.new" && from.renameTo(to)
        }
        val refused = assertThrows(Refused::class.java) { store.open(FolderProvider.tree) }
        assertEquals(Problem.CANNOT_WRITE, refused.problem)
        assertEquals("My cats", Manifest.parse(store.current().manifest()).title)
        val whole = (manifest.models + manifest.examples.map { it.file } + Manifest.FILE).toSet()
        assertEquals(whole, home.list()!!.toSet())
        assertEquals(emptyList<String>(), app.filesDir.list()!!.filter { it.startsWith("model.") })
    }

    @Test
    fun theModelOfBeforeStaysWhereTheProcessEndsWhileTheyChangePlaces() {
        rewrite("title" to JsonPrimitive("My cats"))
        assertEquals(null, opened())
        rewrite("title" to JsonPrimitive("My dogs"))
        val store = ModelStore(app, studio.models.bundled) { from, to ->
            if (from.name == "model.new") throw Error("the end of the process")
            from.renameTo(to)
        }
        assertThrows(Error::class.java) { store.open(FolderProvider.tree) }
        (app as TunitApp).forget()
        settle()
        assertEquals("My cats", studio.state.model!!.manifest.title)
        translation()
        assertEquals(null, opened())
        assertEquals("My dogs", studio.state.model!!.manifest.title)
        studio.useBundledModel()
        settle()
        assertEquals(emptyList<String>(), app.filesDir.list()!!.filter { it.startsWith("model") })
    }

    @Test
    fun aVariantThatIsChosenWhileAnotherModelIsOpenedIsNotOfThatModel() {
        rewrite("title" to JsonPrimitive("My cats"))
        val new = Manifest.parse(File(folder, "manifest.json").readText())
        Choices(app).choose(new, Lane("float32", 1))
        studio.openModel(FolderProvider.tree)
        studio.setLane(Lane("float16", 1))
        settle()
        assertEquals("My cats", studio.state.model!!.manifest.title)
        assertEquals(Lane("float32", 1), studio.state.model!!.lane)
        studio.setStrength(0.5f)
        settle()
        assertEquals(Lane("float32", 1), translation().lane)
    }

    @Test
    fun aMissingManifestIsReported() {
        File(folder, "manifest.json").delete()
        assertRefused("There is no manifest.json")
    }

    @Test
    fun aMissingFileIsReported() {
        File(folder, manifest.variants[1].generator).delete()
        assertRefused("${manifest.variants[1].generator} is missing")
    }

    @Test
    fun aDamagedFileIsReported() {
        val file = File(folder, manifest.variants[0].encoder)
        file.writeBytes(file.readBytes().also { it[99] = (it[99] + 1).toByte() })
        assertRefused("The checksum of ${file.name}")
    }

    @Test
    fun aTruncatedFileIsReported() {
        val file = File(folder, manifest.variants[0].encoder)
        file.writeBytes(file.readBytes().copyOf(1000))
        assertRefused("should have")
    }

    @Test
    fun aNewerManifestIsReported() {
        rewrite("schema_version" to JsonPrimitive("2.0"))
        assertRefused("schema_version 2.0, this app reads 1.x")
    }

    @Test
    fun theOtherFileOfThePairIsReported() {
        val variant = manifest.variant(null)
        replace(variant.encoder, File(folder, variant.generator).readBytes())
        assertRefused("${variant.encoder} should have the signature encode and has generate")
    }

    @Test
    fun aModelOfAnotherSizeIsReported() {
        rewrite("image_size" to JsonPrimitive(2 * manifest.imageSize))
        assertRefused("belongs to another model")
    }

    @Test
    fun rubbishIsReported() {
        replace(manifest.variant(null).encoder, ByteArray(5000) { it.toByte() })
        assertRefused("is not a model that this phone can compute")
    }
}
