// A folder with an exported pair, changed as a test wants it, and opened as a file manager offers it.
package org.tunit.demo

import java.io.File
import org.junit.Before
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import org.robolectric.Robolectric
import org.tunit.core.Json
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

    /** What the app says of the folder. */
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
        val entry = mapOf("bytes" to content.size, "sha256" to sha256(content.inputStream()))
        rewrite { it + ("files" to (it["files"] as Map<*, *>) + (name to entry)) }
    }

    protected fun rewrite(change: (Map<*, *>) -> Map<*, *>) {
        val file = File(folder, "manifest.json")
        file.writeText(Json.write(change(Json.parse(file.readText()) as Map<*, *>)))
    }
}
