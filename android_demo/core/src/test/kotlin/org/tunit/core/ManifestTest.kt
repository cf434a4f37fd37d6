// A real manifest is read; every way of being wrong has its sentence, in every language.
package org.tunit.core

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element

class ManifestTest {
    private val folder = File(System.getProperty("models"))
    private val text = File(folder, "manifest.json").readText()
    private val manifest = Manifest.parse(text)

    private fun refused(change: (MutableMap<String, Any?>) -> Unit): Refused {
        @Suppress("UNCHECKED_CAST")
        val changed = (Json.parse(text) as Map<String, Any?>).toMutableMap().apply(change)
        return assertThrows(Refused::class.java) { Manifest.parse(Json.write(changed)) }
    }

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
        assertEquals(Problem.MANIFEST_OF_OTHER_KIND, refused { it["kind"] = "saved_model" }.problem)
        val empty = refused { it["variants"] = mapOf<String, Any>() }
        assertEquals(Problem.MANIFEST_NO_VARIANT, empty.problem)
        val sizes = listOf("image_size", "style_dim", "num_domains")
        for (field in sizes + listOf("files", "variants", "signatures", "recommended")) {
            val missing = refused { it.remove(field) }
            assertEquals(Problem.MANIFEST_FIELD, missing.problem)
            assertTrue(missing.arguments[0].toString().startsWith(field))
        }
        refused { it["value_range"] = listOf(0.0, 1.0) }
        for (size in listOf("128", 0.0, -4.0, 32.5, 1e9)) refused { it["image_size"] = size }
        refused { it["domains"] = listOf(mapOf("images" to 3.0, "average_style" to listOf(1.0))) }
    }

    @Test
    fun aFileOutsideOfTheFolderIsRefused() {
        for (name in listOf("../../secret", "/etc/passwd", ".hidden")) {
            val variant = mapOf("shipped" to true, "encoder" to name, "generator" to name)
            val outside = refused { it["variants"] = mapOf("float32" to variant) }
            assertEquals(Problem.OUTSIDE_OF_FOLDER, outside.problem)
        }
    }

    @Test
    fun examplesAreReadByTheirRoles() {
        val shared = Manifest.parse(File("../tests/manifests/good.json").readText())
        assertEquals(listOf("example.png" to false), shared.examples.map { it.file to it.isLook })
        @Suppress("UNCHECKED_CAST")
        val known = Json.parse(text) as Map<String, Any?> - "examples"
        assertEquals(emptyList<Example>(), Manifest.parse(Json.write(known)).examples)
        fun example(file: Any?, role: Any?) = listOf(mapOf("file" to file, "role" to role))
        val outside = example("../a.png", "look")
        for (wrong in listOf("a.png", outside, example(1.0, "look"), example("a", null))) {
            val said = refused { it["examples"] = wrong }
            assertEquals("examples", said.arguments.single())
        }
        val newer = known + ("examples" to example("a.png", "look") + example("b.gif", "sound"))
        val read = Manifest.parse(Json.write(newer)).examples
        assertEquals(listOf("a.png" to true), read.map { it.file to it.isLook })
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
        val shared = File("../tests/manifests")
        val english = sentences("values")
        val listed = Json.parse(File(shared, "cases.json").readText()) as List<*>
        val cases = listed.map { it as Map<*, *> }
        assertTrue(cases.count { "words" in it } >= 25)
        for (case in cases) {
            val manifest = Json.parse(File(shared, "good.json").readText())
            val said = try {
                Manifest.parse(Json.write(changed(manifest, case["path"] as List<*>, case)))
                null
            } catch (refused: Refused) {
                String.format(english.getValue(refused.problem.resource), *refused.arguments)
            }
            val words = case["words"] as String?
            if (words == null) assertEquals("${case["name"]}", null, said)
            else assertTrue("${case["name"]}: $said", said.orEmpty().contains(words))
        }
    }

    /** [part] with the value of [case] at a path of keys; without a value, the field is deleted. */
    private fun changed(part: Any?, path: List<*>, case: Map<*, *>): Any? {
        val deletes = path.size == 1 && "value" !in case
        fun inside(old: Any?) =
            if (path.size == 1) case["value"] else changed(old, path.drop(1), case)
        if (part is List<*>) {
            val index = (path[0] as Double).toInt()
            val before = part.take(index)
            return if (deletes) before + part.drop(index + 1)
            else before + listOf(inside(part[index])) + part.drop(index + 1)
        }
        val fields = (part as Map<*, *>).mapKeys { it.key as String }
        val key = path[0] as String
        return if (deletes) fields - key else fields + (key to inside(fields[key]))
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
