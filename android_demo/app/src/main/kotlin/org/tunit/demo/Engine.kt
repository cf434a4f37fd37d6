// The model at work: everything here runs on the worker's thread.
package org.tunit.demo

import android.app.ActivityManager
import android.content.Context
import android.graphics.Bitmap
import java.io.Closeable
import java.io.File
import java.util.Random
import org.tunit.core.Box
import org.tunit.core.FileNames
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Pixels
import org.tunit.core.Problem
import org.tunit.core.Refused
import org.tunit.core.Styles
import org.tunit.core.Timing

class Engine(private val context: Context) : Closeable {
    private var opened: Manifest? = null

    /** Of the model in use; throws [Refused] where none was opened. */
    val manifest: Manifest get() = opened ?: throw Refused(Problem.NO_MODEL)
    private lateinit var place: ModelPlace
    private var pair: Pair? = null
    private var decoded: Decoded? = null
    private val styles get() = Styles(manifest.styleOnUnitSphere)
    private val size get() = manifest.imageSize

    /** Reads another model's manifest; [load] comes next. */
    fun open(place: ModelPlace) {
        close()
        this.place = place
        opened = null
        opened = Manifest.parse(place.manifest())
        decoded = null
    }

    /** Loads a variant; a GPU's first result must be the CPU's, or it is refused. */
    fun load(lane: Lane) {
        close()
        val loaded = Pair(place, manifest, lane)
        if (lane.gpu) {
            try {
                compareWithCpu(loaded, lane)
            } catch (refused: Refused) {
                loaded.close()
                throw refused
            }
        }
        pair = loaded
    }

    private fun compareWithCpu(loaded: Pair, lane: Lane) {
        val square = ByteArray(size * size * 3) { (it * 37 % 251).toByte() }
        val cpu = Pair(place, manifest, lane.copy(gpu = false)).use {
            it.generate(square, it.style(square))
        }
        val gpu = try {
            loaded.generate(square, loaded.style(square))
        } catch (_: Refused) {
            throw Refused(Problem.GPU_FAILED)
        }
        if (!Pixels.agree(gpu, cpu)) throw Refused(Problem.GPU_DIFFERS)
    }

    /** A picture's file, opened; a null box cuts the middle. */
    fun picture(file: File, name: String, box: Box?): Picture {
        val bitmap = decode(file)
        val preview = scaled(bitmap, PREVIEW)
        val wanted = box ?: Box.centered(bitmap.width, bitmap.height)
        val inside = wanted.inside(bitmap.width, bitmap.height)
        return Picture(file, name, preview, bitmap.width, bitmap.height, inside)
    }

    fun look(id: String, kind: LookKind, name: String, file: File): Look {
        val bitmap = Pictures.decode(file)
        val square = Pictures.square(bitmap, null, size)
        val thumbnail = Pictures.bitmap(square, size, enlarged())
        return Look(id, kind, name, pair().style(square), thumbnail, file)
    }

    /** A look without a picture of its own, shown by a picture redrawn in it. */
    fun look(id: String, kind: LookKind, name: String, style: FloatArray, shown: Picture): Look {
        val redrawn = pair().generate(square(shown), style)
        return Look(id, kind, name, style, Pictures.bitmap(redrawn, size, enlarged()))
    }

    fun random(random: Random): FloatArray? = styles.random(manifest.domains, random)

    /** A picture redrawn in a look, mixed with a second one, weakened or exaggerated. */
    fun translate(
        picture: Picture,
        first: Look,
        second: Look?,
        mix: Float,
        strength: Float,
    ): Translation {
        val square = square(picture)
        val before = System.nanoTime()
        var style = if (second == null) first.style else styles.mix(first.style, second.style, mix)
        if (strength != 1f) style = styles.mix(pair().style(square), style, strength)
        val between = System.nanoTime()
        val redrawn = pair().generate(square, style)
        val end = System.nanoTime()
        return Translation(
            Pictures.bitmap(square, size, enlarged()),
            Pictures.bitmap(redrawn, size, enlarged()),
            redrawn,
            FileNames.plain(picture.name, "picture"),
            if (second == null) first.name else "${first.name} + ${second.name}",
            if (strength != 1f) (between - before) / 1e6 else 0.0,
            (end - between) / 1e6,
            pair().lane,
        )
    }

