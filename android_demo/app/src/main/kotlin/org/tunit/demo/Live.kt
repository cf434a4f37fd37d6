// The camera's frames in the chosen look, one at a time and always the newest.
package org.tunit.demo

import android.graphics.Bitmap
import android.os.Bundle
import android.view.View
import android.widget.ImageView
import android.widget.TextView
import java.io.Closeable
import java.util.Locale
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.tunit.core.Problem
import org.tunit.core.Refused

/** The screen; its shutter takes a photo, which becomes the picture. */
class LiveActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val source by lazy { (application as TunitApp).camera(this) }
    private val live by lazy { Live(studio, source) }
    private val looks by lazy { LooksStrip(findViewById(R.id.looks_scroll), studio) }
    private var front = false
    private var asked = false
    private var refused = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.live)
        front = savedInstanceState?.getBoolean(FRONT) ?: false
        asked = savedInstanceState?.getBoolean(ASKED) ?: false
        findViewById<View>(R.id.shutter).setOnClickListener { live.takePhoto(::keep) }
        findViewById<View>(R.id.turn).setOnClickListener { turn() }
        scope.launch { live.picture.collect { show(it) } }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putBoolean(FRONT, front)
        outState.putBoolean(ASKED, asked)
    }

    override fun onResume() {
        super.onResume()
        when {
            requests.mayUseCamera -> start()
            !asked -> {
                asked = true
                requests.askForCamera(CAMERA)
            }
            else -> refuse()
        }
    }

    override fun onPause() {
        live.stop()
        super.onPause()
    }

    private fun start() {
        refused = false
        showMessage(null)
        live.start(front)
        findViewById<View>(R.id.turn).visibility = if (source.canTurn) View.VISIBLE else View.INVISIBLE
    }

    private fun refuse() {
        refused = true
        showMessage(studio.message(Refused(Problem.CAMERA_REFUSED)))
    }

    private fun turn() {
        front = !front
        live.start(front)
    }

    /** The answer; [onResume] does not see it where the question left the screen in front. */
    override fun onRequestPermissionsResult(code: Int, permissions: Array<String>, results: IntArray) {
        if (requests.mayUseCamera) start() else refuse()
    }

    override fun show(state: State) {
        looks.show(state)
        if (!refused) showMessage(state.message)
    }

    private fun show(picture: LivePicture?) {
        if (picture == null) return
        findViewById<ImageView>(R.id.picture).setImageBitmap(picture.bitmap)
        val shown = String.format(Locale.getDefault(), "%.0f", picture.perSecond)
        findViewById<TextView>(R.id.rate).text = getString(R.string.live_rate, shown)
    }

    private fun keep(photo: Bitmap) {
        studio.addPhoto(photo)
        finish()
    }

    private companion object {
        const val CAMERA = 1
        const val FRONT = "front"
        const val ASKED = "asked"
    }
}

/** A camera's frame; a camera stops after a few frames that were not closed. */
interface Frame : Closeable {
    /** Side of the square that [argb] gives. */
    fun side(step: Int): Int

    /** The square in the middle, upright, of every [step]th pixel. */
    fun argb(step: Int): IntArray
}

interface FrameSource {
    /** Whether there is another camera to turn to. */
    val canTurn: Boolean

    /** Gives frames to [show] until it is stopped, or calls [failed] once it cannot. */
    fun start(front: Boolean, show: (Frame) -> Unit, failed: (Refused) -> Unit)

    fun stop()
}

/** A redrawn frame, and how many of them there were in the last second. */
class LivePicture(val bitmap: Bitmap, val perSecond: Double)

/** Redraws the frames of a source. */
class Live(
    private val studio: Studio,
    private val source: FrameSource,
    private val clock: () -> Long = System::nanoTime,
) {
    private val current = MutableStateFlow<LivePicture?>(null)
    private val times = ArrayDeque<Long>()
    private var job: Job? = null
    private var photo: ((Bitmap) -> Unit)? = null // gets the next frame as a photo

    val picture: StateFlow<LivePicture?> = current.asStateFlow()

    /** To be called on the main thread, like everything of this class. */
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
