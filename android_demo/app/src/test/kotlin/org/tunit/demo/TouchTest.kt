// What fingers, keys and screen readers do to the result and to the square that is cut.
package org.tunit.demo

import android.view.KeyEvent
import android.view.MotionEvent
import android.view.MotionEvent.ACTION_DOWN
import android.view.MotionEvent.ACTION_MOVE
import android.view.MotionEvent.ACTION_UP
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
import org.tunit.core.Box

@Config(sdk = [36], qualifiers = "en-w411dp-h891dp-xhdpi")
class TouchTest : ScreenTest() {
    @Before
    fun plain() = choose("float32")

    private fun compare(): CompareView {
        val screen = main(send("photo.png")).get()
        studio.choose(look("reef").id)
        settle()
        return screen.findViewById<CompareView>(R.id.compare).also { draw(it) }
    }

    private fun View.drag(vararg points: kotlin.Pair<Float, Float>) {
        points.forEachIndexed { i, (x, y) ->
            val action = if (i == 0) ACTION_DOWN else ACTION_MOVE
            dispatchTouchEvent(MotionEvent.obtain(0, 0, action, x, y, 0))
        }
        val (x, y) = points.last()
        dispatchTouchEvent(MotionEvent.obtain(0, 0, ACTION_UP, x, y, 0))
    }

    @Test
    fun theDividerUncoversTheOriginal() {
        val view = compare()
        val (w, h) = view.width.toFloat() to view.height.toFloat()
        val left = { draw(view).getPixel((w * 0.2f).toInt(), (h * 0.3f).toInt()) }
        val right = { draw(view).getPixel((w * 0.9f).toInt(), (h * 0.3f).toInt()) }
        val (redrawnLeft, redrawnRight) = left() to right()
        view.drag(w * 0.1f to h / 2, w * 0.3f to h / 2, w * 0.5f to h / 2)
        assertEquals(0.5f, view.split, 0.01f)
        assertTrue("the original on the left", left() != redrawnLeft)
        assertEquals("the result on the right", redrawnRight, right())
        view.split = 1f
        assertTrue(view.contentDescription.endsWith("original"))
        view.drag(w / 2 to h / 2) // a tap
        assertEquals(0f, view.split)
        assertTrue(view.contentDescription.contains("reef"))
    }

    @Test
    fun scrollingLeavesTheDivider() {
        val view = compare()
        val (w, h) = view.width.toFloat() to view.height.toFloat()
        view.drag(w / 2 to h / 4, w / 2 + 5 to h / 2, w / 2 + 20 to h)
        assertTrue("a finger that moves down", view.split == 0f || view.split == 1f)
        view.split = 0f
        view.dispatchTouchEvent(MotionEvent.obtain(0, 0, ACTION_DOWN, w / 2, h / 4, 0))
        view.dispatchTouchEvent(MotionEvent.obtain(0, 0, ACTION_MOVE, w / 2 + 20, h, 0))
        view.dispatchTouchEvent(MotionEvent.obtain(0, 0, MotionEvent.ACTION_CANCEL, w / 2, h, 0))
        assertEquals(0f, view.split)
    }

    @Test
    @Config(qualifiers = "ar-ldrtl-w411dp-h891dp-xhdpi")
    fun theDividerStartsOnTheRightWhereTextDoes() {
        val view = compare()
        val (w, h) = view.width.toFloat() to view.height.toFloat()
        view.drag(w * 0.9f to h / 2, w * 0.8f to h / 2, w * 0.75f to h / 2)
        assertEquals(0.25f, view.split, 0.02f)
    }

    @Test
    fun keysAndScreenReadersMoveTheDivider() {
        val view = compare()
        val info = AccessibilityNodeInfo.obtain()
        view.onInitializeAccessibilityNodeInfo(info)
        assertEquals("android.widget.SeekBar", info.className)
        assertEquals(0f, info.rangeInfo.current)
        view.performAccessibilityAction(AccessibilityNodeInfo.ACTION_SCROLL_FORWARD, null)
        assertEquals(0.2f, view.split, 1e-6f)
        view.onKeyDown(KeyEvent.KEYCODE_DPAD_RIGHT, KeyEvent(ACTION_DOWN, KeyEvent.KEYCODE_DPAD_RIGHT))
        assertEquals(0.4f, view.split, 1e-6f)
    }

    private fun crop(): CropView {
        main(send("photo.png"))
        val view = open(CropActivity::class.java).get().findViewById<CropView>(R.id.crop)
        view.box = Box(100.0, 50.0, 100.0)
        draw(view)
        return view
    }

    /** Where a point of the picture is on the view. */
    private fun CropView.place(x: Double, y: Double): kotlin.Pair<Float, Float> {
        val shown = picture!!
        val scale = minOf(width.toFloat() / shown.width, height.toFloat() / shown.height)
        val (left, top) = (width - shown.width * scale) / 2 to (height - shown.height * scale) / 2
        return (left + x.toFloat() * scale) to (top + y.toFloat() * scale)
    }

    @Test
    fun theSquareIsDraggedAndResizedAtItsCorners() {
        val view = crop()
        view.drag(view.place(150.0, 100.0), view.place(160.0, 90.0))
        assertEquals(110.0, view.box.x, 0.5)
        assertEquals(40.0, view.box.y, 0.5)
        assertEquals(100.0, view.box.side, 1e-6)
        view.drag(view.place(210.0, 140.0), view.place(190.0, 120.0)) // its lower right corner
        assertEquals(listOf(110.0, 40.0), listOf(view.box.x, view.box.y).map { Math.rint(it) })
        assertEquals(80.0, view.box.side, 0.5)
        view.drag(view.place(110.0, 40.0), view.place(-50.0, -50.0)) // the upper left one, too far
        assertEquals("the opposite corner stays", 190.0, view.box.x + view.box.side, 0.5)
        assertEquals("inside of the picture", 0.0, view.box.y, 0.5)
    }

    @Test
    fun screenReadersMoveAndResizeTheSquare() {
        val view = crop()
        val info = AccessibilityNodeInfo.obtain()
        view.onInitializeAccessibilityNodeInfo(info)
        val names = info.actionList.mapNotNull { it.label?.toString() }
        assertTrue("$names", names.containsAll(listOf("Move left", "Move up", "Larger", "Smaller")))
        val before = view.box
        view.performAccessibilityAction(R.id.crop_left, null)
        assertEquals(before.x - 10, view.box.x, 1e-6)
        view.performAccessibilityAction(R.id.crop_larger, null)
        assertEquals(110.0, view.box.side, 1e-6)
    }

    @Test
    fun theCutIsUsedOrTheWholePicture() {
        main(send("photo.png"))
        for ((button, expected) in listOf(R.id.done to 120.0, R.id.whole to null)) {
            val screen = open(CropActivity::class.java).get()
            screen.findViewById<CropView>(R.id.crop).resize(120.0)
            screen.findViewById<View>(button).performClick()
            settle()
            assertEquals(expected, studio.state.picture!!.box?.side)
            assertFalse(translation().redrawn.sameAs(translation().original))
        }
    }
}
