// Asks other apps for pictures, a photo, a place to save, and the user for the camera.
package org.tunit.demo

import android.Manifest.permission.CAMERA
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.provider.MediaStore
import java.io.File
import org.tunit.core.Problem
import org.tunit.core.Refused

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

    /** A photo of the camera app, which must not be asked by an app that may not use the camera. */
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

    /** What the user answered to [takePhoto]. */
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
