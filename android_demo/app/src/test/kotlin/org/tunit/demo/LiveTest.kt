// Live on frames that a test gives: redrawn as they are, the newest wins, and each is closed.
package org.tunit.demo

import android.Manifest.permission.CAMERA
import android.content.pm.PackageManager
import android.graphics.drawable.BitmapDrawable
import android.os.Looper
import android.provider.MediaStore
import android.view.View
import android.widget.ImageView
import android.widget.TextView
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.core.Problem
import org.tunit.core.Refused

@Config(sdk = [28, 36], qualifiers = "en-w411dp-h891dp-xhdpi")
class LiveTest : ScreenTest() {
    /** A camera whose frames are numbered by their color; step 1 is 960 pixels, as of phones. */
    private class Frames : FrameSource {
        val closed = ArrayList<Int>()
        val drawn = ArrayList<Int>()
        var front: Boolean? = null // null while stopped
        private var show: ((Frame) -> Unit)? = null
        lateinit var failed: (Refused) -> Unit
        override val canTurn = true

        override fun start(front: Boolean, show: (Frame) -> Unit, failed: (Refused) -> Unit) {
            this.front = front
            this.show = show
            this.failed = failed
        }

        override fun stop() {
            front = null
            show = null
        }

        fun give(number: Int) = show!!(object : Frame {
            override fun side(step: Int) = 960 / step

            override fun argb(step: Int): IntArray {
                synchronized(drawn) { drawn += number }
                val side = side(step)
                return IntArray(side * side) { i ->
                    0xFF000000.toInt() or (number shl 16) or (i % side * 255 / side shl 8) or 64
                }
            }

            override fun close() {
                synchronized(closed) { closed += number }
            }
        })
    }

    private val frames = Frames()

    @Before
    fun plain() {
        choose("float32")
        (app as TunitApp).camera = { frames }
    }

    private fun allow() = shadowOf(app).grantPermissions(CAMERA)

    /** Live never comes to rest; waits until something is true. */
    private fun await(what: String, isTrue: () -> Boolean) {
        val deadline = System.nanoTime() + 60_000_000_000
        while (!isTrue()) {
            assertTrue(what, System.nanoTime() < deadline)
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(2)
        }
    }

    private fun live(): LiveActivity {
        mainWithExample()
        val screen = Robolectric.buildActivity(LiveActivity::class.java).setup()
        shadowOf(Looper.getMainLooper()).idle()
        return screen.get()
    }

    private fun picture(screen: LiveActivity) =
        (screen.findViewById<ImageView>(R.id.picture).drawable as? BitmapDrawable)?.bitmap

    @Test
    fun framesAreRedrawnInTheChosenLook() {
        allow()
        val screen = live()
        assertEquals(false, frames.front)
        frames.give(40)
        await("a frame") { picture(screen) != null }
        val first = picture(screen)!!
        assertEquals(480, first.width)
        val blend = studio.blend()!!
        val side = 480
        val given = IntArray(side * side) { i ->
            0xFF000000.toInt() or (40 shl 16) or (i % side * 255 / side shl 8) or 64
        }
        val expected = studio.engine.redraw(given, side, blend, studio.state.detail, false)
        assertTrue("as a picture is", first.sameAs(expected))
        studio.choose(look("moss").id)
        frames.give(40)
        await("another look") { picture(screen) !== first }
        assertFalse(picture(screen)!!.sameAs(first))
        frames.give(41)
        await("a rate") { "frames per second" in screen.findViewById<TextView>(R.id.rate).text }
        await("all are closed") { synchronized(frames.closed) { frames.closed.size == 3 } }
    }

    @Test
    fun theNewestFrameWins() {
        allow()
        val screen = live()
        for (number in 1..20) frames.give(number) // before the first can be redrawn
        await("the last one") { 20 in synchronized(frames.drawn) { frames.drawn.toList() } }
        await("all are closed") { synchronized(frames.closed) { frames.closed.size == 20 } }
        assertTrue("${frames.drawn}", frames.drawn.size <= 3)
        screen.finish()
    }