    /** A small picture and the same redrawn; the first is null unless it is wanted. */
    fun cell(
        source: Source,
        look: Look,
        side: Int,
        withOriginal: Boolean,
    ): kotlin.Pair<Bitmap?, Bitmap> {
        val square = square(source.file, source.box)
        val redrawn = small(pair().generate(square, look.style), side)
        return (if (withOriginal) small(square, side) else null) to redrawn
    }

    private fun small(square: ByteArray, side: Int): Bitmap {
        val bitmap = Pictures.bitmap(square, size, (side / size).coerceAtLeast(1))
        return Bitmap.createScaledBitmap(bitmap, side, side, true)
    }

    /** The square that the model sees of a picture. */
    fun square(picture: Picture): ByteArray = square(picture.file, picture.box)

    /** Without a box, the middle is cut. */
    fun square(file: File, box: Box?): ByteArray {
        val known = decoded
        if (known != null && known.file == file && known.box == box) return known.square
        val square = Pictures.square(decode(file), box, size)
        decoded = Decoded(file, box, square)
        return square
    }

    /** Times a variant; null where it would not fit into memory. */
    fun measure(lane: Lane, count: Int, budgetMs: Double): Measured? {
        if (!fits(lane)) return null
        val square = ByteArray(size * size * 3) { (it * 37 % 251).toByte() }
        val memory = residentMegabytes()
        val start = System.nanoTime()
        return Pair(place, manifest, lane).use { timed ->
            val loadMs = (System.nanoTime() - start) / 1e6
            val style = timed.style(square)
            val encoder = Timing.measure(count, budgetMs / 4) { timed.style(square) }
            val generator = Timing.measure(count, budgetMs) { timed.generate(square, style) }
            val used = (residentMegabytes() - memory).coerceAtLeast(0.0)
            Measured(lane.variant, lane.threads, loadMs, encoder, generator, used)
        }
    }

    /** A loaded variant takes about three times its files. */
    private fun fits(lane: Lane): Boolean {
        val info = ActivityManager.MemoryInfo()
        context.getSystemService(ActivityManager::class.java).getMemoryInfo(info)
        return info.availMem == 0L || 3 * manifest.bytes(manifest.variant(lane.variant)) < info.availMem
    }

    private fun pair(): Pair = pair ?: throw Refused(Problem.NO_MODEL)

    private fun decode(file: File): Bitmap = Pictures.decode(file)

    /** Small results are enlarged bicubically, as they would be saved. */
    private fun enlarged(): Int = (SHOWN / size).coerceAtLeast(1)

    override fun close() {
        pair?.close()
        pair = null
    }

    private class Decoded(val file: File, val box: Box?, val square: ByteArray)

    companion object {
        private const val PREVIEW = 1024
        private const val SHOWN = 256

        private fun scaled(bitmap: Bitmap, most: Int): Bitmap {
            val longest = maxOf(bitmap.width, bitmap.height)
            if (longest <= most) return premultiplied(bitmap, bitmap.width, bitmap.height)
            fun side(length: Int) = (length.toLong() * most / longest).toInt().coerceAtLeast(1)
            return premultiplied(bitmap, side(bitmap.width), side(bitmap.height))
        }

        /** Views draw premultiplied bitmaps only. */
        private fun premultiplied(bitmap: Bitmap, width: Int, height: Int): Bitmap {
            bitmap.isPremultiplied = true
            val scaled = Bitmap.createScaledBitmap(bitmap, width, height, true)
            return if (scaled === bitmap) bitmap.copy(Bitmap.Config.ARGB_8888, false) else scaled
        }

        /** Resident memory of the process, as Linux counts it. */
        fun residentMegabytes(): Double = File("/proc/self/status").useLines { lines ->
            val line = lines.firstOrNull { it.startsWith("VmRSS:") } ?: return 0.0
            line.filter { it.isDigit() }.toDouble() / 1000
        }
    }
}
