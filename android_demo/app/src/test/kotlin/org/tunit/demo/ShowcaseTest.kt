// The pictures of docs/: the model that the app is built with, and a photograph of the user's own,
// Chelsea (CC0, by Stefan van der Walt, from scikit-image).
package org.tunit.demo

import android.Manifest.permission.CAMERA
import android.graphics.Bitmap
import android.net.Uri
import android.os.Looper
import android.view.View
import android.widget.ImageView
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.Lane
import org.tunit.core.Box
import org.tunit.core.Manifest
import org.tunit.core.Refused

@Config(sdk = [36], qualifiers = "en-w411dp-h891dp-xhdpi")
class ShowcaseTest : ScreenTest() {
    private val chelsea = File("app/src/test/chelsea.jpg")
    private val face = Box(132.0, 18.0, 238.0)

    @Before
    fun open() {
        val folder = File(app.filesDir, "model")
        File(System.getProperty("showcase")).copyRecursively(folder)
        val manifest = Manifest.parse(File(folder, Manifest.FILE).readText())
        Choices(app).choose(manifest, Lane("float32", 2))
    }

    private fun result(name: String, look: Int, box: Box? = face): MainActivity {
        val screen = main().get()
        studio.setPicture(Uri.fromFile(chelsea))
        settle()
        studio.cut(box)
        studio.choose(studio.state.looks.filter { !it.isOwn }.let { it[look % it.size] }.id)
        settle()
        screen.findViewById<CompareView>(R.id.compare).split = 0.4f
        shadowOf(Looper.getMainLooper()).idle()
        screenshot(screen, name)
        return screen
    }

    @Test
    fun welcome() {
        val screen = main().get()
        screenshot(screen, "android_welcome")
        val shown = texts(screen.window.decorView)
        assertTrue("$shown", studio.state.model!!.manifest.title in shown)
    }

    @Test
    fun phone() {
        val screen = result("android_phone", look = 3)
        assertEquals(451 to 300, translation().redrawn.run { width to height })
        val technical = Regex("look_|synthetic|\\d")
        val named = studio.state.looks.map { it.name }.filter(technical::containsMatchIn)
        assertEquals("names are for people", emptyList<String>(), named)
        assertTrue("everything that matters is seen", screen.findViewById<View>(R.id.strength).isShown)
    }

    @Test
    @Config(qualifiers = "+night")
    fun dark() {
        result("android_dark", look = 6)
    }

    @Test
    @Config(qualifiers = "en-w1280dp-h800dp-land-hdpi")
    fun tablet() {
        result("android_tablet", look = 2)
    }

    @Test
    fun wholePhotograph() {
        result("android_whole", look = 3, box = null)
    }

    @Test
    fun live() {
        shadowOf(app).grantPermissions(CAMERA)
        val photo = Pictures.decode(chelsea, "chelsea").bitmap
        val (left, top) = face.x.toInt() to face.y.toInt()
        val middle = Bitmap.createBitmap(photo, left, top, face.side.toInt(), face.side.toInt())
        val source = Frames(Bitmap.createScaledBitmap(middle, 480, 480, true))
        (app as TunitApp).camera = { source }
        main()
        studio.choose(studio.state.looks.filter { !it.isOwn }[0].id)
        val screen = Robolectric.buildActivity(LiveActivity::class.java).setup().get()
        val picture = screen.findViewById<ImageView>(R.id.picture)
        repeat(6) {
            val before = picture.drawable
            source.give()
            val deadline = System.nanoTime() + 60_000_000_000
            while (picture.drawable === before && System.nanoTime() < deadline) {
                shadowOf(Looper.getMainLooper()).idle()
                Thread.sleep(2)
            }
        }
        assertTrue(picture.drawable != null)
        screenshot(screen, "android_live")
    }

    private class Frames(private val bitmap: Bitmap) : FrameSource {
        override val canTurn = true
        private lateinit var show: (Frame) -> Unit

        override fun start(front: Boolean, show: (Frame) -> Unit, failed: (Refused) -> Unit) {
            this.show = show
        }

        override fun stop() = Unit

        fun give() = show(object : Frame {
            override fun side(step: Int) = bitmap.width / step

            override fun argb(step: Int) = IntArray(side(step) * side(step)).also {
                bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
            }

            override fun close() = Unit
        })
    }
}
