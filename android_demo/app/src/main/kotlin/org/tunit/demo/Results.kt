// Results at the size of the photograph: saved, or shared with another app.
package org.tunit.demo

import android.content.ClipData
import android.content.ContentValues
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.DocumentsContract
import android.provider.MediaStore
import java.io.File
import java.io.IOException
import org.tunit.core.FileNames
import org.tunit.core.Problem
import org.tunit.core.Refused

class Results(private val studio: Studio) {
    private val context = studio.context
    private val resolver = context.contentResolver

    /** Saves a result into the phone's pictures; before Android 10, [choosePlace] asks where. */
    fun save(translation: Translation, choosePlace: (String) -> Unit) {
        val name = FileNames.result(translation.name, translation.lookName)
        save({ studio.engine.photograph(translation) }, name) {
            choosePlace("$name.${Pictures.format(translation.redrawn).first}")
        }
    }

    /** The same for the table of pictures and looks. */
    fun save(table: Table, background: Int, choosePlace: (String) -> Unit) =
        save({ drawn(table, background) }, TABLE) { choosePlace("$TABLE.jpg") }

    private fun save(draw: () -> Decoded, name: String, choosePlace: () -> Unit) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return choosePlace()
        saving {
            val drawn = draw()
            intoPictures(drawn.bitmap, name)
            drawn to context.getString(R.string.saved_in_pictures)
        }
    }

    /** Writes a result into a new document; where it cannot be written whole, nothing stays. */
    fun save(translation: Translation, to: Uri) = save(to) { studio.engine.photograph(translation) }

    fun save(table: Table, background: Int, to: Uri) = save(to) { drawn(table, background) }

    private fun drawn(table: Table, background: Int): Decoded =
        table.draw(background).let { Decoded(it, it.width, it.height) }

    private fun save(to: Uri, draw: () -> Decoded) = saving {
        wholeOrNot({ DocumentsContract.deleteDocument(resolver, to) }) {
            val drawn = draw()
            write(drawn.bitmap, to)
            drawn to context.getString(R.string.saved)
        }
    }

    /** Shows that a result is being saved, then that it was, and its size if it is reduced. */
    private fun saving(job: () -> kotlin.Pair<Decoded, String>) {
        studio.confirm(context.getString(R.string.saving))
        studio.work {
            val (drawn, text) = studio.compute(job)
            studio.confirm(listOfNotNull(text, reduced(drawn)).joinToString(" "))
        }
    }

    private fun reduced(drawn: Decoded): String? {
        val (width, height) = drawn.bitmap.width to drawn.bitmap.height
        if (width >= drawn.width) return null
        return context.getString(R.string.saved_smaller, width, height, drawn.width, drawn.height)
    }

    /** A picture that other apps see only once it is whole. */
    private fun intoPictures(bitmap: Bitmap, name: String) {
        val (extension, type) = Pictures.format(bitmap)
        val values = ContentValues()
        values.put(MediaStore.MediaColumns.DISPLAY_NAME, "$name.$extension")
        values.put(MediaStore.MediaColumns.MIME_TYPE, type)
        val album = context.getString(R.string.app_name)
        values.put(MediaStore.MediaColumns.RELATIVE_PATH, "${Environment.DIRECTORY_PICTURES}/$album")
        values.put(MediaStore.MediaColumns.IS_PENDING, 1)
        val picture =
            asked { resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values) }
        wholeOrNot({ resolver.delete(picture, null, null) }) {
            write(bitmap, picture)
            val whole = ContentValues().apply { put(MediaStore.MediaColumns.IS_PENDING, 0) }
            asked { resolver.update(picture, whole, null, null) }
        }
    }

    private fun write(bitmap: Bitmap, to: Uri) = asked {
        resolver.openOutputStream(to, "w")?.use { Pictures.encode(bitmap, it) }
    }

    /** What another app answers; throws [Refused] where it fails, or answers nothing. */
    private fun <T> asked(question: () -> T?): T = try {
        question()
    } catch (error: IOException) {
        throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.CANNOT_SAVE)
    } catch (_: RuntimeException) { // apps may throw any
        null
    } ?: throw Refused(Problem.CANNOT_SAVE)

    /** Deletes what a job was to fill unless it succeeds, whatever it throws. */
    private fun <T> wholeOrNot(delete: () -> Unit, job: () -> T): T {
        var isWhole = false
        try {
            return job().also { isWhole = true }
        } finally {
            if (!isWhole) tried(delete)
        }
    }

    /** Deletes a document for which no result came. */
    fun discard(document: Uri) = studio.work {
        studio.compute { tried { DocumentsContract.deleteDocument(resolver, document) } }
    }

    private fun tried(delete: () -> Unit) {
        try {
            delete()
        } catch (_: Exception) { // the app that just failed may do so again
        }
    }

    /** Calls [start] with an intent that shares the result, on the main thread. */
    fun share(translation: Translation, start: (Intent) -> Unit) {
        studio.confirm(context.getString(R.string.working_full))
        studio.work {
            val (file, type) = studio.compute { shared(translation) }
            studio.quiet()
            val uri = SharedFiles.uri(context, file)
            val send = Intent(Intent.ACTION_SEND).setType(type)
            send.putExtra(Intent.EXTRA_STREAM, uri)
            send.clipData = ClipData.newRawUri(file.name, uri)
            send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
            start(Intent.createChooser(send, null))
        }
    }

    private fun shared(translation: Translation): kotlin.Pair<File, String> {
        val folder = SharedFiles.folder(context)
        folder.listFiles().orEmpty().forEach { it.delete() }
        val bitmap = studio.engine.photograph(translation).bitmap
        val (extension, type) = Pictures.format(bitmap)
        val name = FileNames.result(translation.name, translation.lookName)
        val file = File(folder, "$name.$extension")
        file.outputStream().use { Pictures.encode(bitmap, it) }
        return file to type
    }

    private companion object {
        const val TABLE = "tunit_table"
    }
}
