// The camera in the chosen look; the shutter takes a photo, which becomes the picture.
package org.tunit.demo

import android.graphics.Bitmap
import android.os.Bundle
import android.view.View
import android.widget.ImageView
import android.widget.TextView
import java.util.Locale
import kotlinx.coroutines.launch
import org.tunit.core.Problem
import org.tunit.core.Refused

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

    /** The answer is seen when the screen comes back; a screen that stayed hears of it here. */
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
