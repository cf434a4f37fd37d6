// Pictures of the screens, to look at: phone, tablet, dark, large text, right to left.
package org.tunit.demo

import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ImageButton
import android.widget.ImageView
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
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
        val screen = main(send("photo.png"))
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
        all(activity.window.decorView).filterIsInstance<TextView>().filter { it.isShown }
            .forEach { assertReadable(name, it) }
    }

    /** Nothing of a text is cut off, at any size of text and in any language. */
    private fun assertReadable(name: String, view: TextView) {
        val layout = view.layout ?: return
        val words = "$name: ${view.text}"
        val cut = (0 until layout.lineCount).sumOf { layout.getEllipsisCount(it) }
        assertEquals("$words ends with an ellipsis", 0, cut)
        val room = view.height - view.compoundPaddingTop - view.compoundPaddingBottom
        assertTrue("$words needs ${layout.height} of $room", layout.height <= room)
        for (line in 0 until layout.lineCount - 1) {
            val end = layout.getLineEnd(line)
            val inside = view.text[end - 1].isLetter() && view.text[end].isLetter()
            assertFalse("$words is broken inside of a word", inside)
        }
    }

    private fun isTouched(view: View) =
        view.isClickable && view.isShown && view.width > 0 && view !is AdapterView<*>

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
        val screen = main(send("photo.png"))
        assertEquals(View.LAYOUT_DIRECTION_RTL, screen.get().window.decorView.layoutDirection)
        finish(screen.get(), "right_to_left")
    }

    @Test
    fun twiceTheTextSize() {
        RuntimeEnvironment.setFontScale(2f)
        main("text_200_percent")
    }

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-xhdpi")
    fun germanAtTwiceTheTextSize() {
        RuntimeEnvironment.setFontScale(2f)
        main("text_200_percent_german")
        finish(main().get(), "text_200_percent_german_again")
    }

    @Test
    fun mixing() {
        val screen = main(send("photo.png"))
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
        assertTrue(texts(screen.get().window.decorView).any { "not_a_picture.png" in it })
    }

    @Test
    fun cutting() {
        main(send("photo.png"))
        val screen = open(CropActivity::class.java)
        screen.get().findViewById<CropView>(R.id.crop).resize(150.0)
        settle()
        finish(screen.get(), "crop")
    }

    @Test
    fun model() {
        mainWithExample()
        finish(open(ModelActivity::class.java).get(), "model")
        finish(open(DeveloperActivity::class.java).get(), "developers")
    }

    @Test
    fun grid() {
        mainWithExample()
        val screen = open(GridActivity::class.java)
        finish(screen.get(), "grid_before")
        studio.grid.start()
        settle()
        finish(screen.get(), "grid")
        val cells = all(screen.get().window.decorView).filterIsInstance<ImageView>()
        assertTrue(cells.size > 4 * 4)
    }

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-xhdpi")
    fun gridInGermanAtTwiceTheTextSize() {
        RuntimeEnvironment.setFontScale(2f)
        mainWithExample()
        finish(open(GridActivity::class.java).get(), "grid_german_200_percent")
    }

    @Test
    fun earlierResults() {
        mainWithExample()
        for (name in listOf("reef", "moss", "ember", "orchid")) {
            studio.choose(look(name).id)
            settle()
        }
        finish(open(EarlierActivity::class.java).get(), "earlier")
        assertTrue(studio.state.earlier.size >= 4)
    }

    @Test
    fun benchmark() {
        mainWithExample()
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
