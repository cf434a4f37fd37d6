// Pictures of any kind as bitmaps, and copies of those that other apps share.
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
import java.io.OutputStream
import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.sqrt
import org.tunit.BitmapCanvas
import org.tunit.core.Pixels
import org.tunit.core.Problem
import org.tunit.core.Refused

/** A decoded picture; [width] and [height] are those of its file, from which it may be reduced. */
class Decoded(val bitmap: Bitmap, val width: Int, val height: Int)

object Pictures {
    private const val SEEN_PIXELS = 12_582_912L // enough for what a network sees: 48 MB
    private const val LARGEST_FILE = 256L shl 20
    private const val FEWEST_PIXELS = 1 shl 16

    /**
     * An upright picture in sRGB and in the memory of the CPU; throws [Refused].
     *
     * @param name for sentences.
     * @param most pixels; larger pictures are reduced, and so are those that do not fit into memory.
     * @param mutable whether it is drawn into.
     */
    fun decode(
        file: File,
        name: String,
        most: Long = SEEN_PIXELS,
        mutable: Boolean = false,
    ): Decoded {
        if (!file.exists()) throw Refused(Problem.PICTURE_GONE, name)
        var limit = most
        while (true) {
            try {
                return decodeOnce(file, name, limit, mutable)
            } catch (_: OutOfMemoryError) {
                limit /= 4
                if (limit < FEWEST_PIXELS) throw Refused(Problem.OUT_OF_MEMORY)
            }
        }
    }

    private fun decodeOnce(file: File, name: String, most: Long, mutable: Boolean): Decoded = try {
        var (width, height) = 0 to 0
        val bitmap = ImageDecoder.decodeBitmap(ImageDecoder.createSource(file)) { decoder, info, _ ->
            width = info.size.width
            height = info.size.height
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
            decoder.isUnpremultipliedRequired = true
            decoder.isMutableRequired = mutable
            decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
            val pixels = width.toDouble() * height
            decoder.setTargetSampleSize(max(1, ceil(sqrt(pixels / most)).toInt()))
        }
        Decoded(bitmap, width, height)
    } catch (_: IOException) {
        throw Refused(Problem.PICTURE_UNREADABLE, name)
    } catch (_: IllegalArgumentException) {
        throw Refused(Problem.PICTURE_UNREADABLE, name)
    }

    /** RGB bytes of a square as a bitmap. */
    fun bitmap(square: ByteArray, size: Int): Bitmap =
        Bitmap.createBitmap(Pixels.argb(square), size, size, Bitmap.Config.ARGB_8888)

    /** The same picture for the screen, at most [most] pixels wide or high. */
    fun scaled(bitmap: Bitmap, most: Int): Bitmap {
        val shown = drawable(bitmap)
        val longest = max(shown.width, shown.height)
        if (longest <= most) return shown.copy(Bitmap.Config.ARGB_8888, false)
        fun side(length: Int) = (length.toLong() * most / longest).toInt().coerceAtLeast(1)
        return Bitmap.createScaledBitmap(shown, side(shown.width), side(shown.height), true)
    }

    /** The middle of a picture as a square of [side] pixels. */
    fun thumbnail(bitmap: Bitmap, side: Int): Bitmap {
        val shown = drawable(bitmap)
        val shorter = minOf(shown.width, shown.height)
        val (left, top) = (shown.width - shorter) / 2 to (shown.height - shorter) / 2
        val middle = Bitmap.createBitmap(shown, left, top, shorter, shorter)
        return Bitmap.createScaledBitmap(middle, side, side, true)
    }

    /** Views draw premultiplied bitmaps only. */
    private fun drawable(bitmap: Bitmap): Bitmap {
        if (bitmap.isPremultiplied || !bitmap.hasAlpha()) {
            bitmap.isPremultiplied = true
            return bitmap
        }
        val config = Bitmap.Config.ARGB_8888
        val converted = Bitmap.createBitmap(bitmap.width, bitmap.height, config)
        val (from, to) = BitmapCanvas(bitmap) to BitmapCanvas(converted)
        val row = IntArray(bitmap.width)
        for (y in 0 until bitmap.height) {
            from.read(y, row)
            to.write(y, row)
        }
        return converted
    }

    /** JPEG, or PNG where the picture is transparent; throws what the stream does. */
    fun encode(bitmap: Bitmap, to: OutputStream) {
        val (format, quality) =
            if (bitmap.hasAlpha()) Bitmap.CompressFormat.PNG to 100
            else Bitmap.CompressFormat.JPEG to JPEG_QUALITY
        val stream = Remembering(to)
        if (!bitmap.compress(format, quality, stream)) {
            throw stream.failure ?: IOException("The picture was not encoded.")
        }
        stream.flush()
    }

    /** Keeps the exception of a stream, which Android's encoder only answers with false. */
    private class Remembering(private val to: OutputStream) : OutputStream() {
        var failure: IOException? = null
            private set

        override fun write(byte: Int) = remember { to.write(byte) }

        override fun write(bytes: ByteArray, at: Int, count: Int) =
            remember { to.write(bytes, at, count) }

        override fun flush() = remember { to.flush() }

        private fun remember(job: () -> Unit) = try {
            job()
        } catch (error: IOException) {
            failure = error
            throw error
        }
    }

    /** Extension and type of what [encode] writes. */
    fun format(bitmap: Bitmap): kotlin.Pair<String, String> =
        if (bitmap.hasAlpha()) "png" to "image/png" else "jpg" to "image/jpeg"

    fun png(bitmap: Bitmap): ByteArray {
        val bytes = ByteArrayOutputStream()
        bitmap.compress(Bitmap.CompressFormat.PNG, 100, bytes)
        return bytes.toByteArray()
    }

    /** Copies what another app shares, since its permission may end; returns its name. */
    fun copy(resolver: ContentResolver, from: Uri, to: File): String {
        val name = name(resolver, from)
        try {
            val input = resolver.openInputStream(from) ?: throw Refused(Problem.PICTURE_GONE, name)
            input.use { stream ->
                writeWhole(to) { out ->
                    val buffer = ByteArray(1 shl 16)
                    var left = LARGEST_FILE
                    while (true) {
                        val count = stream.read(buffer)
                        if (count < 0) break
                        left -= count
                        if (left < 0) throw Refused(Problem.PICTURE_TOO_BIG, name)
                        out.write(buffer, 0, count)
                    }
                }
            }
        } catch (error: IOException) {
            if (error.isDiskFull) throw Refused(Problem.DISK_FULL)
            throw Refused(Problem.PICTURE_GONE, name)
        } catch (_: RuntimeException) { // of the provider: no permission, or whatever it throws
            throw Refused(Problem.PICTURE_GONE, name)
        }
        return name
    }

    /** The file's name as its app shows it or, if the app names none, the end of its address. */
    private fun name(resolver: ContentResolver, uri: Uri): String {
        val shown = try {
            resolver.query(uri, arrayOf(OpenableColumns.DISPLAY_NAME), null, null, null)?.use {
                if (it.moveToFirst()) it.getString(0) else null
            }
        } catch (_: RuntimeException) { // providers of other apps may throw any
            null
        }
        return shown ?: uri.lastPathSegment?.substringAfterLast('/') ?: "$uri"
    }

    private const val JPEG_QUALITY = 95
}
