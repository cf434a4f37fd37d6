// The app that was built without a model starts, shows how to open one, and works once one is opened.
package org.tunit.demo

import android.view.View
import android.view.ViewGroup
import android.widget.LinearLayout
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
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
        val message = screen.findViewById<TextView>(R.id.message)
        assertEquals(View.VISIBLE, message.visibility)
        assertEquals(
            "This app was built without a model: choose More, Model, Open a folder, and take a " +
                "folder that export.tflite wrote.",
            message.text.toString(),
        )
        assertEquals(null, studio.state.model)
        assertFalse(studio.state.working)
        screenshot(screen, "no_model")
        for (other in listOf(
            GridActivity::class.java, EarlierActivity::class.java, ModelActivity::class.java,
            BenchmarkActivity::class.java, CropActivity::class.java,
        )) open(other).pause().stop().destroy()
    }

    @Test
    fun nothingThatNeedsAModelEndsTheApp() {
        main(send("photo.png"))
        assertEquals("photo.png", studio.state.picture!!.name)
        for (action in listOf<() -> Unit>(
            { studio.addLooks(listOf(uri("alpha.png"))) }, { studio.addRandomLook() },
            { studio.addToGrid(listOf(uri("alpha.png"))) },
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
        val texts = texts(open(ModelActivity::class.java).get().findViewById(R.id.content))
        assertFalse("there is none to go back to", app.getString(R.string.model_bundled) in texts)
        (app as TunitApp).forget()
        main()
        assertClose(expected, translation().square, 1, "after the next start")
        assertTrue(studio.state.message == null)
    }

    private fun texts(content: LinearLayout) = (0 until (content as ViewGroup).childCount)
        .mapNotNull { (content.getChildAt(it) as? TextView)?.text?.toString() }
}
