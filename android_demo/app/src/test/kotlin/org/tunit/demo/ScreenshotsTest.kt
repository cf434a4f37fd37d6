// Pictures of the screens, to look at: phone, tablet, dark, large text, right to left.
package org.tunit.demo

import android.app.Activity
import android.view.MotionEvent
import android.view.MotionEvent.ACTION_DOWN
import android.view.MotionEvent.ACTION_MOVE
import android.view.MotionEvent.ACTION_UP
import android.view.View
import android.view.ViewGroup
import android.widget.AdapterView
import android.widget.ImageButton
import android.widget.ImageView
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.tunit.demo.benchmark.Benchmark
import org.tunit.demo.benchmark.BenchmarkActivity

@Config(sdk = [36], qualifiers = "en-w411dp-h891dp-xhdpi")
class ScreenshotsTest : ScreenTest() {
    @Before
    fun plain() = choose("float32")

    private fun main(name: String, look: String = "reef") {
        val screen = main()
        studio.choose(look(look).id)
        settle()
        finish(screen.get(), name)
    }

    /** Everything that can be touched is large enough and has a name for a screen reader. */
    private fun finish(activity: Activity, name: String) {
        screenshot(activity, name)
        val density = activity.resources.displayMetrics.density
        for (view in all(activity.window.decorView).filter(::isTouched)) {
            val text = (view as? TextView)?.text
            val described = !view.contentDescription.isNullOrEmpty() || !text.isNullOrEmpty()
            assertTrue("$name: $view has no name", described)
            if (view is ImageButton || view is TextView) {
                val height = view.height / density
                assertTrue("$name: $view is $height dp high", height >= 47)
            }
        }
    }

    private fun isTouched(view: View) =
        view.isClickable && view.isShown && view.width > 0 && view !is AdapterView<*>

    private fun all(view: View): List<View> {
        val children = (view as? ViewGroup)?.run { List(childCount, ::getChildAt) }.orEmpty()
        return listOf(view) + children.flatMap(::all)
    }

    @Test
    fun phone() = main("phone_light")

    @Test
    @Config(qualifiers = "+night")
    fun phoneInTheDark() = main("phone_dark", "ember")

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-xhdpi")
    fun german() {
        main("phone_german")
    }

    @Test
    @Config(qualifiers = "en-w1280dp-h800dp-land-hdpi")
    fun tablet() = main("tablet_landscape", "orchid")

    @Test
    @Config(qualifiers = "en-w891dp-h411dp-land-xhdpi")
    fun phoneInLandscape() = main("phone_landscape")

    @Test
    @Config(qualifiers = "ar-ldrtl-w411dp-h891dp-xhdpi")
    fun rightToLeft() {
        val screen = main()
        assertEquals(View.LAYOUT_DIRECTION_RTL, screen.get().window.decorView.layoutDirection)
        finish(screen.get(), "right_to_left")
    }

    @Test
    fun twiceTheTextSize() {
        RuntimeEnvironment.setFontScale(2f)
        main("text_200_percent")
    }

    @Test
    fun mixing() {
        val screen = main()
        studio.choose(look("reef").id)
        studio.setMixing(true)
        studio.choose(look("ember").id)
        studio.setMix(0.4f)
        studio.setStrength(1.2f)
        settle()
        finish(screen.get(), "mixing")
    }

    @Test
    fun error() {
        val screen = main(send("not_a_picture.png"))
        finish(screen.get(), "error")
    }

    @Test
    fun cutting() {
        main(send("photo.png"))
        val screen = open(CropActivity::class.java)
        val crop = screen.get().findViewById<CropView>(R.id.crop)
        crop.resize(150.0)
        settle()
        finish(screen.get(), "crop")
        val before = crop.box
        val finger = (2 * before.x).toFloat()
        for ((action, by) in listOf(ACTION_DOWN to 0f, ACTION_MOVE to -40f, ACTION_UP to -40f)) {
            crop.dispatchTouchEvent(MotionEvent.obtain(0, 0, action, finger + by, finger, 0))
        }
        assertTrue("dragged to the left", crop.box.x < before.x)
        assertEquals(before.copy(x = crop.box.x), crop.box)
        screen.get().findViewById<View>(R.id.done).performClick()
        settle()
        assertEquals(150.0, studio.state.picture!!.box.side, 1e-9)
    }

    @Test
    fun model() {
        main()
        finish(open(ModelActivity::class.java).get(), "model")
    }

    @Test
    fun grid() {
        main()
        val screen = open(GridActivity::class.java)
        finish(screen.get(), "grid")
        val cells = all(screen.get().window.decorView).filterIsInstance<ImageView>()
        assertTrue(cells.size > 4 * 4)
    }

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-xhdpi")
    fun gridInGermanAtTwiceTheTextSize() {
        RuntimeEnvironment.setFontScale(2f)
        main()
        finish(open(GridActivity::class.java).get(), "grid_german_200_percent")
    }

    @Test
    fun earlierResults() {
        main()
        for (name in listOf("reef", "moss", "ember", "orchid")) {
            studio.choose(look(name).id)
            settle()
        }
        finish(open(EarlierActivity::class.java).get(), "earlier")
        assertTrue(studio.state.earlier.size >= 4)
    }

    @Test
    fun benchmark() {
        main()
        val screen = open(BenchmarkActivity::class.java)
        val benchmark = Benchmark.of(studio)
        // static_int8 may crash on x86_64
        benchmark.variants = setOf("float32", "float16", "weight_int8")
        screen.get().findViewById<View>(R.id.run).performClick()
        settle()
        finish(screen.get(), "benchmark")
        assertEquals(3 * Choices.threads().size, benchmark.measured.value.rows.size)
        assertTrue(benchmark.text().contains("| weight_int8 |"))
    }
}
