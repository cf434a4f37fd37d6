// The model at work: everything here runs on the worker's thread.
package org.tunit.demo

import android.app.ActivityManager
import android.content.Context
import android.graphics.Bitmap
import java.io.Closeable
import java.io.File
import java.util.Random
import org.tunit.BitmapCanvas
import org.tunit.Lane
import org.tunit.ModelPlace
import org.tunit.Pair
import org.tunit.core.Box
import org.tunit.core.Enlargement
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Pixels
import org.tunit.core.Problem
import org.tunit.core.Redrawing
import org.tunit.core.Refused
import org.tunit.core.Region
import org.tunit.core.Resample
import org.tunit.core.Seen
import org.tunit.core.Styles
import org.tunit.core.Timing

/** One look or two mixed, and how strongly a picture takes them. */
class Blend(val first: Look, val second: Look?, val mix: Float, val strength: Float) {
    val name get() = if (second == null) first.name else "${first.name} + ${second.name}"
}

class Engine(private val context: Context) : Closeable {
    private var opened: Manifest? = null

    /** Of the model in use; throws [Refused] where none was opened. */
    val manifest: Manifest get() = opened ?: throw Refused(Problem.NO_MODEL)
    private lateinit var place: ModelPlace
    private var pair: Pair? = null
    private var latest: LatestSeen? = null
    private var drawn: LatestDrawn? = null // so that new detail does not run the network again
    private var enlargement: Enlargement? = null // of the last picture; the next often has its size
    private val styles get() = Styles(manifest.styleOnUnitSphere)
    private val size get() = manifest.imageSize

    /** Reads another model's manifest; [load] comes next. */
    fun open(place: ModelPlace) {
        close()
        this.place = place
        opened = null
        opened = Manifest.parse(place.manifest())
        latest = null
    }

    /** Loads a variant; on a GPU, it is refused unless its first result equals the CPU's. */
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

    /** A picture's file, opened; without a box, all of it is redrawn. */
    fun picture(source: Source): Picture = source.run {
        val decoded = Pictures.decode(file, name)
        if (opened != null) see(source, decoded)
        val inside = box?.inside(decoded.width, decoded.height)
        val preview = Pictures.scaled(decoded.bitmap, PREVIEW)
        Picture(file, name, preview, decoded.width, decoded.height, inside)
    }

    /** A thumbnail of a picture; throws [Refused] where it cannot be read. */
    fun thumbnail(source: Source): Bitmap {
        val small = THUMBNAIL.toLong() * THUMBNAIL * 16
        return Pictures.thumbnail(Pictures.decode(source.file, source.name, small).bitmap, THUMBNAIL)
    }

    /** The look of a picture; sentences name it by [fileName]. */
    fun look(id: String, kind: LookKind, name: String, file: File, fileName: String = name): Look {
        val bitmap = Pictures.decode(file, fileName).bitmap
        val middle = Box.centered(bitmap.width, bitmap.height)
        val square = Resample.square(BitmapCanvas(bitmap), middle, size)
        val style = pair().style(square)
        return Look(id, kind, name, style, Pictures.thumbnail(bitmap, THUMBNAIL), file)
    }

    /** A look without a picture of its own; its thumbnail is [shown] in this look. */
    fun look(id: String, kind: LookKind, name: String, style: FloatArray, shown: Picture?): Look {
        val thumbnail = shown?.let { redrawnThumbnail(it.source, style, THUMBNAIL) }
        return Look(id, kind, name, style, thumbnail)
    }

    /** A square of a picture, redrawn in a style. */
    fun redrawnThumbnail(source: Source, style: FloatArray, side: Int): Bitmap {
        val seen = seen(source)
        return square(seen, pair().generate(seen.pixels, style), side)
    }

    /** The same square before that. */
    fun originalThumbnail(source: Source, side: Int): Bitmap =
        seen(source).let { square(it, it.pixels, side) }

    private fun square(seen: Seen, rgb: ByteArray, side: Int): Bitmap {
        val shown = seen.shown
        val whole = Pictures.bitmap(rgb, size)
        val part = Bitmap.createBitmap(whole, shown.left, shown.top, shown.width, shown.height)
        return Pictures.thumbnail(part, side)
    }

    fun random(random: Random): FloatArray? = styles.random(manifest.domains, random)

    /** A picture redrawn in looks, as large as the screen shows it. */
    fun translate(
        picture: Picture,
        blend: Blend,
        detail: Float,
        colorsOnly: Boolean,
    ): Translation {
        val seen = seen(picture.source)
        val before = System.nanoTime()
        val style = style(seen, blend)
        val between = System.nanoTime()
        val known = drawn?.takeIf { it.seen === seen && it.style.contentEquals(style) }
        val square = known?.square ?: pair().generate(seen.pixels, style)
        val generatorMs = known?.milliseconds ?: ((System.nanoTime() - between) / 1e6)
        drawn = LatestDrawn(seen, style, square, generatorMs)
        val preview = picture.preview
        val redrawn = preview.copy(Bitmap.Config.ARGB_8888, true)
        val region = region(picture.box, picture.width, preview)
        draw(redrawn, region, seen, square, detail, colorsOnly)
        return Translation(
            picture.source, preview, redrawn, seen, square, detail, colorsOnly, blend.name,
            if (blend.strength != 1f) (between - before) / 1e6 else 0.0,
            generatorMs, pair().lane,
        )
    }

