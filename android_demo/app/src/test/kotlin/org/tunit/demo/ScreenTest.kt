// A real Activity on real inference: the AAR's own library, a real pair, no stand-ins.
package org.tunit.demo

import android.app.Activity
import android.app.Application
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File
import java.util.Base64
import kotlin.math.abs
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.runner.RunWith
import org.junit.runners.model.FrameworkMethod
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.GraphicsMode
import org.robolectric.internal.bytecode.InstrumentationConfiguration
import org.tunit.BundledModel
import org.tunit.Lane
import org.tunit.core.Pixels

/** Loads TensorFlow Lite once: a native library cannot be loaded again for another SDK level. */
class Runner(test: Class<*>) : RobolectricTestRunner(test) {
    override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
        InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
            .doNotAcquirePackage("org.tensorflow.lite.").build()
}

/** What tests/android/write_expected.py wrote; pictures are RGB bytes as base64. */
@Serializable
class Expected(
    val size: Int,
    val squares: Map<String, String>, // by file
    val translated: Map<String, String>, // by variant
    val strengths: Map<String, String>,
    val photograph: String, // photo.png at its own size
    val region: List<Double>, // x, y, width, height in photo.png
    val cut: String, // photo.png, of which the region is redrawn
    val colors: String, // photo.png with the look's colors only
    val masked: String, // photo.png, redrawn where mask.png is white, with a feather of 6 pixels
)

@RunWith(Runner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
abstract class ScreenTest {
    protected val pictures = File(System.getProperty("expected"))
    protected val expected: Expected by lazy {
        Json.decodeFromString(File(pictures, "expected.json").readText())
    }
    protected val app: Application get() = RuntimeEnvironment.getApplication()
    protected val studio: Studio get() = app.studio

    private var crash: Throwable? = null
    private val handler = Thread.getDefaultUncaughtExceptionHandler()

    /** What would end the app on a phone fails the test. */
    @Before
    fun watch() = Thread.setDefaultUncaughtExceptionHandler { _, error -> crash = error }

    @After
    fun noCrash() {
        Thread.setDefaultUncaughtExceptionHandler(handler)
        crash?.let { throw AssertionError("The app ended.", it) }
    }

    /** Fixes how the model is computed before the studio starts, so that nothing is measured. */
    protected fun choose(variant: String, threads: Int = 1) {
        val manifest = org.tunit.core.Manifest.parse(BundledModel(app.assets).manifest())
        Choices(app).choose(manifest, Lane(variant, threads))
    }

    protected fun uri(name: String): Uri = Uri.fromFile(File(pictures, name))

    /** The main screen; without a picture of before or in [intent], it welcomes the user. */
    protected fun main(intent: Intent = Intent(Intent.ACTION_MAIN), saved: Bundle? = null) =
        open(MainActivity::class.java, intent, saved)

    /** The main screen with the first example. */
    protected fun mainWithExample(): ActivityController<MainActivity> {
        val screen = main()
        studio.setPicture(studio.state.examples[0].source)
        settle()
        return screen
    }

    protected fun <T : Activity> open(
        screen: Class<T>,
        intent: Intent = Intent(),
        saved: Bundle? = null,
    ): ActivityController<T> {
        val controller = Robolectric.buildActivity(screen, intent)
        if (saved == null) controller.setup() else controller.setup(saved)
        settle()
        return controller
    }

    /** As if Android had ended the process of a screen; returns the state that it would restore. */
    protected fun endProcess(screen: ActivityController<*>): Bundle {
        val saved = Bundle()
        screen.saveInstanceState(saved).pause().stop().destroy()
        (app as TunitApp).forget()
        return saved
    }

    /** Another app saves or gives a document to a screen. */
    protected fun answer(screen: ActivityController<*>, code: Int, document: Uri) {
        val answer = Intent().setData(document)
        shadowOf(screen.get()).callOnActivityResult(code, Activity.RESULT_OK, answer)
    }

    protected fun send(name: String): Intent =
        Intent(Intent.ACTION_SEND).setType("image/*").putExtra(Intent.EXTRA_STREAM, uri(name))

    /** Waits until everything is done that was asked for. */
    protected fun settle() {
        val deadline = System.nanoTime() + 120_000_000_000
        do {
            shadowOf(Looper.getMainLooper()).idle()
            if (studio.idle) {
                shadowOf(Looper.getMainLooper()).idle()
                if (studio.idle) return
            }
            Thread.sleep(2)
        } while (System.nanoTime() < deadline)
        throw AssertionError("the studio did not come to rest: ${studio.state}")
    }

    protected fun look(name: String): Look = studio.state.looks.first { it.name == name }

    /** Everything below a view. */
    protected fun all(view: View): List<View> {
        val children = (view as? ViewGroup)?.run { List(childCount, ::getChildAt) }.orEmpty()
        return listOf(view) + children.flatMap(::all)
    }

    /** What is read on a screen. */
    protected fun texts(view: View): List<String> = all(view).filter { it.isShown }
        .mapNotNull { (it as? TextView)?.text?.toString() }.filter { it.isNotEmpty() }

    /** Opaque or transparent RGB bytes of a bitmap. */
    protected fun rgb(bitmap: Bitmap): ByteArray {
        val argb = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(argb, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        return ByteArray(3 * argb.size) { (argb[it / 3] shr (16 - 8 * (it % 3))).toByte() }
    }

    protected fun translation(): Translation =
        studio.state.translation ?: throw AssertionError(studio.state.message?.text)

    protected fun bytes(text: String?): ByteArray = Base64.getDecoder().decode(text!!)

    protected fun assertClose(expected: ByteArray, actual: ByteArray, most: Int, what: String) {
        assertEquals(expected.size, actual.size)
        fun difference(i: Int) = abs((expected[i].toInt() and 255) - (actual[i].toInt() and 255))
        val largest = expected.indices.maxOf(::difference)
        val decibels = Pixels.psnr(expected, actual)
        println("end to end: $what: largest difference $largest of 255, $decibels dB")
        assertTrue("$what: off by $largest of 255", largest <= most)
    }

    /** The real pixels of a screen. */
    protected fun draw(view: View): Bitmap {
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        return bitmap
    }

    protected fun screenshot(activity: Activity, name: String) {
        val folder = File(System.getProperty("screenshots")).apply { mkdirs() }
        File(folder, "$name.png").writeBytes(Pictures.png(draw(activity.window.decorView)))
    }
}
