// Content providers of other apps: one that has nothing, one over a folder, as a file manager is.
package org.tunit.demo

import android.content.ContentProvider
import android.content.ContentValues
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.DocumentsContract
import java.io.File

/** A provider that has nothing and changes nothing. */
abstract class TestProvider : ContentProvider() {
    override fun onCreate() = true

    override fun query(
        uri: Uri,
        columns: Array<String>?,
        s: String?,
        a: Array<String>?,
        o: String?,
    ): Cursor? = null

    override fun getType(uri: Uri): String? = "image/jpeg"

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun delete(uri: Uri, s: String?, a: Array<String>?) = 0

    override fun update(uri: Uri, values: ContentValues?, s: String?, a: Array<String>?) = 0
}

class FolderProvider : TestProvider() {
    override fun query(
        uri: Uri,
        columns: Array<String>?,
        s: String?,
        a: Array<String>?,
        o: String?,
    ): Cursor {
        val cursor = MatrixCursor(columns!!)
        for (file in folder.listFiles().orEmpty()) cursor.addRow(columns.map { file.name })
        return cursor
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor = ParcelFileDescriptor.open(
        File(folder, DocumentsContract.getDocumentId(uri)), ParcelFileDescriptor.MODE_READ_ONLY,
    )

    override fun getType(uri: Uri) = "application/octet-stream"

    companion object {
        const val AUTHORITY = "org.tunit.test.documents"
        lateinit var folder: File

        val tree: Uri get() = DocumentsContract.buildTreeDocumentUri(AUTHORITY, "root")
    }
}
