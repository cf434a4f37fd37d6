// A real manifest is read; every way of being wrong has its sentence, in every language.
package org.tunit.core

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element

class ManifestTest {
    private val folder = File(System.getProperty("models"))
    private val text = File(folder, "manifest.json").readText()
    private val manifest = Manifest.parse(text)
    private val shared = File("../tests/manifests")

    /** The manifest with a field of another value in JSON, or without the field. */
    private fun with(field: String, value: String?): String {
        val fields: Map<String, JsonElement> = Json.parseToJsonElement(text).jsonObject - field
        val added = if (value == null) emptyMap() else mapOf(field to Json.parseToJsonElement(value))
        return JsonObject(fields + added).toString()
    }

    private fun refused(field: String, value: String?): Refused =
        assertThrows("$field: $value", Refused::class.java) { Manifest.parse(with(field, value)) }

    @Test
    fun everyFileOfARealPairIsWhatItsManifestSays() {
        assertTrue(manifest.variants.size >= 4)
        for (variant in manifest.variants) {
            for (name in listOf(variant.encoder, variant.generator)) {
                manifest.check(name, File(folder, name).inputStream())
            }
        }
        assertTrue(manifest.domains.all { it.averageStyle.size == manifest.styleDim })
    }

    @Test
    fun filesThatAreNotWhatTheManifestSaysAreRefused() {
        val name = manifest.variants[0].encoder
        val bytes = File(folder, name).readBytes()
        fun problem(content: ByteArray?) =
            assertThrows(Refused::class.java) { manifest.check(name, content?.inputStream()) }.problem
        assertEquals(Problem.FILE_MISSING, problem(null))
        assertEquals(Problem.FILE_SIZE, problem(bytes + 0))
        assertEquals(Problem.FILE_SIZE, problem(bytes.copyOf(bytes.size / 2)))
        val damaged = bytes.clone().also { it[7] = (it[7] + 1).toByte() }
        assertEquals(Problem.FILE_CHECKSUM, problem(damaged))
    }

    @Test
    fun wrongManifestsAreRefused() {
        fun problem(text: String) = assertThrows(Refused::class.java) { Manifest.parse(text) }.problem
        assertEquals(Problem.MANIFEST_NOT_JSON, problem(text.dropLast(9)))
        assertEquals(Problem.MANIFEST_OF_OTHER_KIND, problem("[]"))
        assertEquals(Problem.MANIFEST_OF_OTHER_KIND, refused("kind", "\"saved_model\"").problem)
        assertEquals(Problem.MANIFEST_NO_VARIANT, refused("variants", "{}").problem)
        val sizes = listOf("image_size", "style_dim", "num_domains")
        for (field in sizes + listOf("files", "variants", "signatures", "recommended")) {
            for (wrong in listOf(null, "null")) {
                val refused = refused(field, wrong)
                assertEquals(Problem.MANIFEST_FIELD, refused.problem)
                assertTrue(refused.arguments[0].toString().startsWith(field))
            }
        }
        refused("value_range", "[0.0, 1.0]")
        for (size in listOf("\"128\"", "0", "-4.0", "32.5", "1e9", "NaN")) refused("image_size", size)
        refused("domains", """[{"images": 3, "average_style": [1.0]}]""")
    }

    @Test
    fun aFileOutsideOfTheFolderIsRefused() {
        for (name in listOf("../../secret", "/etc/passwd", ".hidden")) {
            val variant = """{"shipped": true, "encoder": "$name", "generator": "$name"}"""
            val outside = refused("variants", """{"float32": $variant}""")
            assertEquals(Problem.OUTSIDE_OF_FOLDER, outside.problem)
        }
    }

