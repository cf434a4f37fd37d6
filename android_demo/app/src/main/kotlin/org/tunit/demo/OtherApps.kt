// What other apps are asked for (pictures, a photo, a place to save) and given (one file at a time).
package org.tunit.demo

import android.Manifest.permission.CAMERA
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException
import org.tunit.core.Problem
import org.tunit.core.Refused

/** The questions; the answers come to the screen's `onActivityResult`. */
class Requests(private val activity: Activity) {
    /** Where the camera was asked to write. */
    var photo: Uri? = null
        private set

    fun save(state: Bundle) = state.putString(PHOTO, photo?.toString())

    fun restore(state: Bundle?) {
        photo = state?.getString(PHOTO)?.let(Uri::parse)
    }

    /** The photo picker, which shows this app nothing but what is chosen. */
    fun pick(code: Int, several: Boolean) {
        val intent = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*").apply {
                val most = MOST.coerceAtMost(MediaStore.getPickImagesMaxLimit())
                if (several) putExtra(MediaStore.EXTRA_PICK_IMAGES_MAX, most)
            }
        } else {
            Intent(Intent.ACTION_OPEN_DOCUMENT).setType("image/*").addCategory(Intent.CATEGORY_OPENABLE)
                .putExtra(Intent.EXTRA_ALLOW_MULTIPLE, several)
        }
        start(intent, code)
    }

    val mayUseCamera: Boolean
        get() = activity.checkSelfPermission(CAMERA) == PackageManager.PERMISSION_GRANTED

    fun askForCamera(code: Int) = activity.requestPermissions(arrayOf(CAMERA), code)

    /** Asks the camera app for a photo, which Android allows only once this app may use the camera. */
    fun takePhoto(code: Int) {
        if (!mayUseCamera) return askForCamera(code)
        val file = File(SharedFiles.folder(activity), "photo_${System.currentTimeMillis()}.jpg")
        val uri = SharedFiles.uri(activity, file)
        photo = uri
        val intent = Intent(MediaStore.ACTION_IMAGE_CAPTURE).putExtra(MediaStore.EXTRA_OUTPUT, uri)
        intent.clipData = ClipData.newRawUri("", uri)
        intent.addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION or Intent.FLAG_GRANT_READ_URI_PERMISSION)
        start(intent, code, Problem.NO_CAMERA)
    }

    /** Goes on with [takePhoto] after the user's answer. */
    fun permitted(code: Int, results: IntArray) {
        if (results.firstOrNull() == PackageManager.PERMISSION_GRANTED) takePhoto(code)
        else activity.studio.report(Refused(Problem.CAMERA_REFUSED))
    }

    fun create(name: String) = start(
        Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
            .setType(if (name.endsWith(".png")) "image/png" else "image/jpeg")
            .putExtra(Intent.EXTRA_TITLE, name),
        SAVE,
    )

    fun openTree() = start(Intent(Intent.ACTION_OPEN_DOCUMENT_TREE), TREE)

    fun start(intent: Intent, code: Int = NO_RESULT, missing: Problem = Problem.NO_PICKER) {
        try {
            activity.startActivityForResult(intent, code)
        } catch (_: ActivityNotFoundException) {
            activity.studio.report(Refused(missing))
        }
    }

    /** All pictures that were chosen. */
    fun uris(data: Intent?): List<Uri> {
        val clip = data?.clipData ?: return listOfNotNull(data?.data)
        return List(clip.itemCount) { clip.getItemAt(it).uri }.filterNotNull()
    }

    companion object {
        const val PICTURE = 1
        const val LOOKS = 2
        const val CAMERA_PICTURE = 3
        const val CAMERA_LOOK = 4
        const val SAVE = 5
        const val TREE = 6
        private const val NO_RESULT = -1
        private const val PHOTO = "photo"
        private const val MOST = 10
    }
}

/** Gives another app the file that it is asked to take or, the camera's app, to write. */
class SharedFiles : ContentProvider() {
    override fun onCreate(): Boolean = true

    override fun getType(uri: Uri): String =
        if (file(uri).extension == "png") "image/png" else "image/jpeg"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(file(uri), ParcelFileDescriptor.parseMode(mode))

    override fun query(
        uri: Uri,
        projection: Array<String>?,
        selection: String?,
        selectionArgs: Array<String>?,
        sortOrder: String?,
    ): Cursor {
        val columns = projection ?: arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        val file = file(uri)
        return MatrixCursor(columns, 1).apply {
            addRow(
                columns.map {
                    when (it) {
                        OpenableColumns.DISPLAY_NAME -> file.name
                        OpenableColumns.SIZE -> file.length()
                        else -> null
                    }
                },
            )
        }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun delete(uri: Uri, selection: String?, selectionArgs: Array<String>?): Int = 0

    override fun update(uri: Uri, values: ContentValues?, where: String?, args: Array<String>?): Int = 0

    private fun file(uri: Uri): File {
        val name = uri.lastPathSegment.orEmpty()
        val file = File(folder(context!!), name)
        if (name.isEmpty() || '/' in name || name.startsWith(".")) throw FileNotFoundException("$uri")
        return file
    }

    companion object {
        fun folder(context: Context): File = File(context.cacheDir, "shared").apply { mkdirs() }

        fun uri(context: Context, file: File): Uri =
            Uri.parse("content://${context.packageName}.files/${Uri.encode(file.name)}")
    }
}
