// The result in large; a finger that stays down shows the original.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Outline
import android.graphics.Paint
import android.graphics.Rect
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import android.view.ViewOutlineProvider
import kotlin.math.min

class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val place = Rect()
    private var original: Bitmap? = null
    private var redrawn: Bitmap? = null
    private var held = false
    private var switched = false // by a click of a screen reader

    /** Called whenever original and result change places. */
    var onSwitch: () -> Unit = {}

    val showsOriginal: Boolean get() = held || switched

    init {
        isFocusable = true
        isClickable = true
        clipToOutline = true
        outlineProvider = object : ViewOutlineProvider() {
            override fun getOutline(view: View, outline: Outline) {
                outline.setRoundRect(place, RADIUS_DP * resources.displayMetrics.density)
            }
        }
    }

    fun show(original: Bitmap?, redrawn: Bitmap?) {
        if (this.redrawn !== redrawn) switched = false
        this.original = original
        this.redrawn = redrawn
        invalidate()
    }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val width = MeasureSpec.getSize(widthMeasureSpec)
        val screen = (resources.configuration.screenHeightDp * resources.displayMetrics.density).toInt()
        val height = when (MeasureSpec.getMode(heightMeasureSpec)) {
            MeasureSpec.EXACTLY -> MeasureSpec.getSize(heightMeasureSpec)
            else -> min(width, screen * 52 / 100)
        }
        setMeasuredDimension(width, height)
    }

    override fun onSizeChanged(w: Int, h: Int, oldw: Int, oldh: Int) {
        val side = min(w, h)
        place.set((w - side) / 2, (h - side) / 2, (w + side) / 2, (h + side) / 2)
        invalidateOutline()
    }

    override fun onDraw(canvas: Canvas) {
        val shown = if (showsOriginal) original else redrawn ?: original
        if (shown == null) canvas.drawColor(context.getColor(R.color.surface))
        else canvas.drawBitmap(shown, null, place, paint)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> hold(true)
            MotionEvent.ACTION_UP, MotionEvent.ACTION_CANCEL -> hold(false)
        }
        return true
    }

    /** What a screen reader or a keyboard does, neither of which can hold. */
    override fun performClick(): Boolean {
        super.performClick()
        switched = !switched
        invalidate()
        onSwitch()
        return true
    }

    private fun hold(down: Boolean) {
        held = down
        invalidate()
        onSwitch()
    }

    private companion object {
        const val RADIUS_DP = 24
    }
}
