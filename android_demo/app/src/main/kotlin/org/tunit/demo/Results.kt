// Results leave the app: saved where the user chooses, or shared with another app.
package org.tunit.demo

import android.content.ClipData
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.provider.DocumentsContract
import java.io.File
import java.io.IOException
import kotlin.math.sqrt
import org.tunit.core.FileNames
import org.tunit.core.Problem
import org.tunit.core.Refused

class Results(private val studio: Studio) {
    private val context = studio.context

    fun save(translation: Translation, factor: Int, to: Uri) = save(to) { bitmap(translation, factor) }

    /** Writes a PNG into a new document; where it cannot be written whole, nothing stays. */
    fun save(to: Uri, picture: () -> Bitmap) {
        studio.work {
            studio.compute { write(to, Pictures.png(picture())) }
            studio.confirm(context.getString(R.string.saved))
        }
    }

    private fun write(to: Uri, png: ByteArray) {
        try {
            val stream = context.contentResolver.openOutputStream(to, "w")
                ?: throw Refused(Problem.CANNOT_SAVE)
            stream.use { it.write(png) }
        } catch (error: IOException) {
            delete(to)
            throw error
        } catch (_: RuntimeException) { // of the provider
            throw Refused(Problem.CANNOT_SAVE)
        }
    }

    /** Hands an intent that shares the result to [start], on the main thread. */
    fun share(translation: Translation, start: (Intent) -> Unit) {
        studio.work {
            val name = FileNames.result(translation.name, translation.lookName, 1)
            val file = studio.compute {
                val folder = SharedFiles.folder(context)
                folder.listFiles().orEmpty().forEach { it.delete() }
                val png = Pictures.png(bitmap(translation, SHARED_FACTOR))
                File(folder, name).apply { writeBytes(png) }
            }
            val uri = SharedFiles.uri(context, file)
            val send = Intent(Intent.ACTION_SEND).setType("image/png")
            send.putExtra(Intent.EXTRA_STREAM, uri)
            send.clipData = ClipData.newRawUri(file.name, uri)
            send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
            start(Intent.createChooser(send, null))
        }
    }

    private fun bitmap(translation: Translation, factor: Int): Bitmap =
        Pictures.bitmap(translation.square, sqrt(translation.square.size / 3.0).toInt(), factor)

    private fun delete(document: Uri) {
        try {
            DocumentsContract.deleteDocument(context.contentResolver, document)
        } catch (_: Exception) { // the provider that just failed may do so again
        }
    }

    private companion object {
        const val SHARED_FACTOR = 4
    }
}
