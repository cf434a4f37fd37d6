// The result and, on one side of a divider that can be dragged, the original.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.os.Bundle
import android.util.AttributeSet
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.View
import android.view.ViewConfiguration
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.widget.SeekBar
import kotlin.math.abs
import kotlin.math.min

class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val density = resources.displayMetrics.density
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG or Paint.ANTI_ALIAS_FLAG)
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = 0xFFFFFFFF.toInt()
        strokeWidth = 2 * density
        setShadowLayer(3 * density, 0f, 0f, 0x80000000.toInt())
    }
    private val arrows = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = 0xFF404040.toInt()
        style = Paint.Style.STROKE
        strokeWidth = 2 * density
        strokeCap = Paint.Cap.ROUND
    }
    private val place = RectF()
    private val rounded = Path()
    private var original: Bitmap? = null
    private var redrawn: Bitmap? = null
    private var downX = 0f
    private var downY = 0f
    private var dragging = false

    /** Share of the picture that shows the original, from where lines of text start. */
    var split = 0f
        set(value) {
            field = value.coerceIn(0f, 1f)
            invalidate()
            onMove()
        }

    /** Called whenever the divider moves. */
    var onMove: () -> Unit = {}

    val showsOriginal: Boolean get() = redrawn == null || split > 0.5f

    init {
        isFocusable = true
        isClickable = true
    }

    fun show(original: Bitmap?, redrawn: Bitmap?) {
        val size = original?.let { it.width to it.height }
        if (size != this.original?.let { it.width to it.height }) requestLayout()
        this.original = original
        this.redrawn = redrawn
        invalidate()
    }

    /** As high as the picture needs at this width, but never more than half of the screen. */
    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val width = MeasureSpec.getSize(widthMeasureSpec)
        val screen = (resources.configuration.screenHeightDp * density).toInt()
        val needed = original?.let { (width.toLong() * it.height / it.width).toInt() } ?: width
        val height = when (MeasureSpec.getMode(heightMeasureSpec)) {
            MeasureSpec.EXACTLY -> MeasureSpec.getSize(heightMeasureSpec)
            else -> min(needed, screen * MOST_OF_SCREEN / 100)
        }
        setMeasuredDimension(width, height)
    }

    override fun onDraw(canvas: Canvas) {
        val below = redrawn ?: original ?: return
        val scale = min(width.toFloat() / below.width, height.toFloat() / below.height)
        place.set(0f, 0f, below.width * scale, below.height * scale)
        place.offset((width - place.width()) / 2, (height - place.height()) / 2)
        rounded.reset()
        rounded.addRoundRect(place, RADIUS_DP * density, RADIUS_DP * density, Path.Direction.CW)
        canvas.save()
        canvas.clipPath(rounded)
        canvas.drawBitmap(below, null, place, paint)
        if (redrawn != null) original?.let { drawOriginal(canvas, it) }
        canvas.restore()
    }

    private fun drawOriginal(canvas: Canvas, original: Bitmap) {
        val at = divider()
        canvas.save()
        if (isRightToLeft) canvas.clipRect(at, place.top, place.right, place.bottom)
        else canvas.clipRect(place.left, place.top, at, place.bottom)
        canvas.drawBitmap(original, null, place, paint)
        canvas.restore()
        if (split > 0f && split < 1f) canvas.drawLine(at, place.top, at, place.bottom, line)
        val radius = HANDLE_DP * density
        val x = at.coerceIn(place.left + radius, place.right - radius)
        val y = place.centerY()
        canvas.drawCircle(x, y, radius, line)
        for (side in listOf(-1f, 1f)) {
            val tip = x + side * radius * 0.6f
            val back = x + side * radius * 0.3f
            canvas.drawLine(back, y - radius * 0.3f, tip, y, arrows)
            canvas.drawLine(tip, y, back, y + radius * 0.3f, arrows)
        }
    }

    private fun divider(): Float =
        if (isRightToLeft) place.right - split * place.width() else place.left + split * place.width()

    private val isRightToLeft get() = layoutDirection == LAYOUT_DIRECTION_RTL

    /** A finger that moves sideways drags the divider; one that moves up or down scrolls. */
    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                downX = event.x
                downY = event.y
                dragging = false
            }
            MotionEvent.ACTION_MOVE -> {
                val (dx, dy) = abs(event.x - downX) to abs(event.y - downY)
                if (!dragging && dx > ViewConfiguration.get(context).scaledTouchSlop && dx > dy) {
                    dragging = true
                    parent?.requestDisallowInterceptTouchEvent(true)
                }
                if (dragging) follow(event.x)
            }
            MotionEvent.ACTION_UP -> if (!dragging) performClick()
        }
        return true
    }

    private fun follow(x: Float) {
        if (place.width() <= 0) return
        val share = (x - place.left) / place.width()
        split = if (isRightToLeft) 1 - share else share
    }

    /** A tap uncovers all of the original, or covers it again. */
    override fun performClick(): Boolean {
        super.performClick()
        split = if (split > 0.5f) 0f else 1f
        return true
    }

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean {
        val step = if (isRightToLeft) -STEP else STEP
        when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> split -= step
            KeyEvent.KEYCODE_DPAD_RIGHT -> split += step
            else -> return super.onKeyDown(keyCode, event)
        }
        return true
    }

    override fun getAccessibilityClassName(): CharSequence = SeekBar::class.java.name

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        if (redrawn == null) return
        val percent = AccessibilityNodeInfo.RangeInfo.RANGE_TYPE_PERCENT
        @Suppress("DEPRECATION") // the constructor is of API 30
        info.rangeInfo = AccessibilityNodeInfo.RangeInfo.obtain(percent, 0f, 100f, 100 * split)
        if (split < 1f) info.addAction(AccessibilityAction.ACTION_SCROLL_FORWARD)
        if (split > 0f) info.addAction(AccessibilityAction.ACTION_SCROLL_BACKWARD)
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean {
        when (action) {
            AccessibilityNodeInfo.ACTION_SCROLL_FORWARD -> split += STEP
            AccessibilityNodeInfo.ACTION_SCROLL_BACKWARD -> split -= STEP
            else -> return super.performAccessibilityAction(action, arguments)
        }
        return true
    }

    private companion object {
        const val RADIUS_DP = 24
        const val HANDLE_DP = 16
        const val MOST_OF_SCREEN = 46 // percent of its height
        const val STEP = 0.2f
    }
}
