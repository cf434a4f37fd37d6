// Pictures of the screens, to look at: phone, tablet, dark, large text, right to left.
package org.tunit.demo

import android.app.Activity
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
        for (view in all(activity.window.decorView).filter { it.isClickable && it.isShown && it.width > 0 && it !is AdapterView<*> }) {
            val described = !view.contentDescription.isNullOrEmpty() || (view as? TextView)?.text?.isNotEmpty() == true
            assertTrue("$name: $view has no name", described)
            if (view is ImageButton || view is TextView) {
                assertTrue("$name: $view is ${view.height / density} dp high", view.height >= 47 * density)
            }
        }
    }

    private fun all(view: View): List<View> =
        listOf(view) + if (view is ViewGroup) (0 until view.childCount).flatMap { all(view.getChildAt(it)) } else emptyList()

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
        screen.get().findViewById<CropView>(R.id.crop).resize(150.0)
        settle()
        finish(screen.get(), "crop")
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
        studio.benchmark.variants = setOf("float32", "float16", "weight_int8") // static_int8 may crash on x86_64
        screen.get().findViewById<View>(R.id.run).performClick()
        settle()
        finish(screen.get(), "benchmark")
        assertEquals(3 * Choices.threads().size, studio.benchmark.rows.size)
        assertTrue(studio.benchmark.text().contains("| weight_int8 |"))
    }
}
