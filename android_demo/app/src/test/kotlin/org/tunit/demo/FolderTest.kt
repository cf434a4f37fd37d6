// A folder with an exported pair, changed as a test wants it, and opened as a file manager offers it.
package org.tunit.demo

import java.io.File
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import org.junit.Before
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import org.robolectric.Robolectric
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.sha256

abstract class FolderTest : ScreenTest() {
    @get:Rule val temporary = TemporaryFolder()
    protected val folder by lazy { File(temporary.root, "model") }

    @Before
    fun provide() {
        File(System.getProperty("models")).copyRecursively(folder)
        FolderProvider.folder = folder
        Robolectric.setupContentProvider(FolderProvider::class.java, FolderProvider.AUTHORITY)
        choose("float32")
    }

    /** The message after the folder was opened, if there is one. */
    protected fun opened(): String? {
        // No measurement, where there is a manifest to remember it for.
        runCatching { Manifest.parse(File(folder, Manifest.FILE).readText()) }
            .onSuccess { Choices(app).choose(it, Lane("float32", 1)) }
        studio.openModel(FolderProvider.tree)
        settle()
        return studio.state.message?.text
    }

    /** Changes a file and puts its new size and checksum into the manifest. */
    protected fun replace(name: String, content: ByteArray) {
        File(folder, name).writeBytes(content)
        val sum = sha256(content.inputStream())
        rewriteFiles { it + (name to json("""{"bytes": ${content.size}, "sha256": "$sum"}""")) }
    }

    /** Changes the manifest's list of files. */
    protected fun rewriteFiles(change: (JsonObject) -> Map<String, JsonElement>) {
        val files = json(File(folder, Manifest.FILE).readText()).getValue("files").jsonObject
        rewrite("files" to JsonObject(change(files)))
    }

    /** Gives fields of the manifest other values. */
    protected fun rewrite(vararg fields: kotlin.Pair<String, JsonElement>) {
        val file = File(folder, Manifest.FILE)
        file.writeText(JsonObject(json(file.readText()) + fields).toString())
    }

    protected fun json(text: String): JsonObject = Json.parseToJsonElement(text).jsonObject
}
