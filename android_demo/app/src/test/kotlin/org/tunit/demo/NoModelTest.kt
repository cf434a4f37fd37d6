// The app that was built without a model starts, shows how to open one, and works once one is opened.
package org.tunit.demo

import android.view.View
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.Lane
import org.tunit.demo.benchmark.Benchmark
import org.tunit.demo.benchmark.BenchmarkActivity

@Config(sdk = [28, 36], qualifiers = "en-w411dp-h891dp-xhdpi")
class NoModelTest : FolderTest() {
    @Before
    fun leaveTheModelOut() {
        (app as TunitApp).bundled = "none"
    }

    @Test
    fun itStartsAndShowsHowToOpenAFolder() {
        val screen = main().get()
        val sentence = "This app was built without a model: open a folder that export.tflite wrote."
        assertTrue(sentence in texts(screen.window.decorView))
        assertEquals(null, studio.state.model)
        assertFalse(studio.state.working)
        screen.findViewById<View>(R.id.open_model).performClick()
        val next = shadowOf(screen).nextStartedActivity
        assertEquals(ModelActivity::class.java.name, next.component!!.className)
        screenshot(screen, "no_model")
        for (other in listOf(
            GridActivity::class.java, EarlierActivity::class.java, ModelActivity::class.java,
            BenchmarkActivity::class.java, CropActivity::class.java, DeveloperActivity::class.java,
        )) open(other).pause().stop().destroy()
    }

    @Test
    fun nothingThatNeedsAModelEndsTheApp() {
        main(send("photo.png"))
        assertEquals("photo.png", studio.state.picture!!.name)
        for (action in listOf<() -> Unit>(
            { studio.addLooks(listOf(uri("alpha.png"))) }, { studio.addRandomLook() },
        )) {
            action()
            settle()
            assertEquals(app.getString(R.string.problem_no_model), studio.state.message!!.text)
        }
        Benchmark.of(studio).start()
        studio.setLane(Lane("float32", 1))
        studio.setMixing(true)
        studio.setStrength(0.5f)
        settle()
        assertEquals(null, studio.state.translation)
    }

    @Test
    fun itWorksOnceAFolderIsOpenedAndAtTheNextStart() {
        main(send("photo.png"))
        assertEquals(null, opened())
        assertEquals("photo.png", studio.state.picture!!.name)
        studio.setStrength(1f)
        studio.choose(look("reef").id)
        settle()
        val expected = bytes(expected.translated["float32"])
        assertClose(expected, translation().square, 1, "a folder opened without a model")
        val shown = texts(open(ModelActivity::class.java).get().window.decorView)
        assertFalse("there is none to go back to", app.getString(R.string.model_bundled) in shown)
        (app as TunitApp).forget()
        main()
        assertClose(expected, translation().square, 1, "after the next start")
        assertTrue(studio.state.message == null)
    }
}
