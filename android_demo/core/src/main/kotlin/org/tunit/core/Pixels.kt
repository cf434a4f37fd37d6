// Bytes <-> floats in [-1, 1], and how far two pictures are apart.
package org.tunit.core

import java.nio.FloatBuffer
import kotlin.math.log10
import kotlin.math.round

object Pixels {
    /** Bytes 0..255 as floats in [-1, 1]. */
    fun toFloats(bytes: ByteArray, into: FloatBuffer) {
        for (byte in bytes) into.put((byte.toInt() and 255) / 127.5f - 1f)
    }

    /** Floats as bytes, rounded to the nearest (halves to even) and clipped. */
    fun toBytes(floats: FloatBuffer, count: Int): ByteArray = ByteArray(count) {
        val value = round(((floats.get() + 1f) * 127.5f).toDouble())
        value.coerceIn(0.0, 255.0).toInt().toByte()
    }

    /** Opaque packed color of three bytes. */
    fun argb(rgb: ByteArray, at: Int): Int =
        (255 shl 24) or ((rgb[at].toInt() and 255) shl 16) or
            ((rgb[at + 1].toInt() and 255) shl 8) or (rgb[at + 2].toInt() and 255)

    /** Opaque packed colors of RGB bytes. */
    fun argb(rgb: ByteArray): IntArray = IntArray(rgb.size / 3) { argb(rgb, 3 * it) }

    /** Peak signal-to-noise ratio of two pictures in dB; infinite where they are equal. */
    fun psnr(a: ByteArray, b: ByteArray): Double {
        val squares = a.indices.sumOf { i ->
            val d = ((a[i].toInt() and 255) - (b[i].toInt() and 255)).toDouble()
            d * d
        }
        return 10 * log10(255.0 * 255.0 * a.size / squares)
    }

    /** Whether two results look the same: at least 40 dB. */
    fun agree(delegate: ByteArray, cpu: ByteArray): Boolean = psnr(delegate, cpu) >= 40
}
