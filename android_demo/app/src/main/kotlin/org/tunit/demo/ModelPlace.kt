// Where a model's files lie: in the app, or in a folder that was opened and copied.
package org.tunit.demo

import android.content.ContentResolver
import android.content.Context
import android.content.res.AssetManager
import android.net.Uri
import android.provider.DocumentsContract
import java.io.File
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

interface ModelPlace {
    /** The manifest's text; throws [Refused]. */
    fun manifest(): String

    /** A file's bytes in memory that is not the heap's; throws [Refused]. */
    fun map(name: String): ByteBuffer
}

class BundledModel(
    private val assets: AssetManager,
    private val folder: String = FOLDER,
) : ModelPlace {
    /** Whether the app was built with a model. */
    val isThere: Boolean get() = Manifest.FILE in assets.list(folder).orEmpty()

    override fun manifest(): String = try {
        assets.open("$folder/${Manifest.FILE}").use { it.readBytes().decodeToString() }
    } catch (_: IOException) {
        throw Refused(Problem.NO_MODEL)
    }

    override fun map(name: String): ByteBuffer = try {
        assets.openFd("$folder/$name").use { file ->
            FileInputStream(file.fileDescriptor).use {
                it.channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.length)
            }
        }
    } catch (_: FileNotFoundException) {
        read(name)
    }

    /** Where the build stored it compressed. */
    private fun read(name: String): ByteBuffer = try {
        val bytes = assets.open("$folder/$name").use { it.readBytes() }
        val buffer = ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder())
        buffer.duplicate().put(bytes)
        buffer
    } catch (_: IOException) {
        throw Refused(Problem.FILE_MISSING, name)
    }

    companion object {
        const val FOLDER = "model"
    }
}

class FolderModel(val folder: File) : ModelPlace {
    override fun manifest(): String = try {
        File(folder, Manifest.FILE).readText()
    } catch (_: IOException) {
        throw Refused(Problem.MANIFEST_MISSING)
    }

    override fun map(name: String): ByteBuffer = try {
        FileInputStream(File(folder, name)).use {
            it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size())
        }
    } catch (_: IOException) {
        throw Refused(Problem.FILE_MISSING, name)
    }
}

/** The folder that was opened last, as a copy, since another app can remove the folder any time. */
class ModelStore(private val context: Context, val bundled: BundledModel) {
    private val home = File(context.filesDir, "model")

    /** What was opened last, or the app's own. */
    fun current(): ModelPlace =
        if (File(home, Manifest.FILE).exists()) FolderModel(home) else bundled

    fun useBundled() {
        home.deleteRecursively()
    }

    /**
     * Copies a tree that the user has chosen, checking every file; all of it or nothing.
     *
     * Throws [Refused].
     */
    fun open(tree: Uri) {
        val files = Tree(context.contentResolver, tree)
        val text = files.open(Manifest.FILE)?.use { it.readBytes().decodeToString() }
            ?: throw Refused(Problem.MANIFEST_MISSING)
        val manifest = Manifest.parse(text)
        val new = File(context.filesDir, "model.new")
        new.deleteRecursively()
        try {
            new.mkdirs()
            for (name in manifest.models) copy(manifest, name, files, new)
            for (name in manifest.examples.map { it.file } - manifest.models.toSet()) {
                try {
                    copy(manifest, name, files, new)
                } catch (_: Refused) { // Examples.kt reports that it is missing
                }
            }
            File(new, Manifest.FILE).writeText(text)
            Pair(FolderModel(new), manifest, Lane(manifest.variant(null).name, 1)).close()
            home.deleteRecursively()
            if (!new.renameTo(home)) throw Refused(Problem.DISK_FULL)
        } catch (error: IOException) {
            throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.NOT_A_FOLDER)
        } finally {
            new.deleteRecursively()
        }
    }

    private fun copy(manifest: Manifest, name: String, from: Tree, into: File) {
        val content = from.open(name)
        val to = if (content == null) null else File(into, name).outputStream()
        to.use { manifest.check(name, content) { bytes, count -> to!!.write(bytes, 0, count) } }
    }
}

/** Files directly in a tree of the storage access framework. */
private class Tree(private val resolver: ContentResolver, private val tree: Uri) {
    private val ids: Map<String, String> by lazy { list() }

    /** Null where there is no such file. */
    fun open(name: String): InputStream? = ids[name]?.let {
        try {
            resolver.openInputStream(DocumentsContract.buildDocumentUriUsingTree(tree, it))
        } catch (_: IOException) {
            null
        } catch (_: RuntimeException) { // of the provider
            throw Refused(Problem.NOT_A_FOLDER)
        }
    }

    private fun list(): Map<String, String> = try {
        val root = DocumentsContract.getTreeDocumentId(tree)
        val children = DocumentsContract.buildChildDocumentsUriUsingTree(tree, root)
        val columns = arrayOf(
            DocumentsContract.Document.COLUMN_DISPLAY_NAME,
            DocumentsContract.Document.COLUMN_DOCUMENT_ID,
        )
        val found = HashMap<String, String>()
        val rows = resolver.query(children, columns, null, null, null)
            ?: throw Refused(Problem.NOT_A_FOLDER)
        rows.use { while (it.moveToNext()) found[it.getString(0)] = it.getString(1) }
        found
    } catch (_: RuntimeException) { // of the provider
        throw Refused(Problem.NOT_A_FOLDER)
    }
}

val IOException.isDiskFull: Boolean
    get() = generateSequence<Throwable>(this) { it.cause }
        .any { it.message.orEmpty().let { m -> "ENOSPC" in m || "No space left" in m } }
