// Which square of the picture is redrawn: dragged with one finger, resized at a corner or with two
// fingers. The rest of the picture stays as it is.
package org.tunit.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.RectF
import android.os.Bundle
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.widget.SeekBar
import kotlin.math.abs
import kotlin.math.max
import kotlin.math.min
import org.tunit.core.Box

class CropActivity : Screen() {
    private val crop by lazy { findViewById<CropView>(R.id.crop) }
    private val size by lazy { findViewById<SeekBar>(R.id.size) }
    private var moved: Box? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.crop)
        crop.onChange = {
            if (!size.isPressed) size.progress = (100 * crop.box.side / crop.largest).toInt()
        }
        size.onMove { crop.resize(crop.largest * it / 100) }
        findViewById<View>(R.id.whole).setOnClickListener { done(null) }
        findViewById<View>(R.id.done).setOnClickListener { done(crop.box) }
        moved = savedInstanceState?.getDoubleArray(BOX)?.let { (x, y, side) -> Box(x, y, side) }
    }

    private fun done(box: Box?) {
        if (crop.picture != null) studio.cut(box)
        finish()
    }

    override fun show(state: State) {
        if (state.picture == null || crop.picture?.file == state.picture.file) return
        crop.picture = state.picture
        moved?.let { crop.box = it }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        if (crop.picture == null) return
        outState.putDoubleArray(BOX, crop.box.run { doubleArrayOf(x, y, side) })
    }

    private companion object {
        const val BOX = "box"
    }
}

