// Frames of a camera, redrawn as they come: one at a time, and always the newest.
package org.tunit.demo

import android.graphics.Bitmap
import java.io.Closeable
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.tunit.core.Refused

/** A camera's frame; it must be closed before the camera can give many more. */
interface Frame : Closeable {
    /** Side of the square that [argb] gives. */
    fun side(step: Int): Int

    /** The square in the middle, upright, of every [step]th pixel. */
    fun argb(step: Int): IntArray
}

interface FrameSource {
    /** Whether there is another camera to turn to. */
    val canTurn: Boolean

    /** Gives frames until it is stopped; [failed] hears of it once it cannot. */
    fun start(front: Boolean, show: (Frame) -> Unit, failed: (Refused) -> Unit)

    fun stop()
}

/** A redrawn frame, and how many of them there were in the last second. */
class LivePicture(val bitmap: Bitmap, val perSecond: Double)

class Live(
    private val studio: Studio,
    private val source: FrameSource,
    private val clock: () -> Long = System::nanoTime,
) {
    private val current = MutableStateFlow<LivePicture?>(null)
    private val times = ArrayDeque<Long>()
    private var job: Job? = null
    private var photo: ((Bitmap) -> Unit)? = null // who asked for the next frame as a photo

    val picture: StateFlow<LivePicture?> = current.asStateFlow()

    /** On the main thread, as everything here. */
    fun start(front: Boolean) {
        stop()
        // A frame that comes while one is redrawn waits, and gives way to the next.
        val frames = Channel<Frame>(Channel.CONFLATED) { it.close() }
        job = studio.work {
            try {
                for (frame in frames) show(frame)
            } finally {
                frames.cancel()
            }
        }
        source.start(front, { frame -> if (frames.trySend(frame).isFailure) frame.close() }) {
            studio.work { throw it }
        }
    }

    fun stop() {
        source.stop()
        job?.cancel()
        job = null
        photo = null
        times.clear()
    }

    /** Gives the next frame, in the camera's own colors and all of its pixels. */
    fun takePhoto(taken: (Bitmap) -> Unit) {
        photo = taken
    }

    private suspend fun show(frame: Frame) {
        val taken = photo
        photo = null
        val blend = studio.blend()
        val (detail, colorsOnly) = studio.state.run { detail to colorsOnly }
        val (bitmap, whole) = frame.use {
            studio.compute {
                val step = (it.side(1) / SHOWN).coerceAtLeast(1)
                val shown = blend?.let { chosen ->
                    studio.engine.redraw(it.argb(step), it.side(step), chosen, detail, colorsOnly)
                }
                val side = it.side(1)
                val config = Bitmap.Config.ARGB_8888
                shown to taken?.let { _ -> Bitmap.createBitmap(it.argb(1), side, side, config) }
            }
        }
        whole?.let { taken?.invoke(it) }
        if (bitmap != null) current.value = LivePicture(bitmap, rate())
    }

    private fun rate(): Double {
        val now = clock()
        times.addLast(now)
        while (now - times.first() > SECOND) times.removeFirst()
        val span = now - times.first()
        return if (span == 0L) 0.0 else (times.size - 1) * 1e9 / span
    }

    private companion object {
        const val SHOWN = 480 // pixels that a frame on the screen has, unless the camera has fewer
        const val SECOND = 1_000_000_000L
    }
}
