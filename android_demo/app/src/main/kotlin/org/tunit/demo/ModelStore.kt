// The model that was opened last: a copy of its folder, or the app's own.
package org.tunit.demo

import android.content.ContentResolver
import android.content.Context
import android.net.Uri
import android.provider.DocumentsContract
import java.io.File
import java.io.IOException
import java.io.InputStream
import org.tunit.BundledModel
import org.tunit.FolderModel
import org.tunit.Lane
import org.tunit.ModelPlace
import org.tunit.Pair
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

/** The folder that was opened last, as a copy, since another app can remove the folder any time. */
class ModelStore(
    private val context: Context,
    val bundled: BundledModel,
    private val move: (File, File) -> Boolean = File::renameTo,
) {
    private val home = File(context.filesDir, "model")
    private val old = File(context.filesDir, "model.old") // until the new one is in its place

    /** What was opened last, or the app's own. */
    fun current(): ModelPlace {
        if (!home.exists()) move(old, home) // the process ended while they changed places
        return if (File(home, Manifest.FILE).exists()) FolderModel(home) else bundled
    }

    fun useBundled() {
        old.deleteRecursively()
        File(home, Manifest.FILE).delete() // first: a part of the folder must not be opened
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
                } catch (_: Refused) { // reported when the model is opened
                }
            }
            File(new, Manifest.FILE).writeText(text)
            Pair(FolderModel(new), manifest, Lane(manifest.variant(null).name, 1)).close()
            takeOver(new)
        } catch (error: IOException) {
            throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.NOT_A_FOLDER)
        } finally {
            new.deleteRecursively()
        }
    }

    /** Puts the new model in the place of the one of before, or leaves that there. */
    private fun takeOver(new: File) {
        old.deleteRecursively()
        if (home.exists() && !move(home, old)) throw Refused(Problem.CANNOT_WRITE)
        if (!move(new, home)) {
            move(old, home)
            throw Refused(Problem.CANNOT_WRITE)
        }
        old.deleteRecursively()
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