/** The picture with the square. */
class CropView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val density = resources.displayMetrics.density
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val shade = Paint().apply { color = 0x99000000.toInt() }
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeWidth = 2 * density
        color = 0xFFFFFFFF.toInt()
    }
    private val handle = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = 0xFFFFFFFF.toInt()
        setShadowLayer(3 * density, 0f, 0f, 0x80000000.toInt())
    }
    private val area = RectF()
    private val square = RectF()
    private var lastX = 0f
    private var lastY = 0f
    private var fingers = 0
    private var corner: Corner? = null // that is dragged
    private val pinch = ScaleGestureDetector(
        context,
        object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
            override fun onScale(detector: ScaleGestureDetector): Boolean {
                resize(box.side * detector.scaleFactor)
                return true
            }
        },
    )

    /** A corner of the square: whether it is on its right side, and at its bottom. */
    private enum class Corner(val right: Boolean, val bottom: Boolean) {
        TOP_LEFT(false, false),
        TOP_RIGHT(true, false),
        BOTTOM_LEFT(false, true),
        BOTTOM_RIGHT(true, true),
    }

    var picture: Picture? = null
        set(value) {
            field = value
            if (value != null) box = value.box ?: Box.centered(value.width, value.height)
        }

    var box = Box(0.0, 0.0, 1.0)
        set(value) {
            val shown = picture ?: return
            field = value.inside(shown.width, shown.height, smallest)
            invalidate()
            onChange()
        }

    /** Called whenever the square moves. */
    var onChange: () -> Unit = {}

    /** Around the same middle. */
    fun resize(side: Double) {
        val bounded = side.coerceIn(1.0, largest)
        val by = (box.side - bounded) / 2
        box = Box(box.x + by, box.y + by, bounded)
    }

    val largest: Double get() = picture?.let { min(it.width, it.height).toDouble() } ?: 1.0
    private val smallest: Double get() = min(SMALLEST, largest)

    override fun onDraw(canvas: Canvas) {
        val shown = picture ?: return
        place(shown)
        canvas.drawBitmap(shown.preview, null, area, paint)
        canvas.save()
        canvas.clipOutRect(square)
        canvas.drawRect(area, shade)
        canvas.restore()
        canvas.drawRect(square, line)
        for (corner in Corner.entries) {
            canvas.drawCircle(x(corner), y(corner), HANDLE_DP * density, handle)
        }
    }

    private fun place(shown: Picture) {
        val scale = scale(shown)
        area.set(0f, 0f, shown.width * scale, shown.height * scale)
        area.offset((width - area.width()) / 2, (height - area.height()) / 2)
        square.set(0f, 0f, (box.side * scale).toFloat(), (box.side * scale).toFloat())
        square.offset(area.left + (box.x * scale).toFloat(), area.top + (box.y * scale).toFloat())
    }

    private fun x(corner: Corner) = if (corner.right) square.right else square.left

    private fun y(corner: Corner) = if (corner.bottom) square.bottom else square.top

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val shown = picture ?: return false
        place(shown)
        if (event.actionMasked == MotionEvent.ACTION_DOWN) corner = cornerAt(event.x, event.y)
        if (event.pointerCount > 1) corner = null
        pinch.onTouchEvent(event)
        val same = fingers == event.pointerCount && event.actionMasked == MotionEvent.ACTION_MOVE
        if (same && event.pointerCount == 1) drag(event, scale(shown).toDouble())
        fingers = event.pointerCount
        lastX = event.x
        lastY = event.y
        return true
    }

    private fun cornerAt(x: Float, y: Float): Corner? {
        val reach = min(TOUCH_DP * density, square.width() / 3) // the middle of a small square moves it
        return Corner.entries.minBy { max(abs(x(it) - x), abs(y(it) - y)) }
            .takeIf { max(abs(x(it) - x), abs(y(it) - y)) <= reach }
    }

    private fun drag(event: MotionEvent, scale: Double) {
        val held = corner
        if (held == null) {
            box = Box(box.x + (event.x - lastX) / scale, box.y + (event.y - lastY) / scale, box.side)
        } else {
            stretch(held, (event.x - area.left) / scale, (event.y - area.top) / scale)
        }
    }

    /** The opposite corner stays where it is. */
    private fun stretch(held: Corner, x: Double, y: Double) {
        val shown = picture ?: return
        val fixedX = if (held.right) box.x else box.x + box.side
        val fixedY = if (held.bottom) box.y else box.y + box.side
        val room = min(
            if (held.right) shown.width - fixedX else fixedX,
            if (held.bottom) shown.height - fixedY else fixedY,
        )
        val wanted = max(
            if (held.right) x - fixedX else fixedX - x,
            if (held.bottom) y - fixedY else fixedY - y,
        )
        val side = wanted.coerceIn(min(smallest, room), room)
        box = Box(
            if (held.right) fixedX else fixedX - side,
            if (held.bottom) fixedY else fixedY - side,
            side,
        )
    }

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        for ((id, name) in ACTIONS) info.addAction(AccessibilityAction(id, context.getString(name)))
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean {
        val step = box.side * STEP
        when (action) {
            R.id.crop_left -> box = box.copy(x = box.x - step)
            R.id.crop_right -> box = box.copy(x = box.x + step)
            R.id.crop_up -> box = box.copy(y = box.y - step)
            R.id.crop_down -> box = box.copy(y = box.y + step)
            R.id.crop_larger -> resize(box.side * (1 + STEP))
            R.id.crop_smaller -> resize(box.side * (1 - STEP))
            else -> return super.performAccessibilityAction(action, arguments)
        }
        return true
    }

    private fun scale(shown: Picture): Float =
        min(width.toFloat() / shown.width, height.toFloat() / shown.height)

    private companion object {
        const val SMALLEST = 32.0 // pixels of the picture
        const val HANDLE_DP = 9
        const val TOUCH_DP = 32
        const val STEP = 0.1
        val ACTIONS = listOf(
            R.id.crop_left to R.string.crop_left, R.id.crop_right to R.string.crop_right,
            R.id.crop_up to R.string.crop_up, R.id.crop_down to R.string.crop_down,
            R.id.crop_larger to R.string.crop_larger, R.id.crop_smaller to R.string.crop_smaller,
        )
    }
}