    @Test
    fun framesPerSecondAreOfTheLastSecond() {
        allow()
        mainWithExample()
        var now = 0L
        val live = Live(studio, frames) { now }
        live.start(front = false)
        for (number in 1..30) {
            now += if (number <= 10) 200_000_000 else 50_000_000 // 5, then 20 a second
            frames.give(number)
            val before = live.picture.value
            await("frame $number") { live.picture.value !== before }
        }
        assertEquals(20.0, live.picture.value!!.perSecond, 0.01)
        live.stop()
    }

    @Test
    fun theShutterMakesAPictureOfTheWholeFrame() {
        allow()
        val screen = live()
        screen.findViewById<View>(R.id.shutter).performClick()
        frames.give(77)
        await("the screen closes") { screen.isFinishing }
        frames.stop()
        await("the photo") { studio.state.translation?.name == "Photo" }
        assertEquals(960 to 960, studio.state.picture!!.run { width to height })
        val photo = Pictures.decode(studio.state.picture!!.file, "").bitmap
        val red = photo.getPixel(480, 480) shr 16 and 255
        assertTrue("$red", red in 72..82)
        assertTrue(File(app.filesDir, "session").list()!!.any { it.startsWith("picture") })
    }

    @Test
    fun theCameraIsTurnedAndStopsWithTheScreen() {
        allow()
        mainWithExample()
        val screen = Robolectric.buildActivity(LiveActivity::class.java).setup()
        screen.get().findViewById<View>(R.id.turn).performClick()
        assertEquals(true, frames.front)
        screen.pause()
        assertEquals(null, frames.front)
        screen.resume()
        assertEquals("still turned", true, frames.front)
        frames.failed(Refused(Problem.CAMERA_BUSY))
        await("a sentence") { studio.state.message?.isProblem == true }
        val shown = texts(screen.get().window.decorView)
        assertTrue("$shown", shown.any { it.startsWith("The camera cannot be used now") })
        screen.pause().stop().destroy()
    }

    @Test
    fun theCameraIsAskedForWhenLiveIsTappedAndTheAppWorksWithout() {
        val info = app.packageManager.getPackageInfo(app.packageName, PackageManager.GET_PERMISSIONS)
        assertEquals(listOf(CAMERA), info.requestedPermissions!!.toList())
        val main = mainWithExample()
        assertEquals(null, shadowOf(main.get()).lastRequestedPermission)
        main.get().findViewById<View>(R.id.live).performClick()
        val next = shadowOf(main.get()).nextStartedActivity
        assertEquals(LiveActivity::class.java.name, next.component!!.className)
        val screen = Robolectric.buildActivity(LiveActivity::class.java).setup()
        val asked = shadowOf(screen.get()).lastRequestedPermission
        assertEquals(listOf(CAMERA), asked.requestedPermissions.toList())
        screen.get().onRequestPermissionsResult(
            asked.requestCode, arrayOf(CAMERA), intArrayOf(PackageManager.PERMISSION_DENIED),
        )
        assertEquals("no frame is taken", null, frames.front)
        val shown = texts(screen.get().window.decorView)
        assertTrue("$shown", shown.any { it.startsWith("This needs the camera: allow it") })
        screen.pause().resume() // is not asked again, which would never end
        screen.pause().stop().destroy()
        studio.choose(look("moss").id)
        settle()
        assertEquals("moss", translation().lookName)
    }

    @Test
    fun aPhotoOfTheCameraAppIsTakenOnceTheCameraIsAllowed() {
        val screen = mainWithExample().get()
        val requests = Requests(screen)
        requests.takePhoto(Requests.CAMERA_PICTURE)
        val first = shadowOf(screen).nextStartedActivity // Android's own question, and no camera app
        assertEquals("android.content.pm.action.REQUEST_PERMISSIONS", first.action)
        assertEquals(Requests.CAMERA_PICTURE, shadowOf(screen).lastRequestedPermission.requestCode)
        requests.permitted(Requests.CAMERA_PICTURE, intArrayOf(PackageManager.PERMISSION_DENIED))
        assertTrue(studio.state.message!!.text.startsWith("This needs the camera"))
        allow()
        requests.permitted(Requests.CAMERA_PICTURE, intArrayOf(PackageManager.PERMISSION_GRANTED))
        val asked = shadowOf(screen).nextStartedActivity
        assertEquals(MediaStore.ACTION_IMAGE_CAPTURE, asked.action)
    }
}
