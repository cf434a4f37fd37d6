// Colors as bytes, as floats in [-1, 1] and packed; how far two pictures are apart.
package org.tunit.core

import java.nio.FloatBuffer
import kotlin.math.log10
import kotlin.math.round

object Pixels {
    const val OPAQUE = 255 shl 24

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
        OPAQUE or ((rgb[at].toInt() and 255) shl 16) or
            ((rgb[at + 1].toInt() and 255) shl 8) or (rgb[at + 2].toInt() and 255)

    /** Opaque packed colors of RGB bytes. */
    fun argb(rgb: ByteArray): IntArray = IntArray(rgb.size / 3) { argb(rgb, 3 * it) }

    /** Luminance of a packed color over black, 0..255, as Pillow rounds it. */
    fun gray(color: Int): Int {
        val opaque = (color.channel(16) * 19_595 + color.channel(8) * 38_470 +
            color.channel(0) * 7_471 + 0x8000) shr 16
        return (opaque * (color ushr 24) + 127) / 255
    }

    /** What is seen of a packed color over white, opaque. */
    fun overWhite(color: Int): Int {
        val alpha = color ushr 24
        if (alpha == 255) return color
        return OPAQUE or channels { (color.channel(it) * alpha + 255 * (255 - alpha) + 127) / 255 }
    }

    /** The color of an [alpha] that looks, over white, like an opaque [color]; white if alpha is 0. */
    fun underAlpha(color: Int, alpha: Int): Int = when (alpha) {
        255 -> color
        0 -> 0xFFFFFF
        else -> (alpha shl 24) or channels {
            round(255 + (color.channel(it) - 255) * 255.0 / alpha).coerceIn(0.0, 255.0).toInt()
        }
    }

    /** [from] where the share is 0, [to] where it is 1; both have the same alpha. */
    fun mixed(from: Int, to: Int, share: Float): Int = (from and OPAQUE) or channels {
        val start = from.channel(it)
        round((start + share * (to.channel(it) - start)).toDouble()).toInt()
    }

    private fun Int.channel(shift: Int): Int = this shr shift and 255

    private inline fun channels(value: (Int) -> Int): Int =
        (value(16) shl 16) or (value(8) shl 8) or value(0)

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
