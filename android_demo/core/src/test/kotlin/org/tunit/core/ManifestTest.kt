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
            for (file in listOf(variant.encoder, variant.generator)) manifest.check(file, File(folder, file).inputStream())
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
        assertEquals(Problem.FILE_CHECKSUM, problem(bytes.clone().also { it[7] = (it[7] + 1).toByte() }))
    }

    @Test
    fun wrongManifestsAreRefused() {
        fun problem(text: String) = assertThrows(Refused::class.java) { Manifest.parse(text) }.problem
        assertEquals(Problem.MANIFEST_NOT_JSON, problem(text.dropLast(9)))
        assertEquals(Problem.MANIFEST_OF_OTHER_KIND, problem("[]"))
        assertEquals(Problem.MANIFEST_OF_OTHER_KIND, refused { it["kind"] = "saved_model" }.problem)
        assertEquals(Problem.MANIFEST_NO_VARIANT, refused { it["variants"] = mapOf<String, Any>() }.problem)
        for (field in listOf("image_size", "style_dim", "num_domains", "files", "variants", "signatures", "recommended")) {
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
            assertEquals(Problem.OUTSIDE_OF_FOLDER, refused { it["variants"] = mapOf("float32" to variant) }.problem)
        }
    }

    @Test
    fun everyProblemHasASentenceInEveryLanguage() {
        val languages = listOf("values", "values-de").map { sentences(it) }
        for (problem in Problem.entries) {
            val texts = languages.map { it[problem.resource] ?: throw AssertionError(problem.resource) }
            val places = texts.map { text -> Regex("%\\d\\$.").findAll(text).map { it.value }.toSortedSet() }
            assertEquals(problem.resource, places[0], places[1])
            for (text in texts) assertTrue(text, text.endsWith(".") || text.endsWith("?"))
        }
        assertEquals("no sentence without a problem", Problem.entries.size, languages[0].size)
        assertEquals(sentences("values", "strings.xml").keys, sentences("values-de", "strings.xml").keys)
    }

    /** The folder that Python's and the page's tests read as well. */
    @Test
    fun sharedManifestsAreReadAndRefusedAsEverywhere() {
        val shared = File("../tests/manifests")
        val english = sentences("values")
        val cases = (Json.parse(File(shared, "cases.json").readText()) as List<*>).map { it as Map<*, *> }
        assertTrue(cases.count { it["ok"] == false } >= 20)
        for (case in cases) {
            val said = try {
                Manifest.parse(File(shared, case["file"] as String).readText())
                null
            } catch (refused: Refused) {
                String.format(english.getValue(refused.problem.resource), *refused.arguments)
            }
            if (case["ok"] == true) assertEquals("${case["file"]}", null, said)
            else assertTrue("${case["file"]}: $said", said.orEmpty().contains(case["words"] as String))
        }
    }

    private fun sentences(folder: String, file: String = "problems.xml"): Map<String, String> {
        val document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
            .parse(File("app/src/main/res/$folder/$file"))
        val nodes = document.getElementsByTagName("string")
        return (0 until nodes.length).map { nodes.item(it) as Element }
            .associate { it.getAttribute("name") to it.textContent.replace("\\'", "'") }
    }
}