    @Test
    fun examplesAreReadByTheirRoles() {
        val good = Manifest.parse(File(shared, "good.json").readText())
        assertEquals(listOf("example.png" to false), good.examples.map { it.file to it.isLook })
        for (none in listOf(null, "null", "[]")) {
            assertEquals(emptyList<Example>(), Manifest.parse(with("examples", none)).examples)
        }
        fun example(file: String, role: String) = """{"file": $file, "role": $role}"""
        val outside = "[${example("\"../a.png\"", "\"look\"")}]"
        val unnamed = listOf(example("1.0", "\"look\""), example("\"a\"", "null")).map { "[$it]" }
        for (wrong in unnamed + outside + "\"a.png\"") {
            assertEquals("examples", refused("examples", wrong).arguments.single())
        }
        val (look, newer) = example("\"a.png\"", "\"look\"") to example("\"b.gif\"", "\"sound\"")
        val read = Manifest.parse(with("examples", "[$look, $newer]")).examples
        assertEquals(listOf("a.png" to true), read.map { it.file to it.isLook })
    }

    @Test
    fun captionsDetailAndResizingAreRead() {
        val look = """{"file": "look_a-b.png", "role": "look", "caption": "Long hair"}"""
        fun caption(example: String) =
            Manifest.parse(with("examples", "[$example]")).examples[0].caption
        assertEquals("Long hair", caption(look))
        assertEquals("A b", caption(look.replace("Long hair", "")))
        assertEquals("A b", caption("""{"file": "look_a-b.png", "role": "look"}"""))
        assertEquals(0.25f, Manifest.parse(with("detail", "0.25")).detail)
        assertEquals("all of it", 1f, Manifest.parse(with("detail", null)).detail)
        for ((resize, stretch) in listOf("crop" to false, "stretch" to true)) {
            assertEquals(stretch, Manifest.parse(with("resize", "\"$resize\"")).stretch)
        }
    }

    @Test
    fun everyProblemHasASentenceInEveryLanguage() {
        val languages = listOf("values", "values-de").map { sentences(it) }
        for (problem in Problem.entries) {
            val texts = languages.map { it[problem.resource] ?: throw AssertionError(problem.resource) }
            assertEquals(problem.resource, places(texts[0]), places(texts[1]))
            for (text in texts) assertTrue(text, text.endsWith(".") || text.endsWith("?"))
        }
        assertEquals("no sentence without a problem", Problem.entries.size, languages[0].size)
        val (english, german) = listOf("values", "values-de").map { sentences(it, "strings.xml") }
        assertEquals(english.keys, german.keys)
        for ((name, text) in english) assertEquals(name, places(text), places(german.getValue(name)))
    }

    /** The good manifest with one field changed, as Python's and the page's tests read it too. */
    @Test
    fun sharedManifestsAreReadAndRefusedAsEverywhere() {
        val good = Json.parseToJsonElement(File(shared, "good.json").readText())
        val english = sentences("values")
        val cases = Json.parseToJsonElement(File(shared, "cases.json").readText()).jsonArray
            .map { it.jsonObject }
        assertTrue(cases.count { "words" in it } >= 25)
        for (case in cases) {
            val manifest = changed(good, case.getValue("path").jsonArray, case["value"])
            val sentence = try {
                Manifest.parse(manifest.toString())
                null
            } catch (refused: Refused) {
                String.format(english.getValue(refused.problem.resource), *refused.arguments)
            }
            val words = case["words"]?.jsonPrimitive?.content
            val name = case["name"].toString()
            if (words == null) assertEquals(name, null, sentence)
            else assertTrue("$name: $sentence", sentence.orEmpty().contains(words))
        }
    }

    /** [part] with a value at a path of keys; without a value, the field is deleted. */
    private fun changed(part: JsonElement, path: List<JsonElement>, value: JsonElement?): JsonElement {
        val key = path[0].jsonPrimitive
        fun inside(old: JsonElement?) =
            if (path.size == 1) value else changed(old!!, path.drop(1), value)
        if (part is JsonArray) {
            val new = inside(part[key.int])
            return JsonArray(part.take(key.int) + listOfNotNull(new) + part.drop(key.int + 1))
        }
        val new = inside(part.jsonObject[key.content])
        val others: Map<String, JsonElement> = part.jsonObject - key.content
        return JsonObject(if (new == null) others else others + (key.content to new))
    }

    /** What is filled into a text. */
    private fun places(text: String) = PLACE.findAll(text).map { it.value }.toSortedSet()

    private fun sentences(folder: String, file: String = "problems.xml"): Map<String, String> {
        val document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
            .parse(File("app/src/main/res/$folder/$file"))
        val nodes = document.getElementsByTagName("string")
        return (0 until nodes.length).map { nodes.item(it) as Element }
            .associate { it.getAttribute("name") to it.textContent.replace("\\'", "'") }
    }

    private companion object {
        val PLACE = Regex("%\\d\\$.")
    }
}
