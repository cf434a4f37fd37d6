// A picture with the square that is redrawn: dragged with one finger, resized with two.
package org.tunit.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import kotlin.math.min
import org.tunit.core.Box

class CropView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val shade = Paint().apply { color = 0x99000000.toInt() }
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeWidth = 2 * resources.displayMetrics.density
        color = 0xFFFFFFFF.toInt()
    }
    private val area = RectF()
    private val square = RectF()
    private var lastX = 0f
    private var lastY = 0f
    private var fingers = 0
    private val pinch = ScaleGestureDetector(
        context,
        object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
            override fun onScale(detector: ScaleGestureDetector): Boolean {
                resize(box.side * detector.scaleFactor)
                return true
            }
        },
    )

    var picture: Picture? = null
        set(value) {
            field = value
            if (value != null) box = value.box
        }

    var box = Box(0.0, 0.0, 1.0)
        set(value) {
            val shown = picture ?: return
            val smallest = minOf(SMALLEST, shown.width, shown.height).toDouble()
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

    override fun onDraw(canvas: Canvas) {
        val shown = picture ?: return
        val scale = scale(shown)
        area.set(0f, 0f, shown.width * scale, shown.height * scale)
        area.offset((width - area.width()) / 2, (height - area.height()) / 2)
        canvas.drawBitmap(shown.preview, null, area, paint)
        square.set(0f, 0f, (box.side * scale).toFloat(), (box.side * scale).toFloat())
        square.offset(area.left + (box.x * scale).toFloat(), area.top + (box.y * scale).toFloat())
        canvas.save()
        canvas.clipOutRect(square)
        canvas.drawRect(area, shade)
        canvas.restore()
        canvas.drawRect(square, line)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val shown = picture ?: return false
        pinch.onTouchEvent(event)
        val same = fingers == event.pointerCount && event.actionMasked == MotionEvent.ACTION_MOVE
        if (same && event.pointerCount == 1) {
            val scale = scale(shown)
            box = Box(box.x + (event.x - lastX) / scale, box.y + (event.y - lastY) / scale, box.side)
        }
        fingers = event.pointerCount
        lastX = event.x
        lastY = event.y
        return true
    }

    private fun scale(shown: Picture): Float =
        min(width.toFloat() / shown.width, height.toFloat() / shown.height)

    private companion object {
        const val SMALLEST = 32 // pixels of the picture
    }
}