    /** The same at the size of the photograph, or as large as fits into memory. */
    fun photograph(translation: Translation): Decoded {
        val source = translation.source
        val decoded = Pictures.decode(source.file, source.name, mostPixels(), mutable = true)
        val region = region(source.box, decoded.width, decoded.bitmap)
        translation.run { draw(decoded.bitmap, region, seen, square, detail, colorsOnly) }
        return decoded
    }

    /** A frame of the camera redrawn: packed colors of a square, which are replaced. */
    fun redraw(
        argb: IntArray,
        side: Int,
        blend: Blend,
        detail: Float,
        colorsOnly: Boolean,
    ): Bitmap {
        val bitmap = Bitmap.createBitmap(side, side, Bitmap.Config.ARGB_8888)
        bitmap.setPixels(argb, 0, side, 0, 0, side, side)
        val region = Region(0, 0, side, side)
        val seen = Seen.of(BitmapCanvas(bitmap), region, size, manifest.stretch)
        val square = pair().generate(seen.pixels, style(seen, blend))
        draw(bitmap, region, seen, square, detail, colorsOnly)
        return bitmap
    }

    private fun style(seen: Seen, blend: Blend): FloatArray = blend.run {
        val style = if (second == null) first.style else styles.mix(first.style, second.style, mix)
        if (strength == 1f) style else styles.mix(pair().style(seen.pixels), style, strength)
    }

    /** A square of a picture of [width] pixels, in a bitmap of the picture that may be smaller. */
    private fun region(box: Box?, width: Int, bitmap: Bitmap): Region {
        val scale = bitmap.width.toDouble() / width
        val scaled = box?.run { Box(x * scale, y * scale, side * scale) }
        return Region.of(scaled, bitmap.width, bitmap.height)
    }

    private fun draw(
        into: Bitmap,
        region: Region,
        seen: Seen,
        square: ByteArray,
        detail: Float,
        colorsOnly: Boolean,
    ) {
        val redrawing = Redrawing(
            into.width, into.height, region, seen, square, detail, colorsOnly,
            enlargement = enlargement,
        )
        enlargement = redrawing.enlargement
        redrawing.drawInto(BitmapCanvas(into))
    }

    /** What the model sees of a picture. */
    fun seen(source: Source): Seen {
        latest?.let { if (it.source == source && it.size == size) return it.seen }
        return see(source, Pictures.decode(source.file, source.name))
    }

    private fun see(source: Source, decoded: Decoded): Seen {
        val region = region(source.box, decoded.width, decoded.bitmap)
        val seen = Seen.of(BitmapCanvas(decoded.bitmap), region, size, manifest.stretch)
        latest = LatestSeen(source, size, seen)
        return seen
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

    /** Loading a variant takes about three times the memory of its files. */
    private fun fits(lane: Lane): Boolean {
        val free = freeMemory()
        return free == 0L || 3 * manifest.bytes(manifest.variant(lane.variant)) < free
    }

    /** Pixels of four bytes that fit into half of the free memory. */
    private fun mostPixels(): Long {
        val free = freeMemory()
        return if (free == 0L) MOST_PIXELS else (free / 8).coerceIn(FEWEST_PIXELS, MOST_PIXELS)
    }

    /** Bytes; 0 where it is not known. */
    private fun freeMemory(): Long {
        val info = ActivityManager.MemoryInfo()
        context.getSystemService(ActivityManager::class.java).getMemoryInfo(info)
        return info.availMem
    }

    private fun pair(): Pair = pair ?: throw Refused(Problem.NO_MODEL)

    override fun close() {
        pair?.close()
        pair = null
        drawn = null
    }

    private class LatestSeen(val source: Source, val size: Int, val seen: Seen)

    private class LatestDrawn(
        val seen: Seen,
        val style: FloatArray,
        val square: ByteArray,
        val milliseconds: Double,
    )

    companion object {
        private const val PREVIEW = 1024
        private const val THUMBNAIL = 192
        private const val MOST_PIXELS = 1L shl 26 // 268 MB
        private const val FEWEST_PIXELS = 1L shl 20

        /** Resident memory of the process, as Linux counts it. */
        fun residentMegabytes(): Double = File("/proc/self/status").useLines { lines ->
            val line = lines.firstOrNull { it.startsWith("VmRSS:") } ?: return 0.0
            line.filter { it.isDigit() }.toDouble() / 1000
        }
    }
}
