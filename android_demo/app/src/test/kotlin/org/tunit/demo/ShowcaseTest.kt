// The pictures of docs/: the model that the app is built with, and the examples that come with it.
package org.tunit.demo

import android.Manifest.permission.CAMERA
import android.app.Activity
import android.graphics.Bitmap
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
import org.tunit.core.Manifest
import org.tunit.core.Refused

@Config(sdk = [36], qualifiers = "en-w411dp-h891dp-xhdpi")
class ShowcaseTest : ScreenTest() {
    @Before
    fun open() {
        val folder = File(app.filesDir, "model")
        File(System.getProperty("showcase")).copyRecursively(folder)
        val manifest = Manifest.parse(File(folder, Manifest.FILE).readText())
        Choices(app).choose(manifest, Lane("float32", 2))
    }

    /** The look of a caption, or another where the model has none such. */
    private fun chosen(look: String): Look =
        studio.state.looks.run { find { it.name == look } ?: first { !it.isOwn } }

    private fun result(name: String, picture: Int, look: String): MainActivity {
        val screen = main().get()
        studio.setPicture(studio.state.examples.let { it[picture % it.size] }.source)
        settle()
        studio.choose(chosen(look).id)
        settle()
        screen.findViewById<CompareView>(R.id.compare).split = 0.4f
        shadowOf(Looper.getMainLooper()).idle()
        picture(screen, name)
        return screen
    }

    /** As JPEG, since most of it are photographs. */
    private fun picture(activity: Activity, name: String) {
        val file = File(System.getProperty("screenshots"), "$name.jpg")
        file.parentFile!!.mkdirs()
        val screen = draw(activity.window.decorView)
        file.outputStream().use { screen.compress(Bitmap.CompressFormat.JPEG, QUALITY, it) }
    }

    @Test
    fun welcome() {
        val screen = main().get()
        picture(screen, "android_welcome")
        val shown = texts(screen.window.decorView)
        assertTrue("$shown", studio.state.model!!.manifest.title in shown)
    }

    @Test
    fun phone() {
        val screen = result("android_phone", picture = 1, look = "Siamese")
        assertEquals(studio.state.picture!!.width, translation().redrawn.width)
        val named = studio.state.looks.map { it.name }
        val file = Regex("look_|picture_|\\.[a-z]{3}$")
        assertEquals("names are for people", emptyList<String>(), named.filter(file::containsMatchIn))
        assertTrue("all that matters is seen", screen.findViewById<View>(R.id.strength).isShown)
    }

    @Test
    @Config(qualifiers = "+night")
    fun dark() {
        result("android_dark", picture = 0, look = "Gray")
    }

    @Test
    @Config(qualifiers = "en-w1280dp-h800dp-land-hdpi")
    fun tablet() {
        result("android_tablet", picture = 3, look = "Tabby")
    }

    @Test
    fun live() {
        shadowOf(app).grantPermissions(CAMERA)
        main()
        val example = studio.state.examples[0]
        val photo = Pictures.decode(example.file, example.name).bitmap
        photo.isPremultiplied = true
        val source = Frames(Bitmap.createScaledBitmap(photo, 480, 480, true))
        (app as TunitApp).camera = { source }
        studio.choose(chosen("Black and white").id)
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
        picture(screen, "android_live")
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

    private companion object {
        const val QUALITY = 88
    }
}
