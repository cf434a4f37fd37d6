// Pictures of any kind as the model's squares and as bitmaps for the screen.
package org.tunit.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.net.Uri
import android.provider.OpenableColumns
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.sqrt
import org.tunit.core.Box
import org.tunit.core.Pixels
import org.tunit.core.Problem
import org.tunit.core.Refused
import org.tunit.core.Resample
import org.tunit.core.Rows

object Pictures {
    private const val MOST_PIXELS = 12_582_912 // decoded at once: 48 MB
    private const val LARGEST_FILE = 256L shl 20

    /** An upright picture in sRGB and in the memory of the CPU; throws [Refused]. */
    fun decode(file: File): Bitmap {
        if (!file.exists()) throw Refused(Problem.PICTURE_GONE)
        var most = MOST_PIXELS
        while (true) {
            try {
                return decode(ImageDecoder.createSource(file), most)
            } catch (_: OutOfMemoryError) {
                most /= 4
                if (most < 1 shl 16) throw Refused(Problem.OUT_OF_MEMORY)
            }
        }
    }

    private fun decode(source: ImageDecoder.Source, most: Int): Bitmap = try {
        ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
            decoder.isUnpremultipliedRequired = true
            decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
            val pixels = info.size.width.toDouble() * info.size.height
            decoder.setTargetSampleSize(max(1, ceil(sqrt(pixels / most)).toInt()))
        }
    } catch (_: IOException) {
        throw Refused(Problem.PICTURE_UNREADABLE)
    } catch (_: IllegalArgumentException) {
        throw Refused(Problem.PICTURE_UNREADABLE)
    }

    /** RGB bytes of the model's square; without a box, the largest in the middle. */
    fun square(picture: Bitmap, box: Box?, size: Int): ByteArray {
        val wanted = box ?: Box.centered(picture.width, picture.height)
        return Resample.square(BitmapRows(picture), wanted.inside(picture.width, picture.height), size)
    }

    /** RGB bytes as a bitmap, each pixel enlarged by a whole factor. */
    fun bitmap(square: ByteArray, size: Int, factor: Int = 1): Bitmap {
        val pixels = Pixels.argb(Resample.enlarge(square, size, factor))
        return Bitmap.createBitmap(pixels, size * factor, size * factor, Bitmap.Config.ARGB_8888)
    }

    fun png(bitmap: Bitmap): ByteArray {
        val bytes = ByteArrayOutputStream()
        bitmap.compress(Bitmap.CompressFormat.PNG, 100, bytes)
        return bytes.toByteArray()
    }

    /** Copies what another app shares, since its permission may end; returns its name. */
    fun copy(resolver: ContentResolver, from: Uri, to: File): String {
        val temporary = File(to.path + ".new")
        try {
            val input = resolver.openInputStream(from) ?: throw Refused(Problem.PICTURE_GONE)
            input.use { stream ->
                temporary.outputStream().use { out ->
                    val buffer = ByteArray(1 shl 16)
                    var left = LARGEST_FILE
                    while (true) {
                        val count = stream.read(buffer)
                        if (count < 0) break
                        left -= count
                        if (left < 0) throw Refused(Problem.PICTURE_TOO_BIG)
                        out.write(buffer, 0, count)
                    }
                }
            }
            if (!temporary.renameTo(to)) throw Refused(Problem.DISK_FULL)
        } catch (error: IOException) {
            throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.PICTURE_GONE)
        } catch (_: RuntimeException) { // of the provider: no permission, or whatever it throws
            throw Refused(Problem.PICTURE_GONE)
        } finally {
            temporary.delete()
        }
        return name(resolver, from)
    }

    private fun name(resolver: ContentResolver, uri: Uri): String {
        val shown = try {
            resolver.query(uri, arrayOf(OpenableColumns.DISPLAY_NAME), null, null, null)?.use {
                if (it.moveToFirst()) it.getString(0) else null
            }
        } catch (_: RuntimeException) { // providers of other apps may throw any
            null
        }
        return shown ?: uri.lastPathSegment ?: ""
    }
}

private class BitmapRows(private val bitmap: Bitmap) : Rows {
    override val width = bitmap.width
    override val height = bitmap.height

    override fun read(y: Int, into: IntArray) = bitmap.getPixels(into, 0, width, 0, y, width, 1)
}
