// Pictures that a model's manifest names are shown beside the app's own, once they are verified.
package org.tunit.demo

import java.io.File
import kotlinx.serialization.json.JsonArray
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config

@Config(sdk = [36])
class ModelExamplesTest : FolderTest() {
    @Before
    fun addExamples() {
        replace("mine.png", File(pictures, "photo.png").readBytes())
        replace("its_look.png", File("../docs/images/looks/reef.png").readBytes())
        val examples = listOf(
            named("mine.png", "picture", "My cat"), named("its_look.png", "look", "Long hair"),
        )
        rewrite("examples" to JsonArray(examples))
        mainWithExample()
    }

    private fun named(file: String, role: String, caption: String) =
        json("""{"file": "$file", "role": "$role", "caption": "$caption"}""")

    private val ofModel get() = studio.state.looks.filter { it.kind == LookKind.EXAMPLE }

    /** The model is used, one example is not shown. */
    private fun assertLeftOut(sentence: String?, pictures: Int, looks: Int) {
        assertEquals(sentence, opened())
        assertFalse(studio.state.model!!.bundled)
        assertEquals(pictures, studio.state.examples.size)
        assertEquals(looks, ofModel.size)
        translation()
    }

    @Test
    @Config(sdk = [28, 36])
    fun examplesOfAFolderAreNamedPicturesAndLooks() {
        assertLeftOut(null, pictures = 1, looks = 1)
        assertEquals(listOf("My cat"), studio.state.examples.map { it.name })
        assertEquals(listOf("Long hair"), studio.state.looks.map { it.name })
        folder.deleteRecursively() // the app has its own copies
        studio.setPicture(studio.state.examples[0].source)
        studio.choose(look("Long hair").id)
        settle()
        val expected = bytes(expected.translated["float32"])
        assertClose(expected, translation().square, 1, "a model's own examples")
    }

    @Test
    fun aModelWithoutLooksShowsItsAverages() {
        rewrite("examples" to JsonArray(emptyList()))
        assertEquals(null, opened())
        assertEquals(emptyList<ExampleFile>(), studio.state.examples)
        val averages = studio.state.model!!.manifest.domains
        assertEquals(averages.map { "Look ${it.number + 1}" }, studio.state.looks.map { it.name })
        translation()
    }

    @Test
    fun aMissingExampleIsReported() {
        File(folder, "its_look.png").delete()
        val missing = "The example its_look.png is missing, so it is not shown: " +
            "copy the whole folder again."
        assertLeftOut(missing, pictures = 1, looks = 0)
    }

    @Test
    fun aDamagedExampleIsReported() {
        val file = File(folder, "mine.png")
        file.writeBytes(file.readBytes().also { it[99] = (it[99] + 1).toByte() })
        assertLeftOut(damaged("mine.png"), pictures = 0, looks = 1)
    }

    @Test
    fun anExampleThatIsNoPictureIsReported() {
        replace("its_look.png", "no picture".toByteArray())
        assertLeftOut(damaged("its_look.png"), pictures = 1, looks = 0)
    }

    @Test
    fun anExampleWithoutAChecksumIsNotShown() {
        rewriteFiles { it - "mine.png" }
        assertTrue(opened()!!.startsWith("The example mine.png is missing"))
        assertEquals(emptyList<String>(), studio.state.examples.map { it.id }.filter { "mine" in it })
    }

    private fun damaged(name: String) =
        "The example $name is damaged or was replaced, so it is not shown: copy the whole folder again."
}
