// The result in large; a finger that stays down shows the original.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapShader
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.RectF
import android.graphics.Shader
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import kotlin.math.min

class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG or Paint.ANTI_ALIAS_FLAG)
    private val place = RectF()
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
        val side = min(w, h).toFloat()
        place.set((w - side) / 2, (h - side) / 2, (w + side) / 2, (h + side) / 2)
    }

    override fun onDraw(canvas: Canvas) {
        val shown = if (showsOriginal) original else redrawn ?: original
        paint.shader = shown?.let(::shader)
        paint.color = context.getColor(R.color.surface)
        val radius = RADIUS_DP * resources.displayMetrics.density
        canvas.drawRoundRect(place, radius, radius, paint)
    }

    private fun shader(bitmap: Bitmap): Shader {
        // The middle of a picture that is not cut yet.
        val side = min(bitmap.width, bitmap.height).toFloat()
        val (left, top) = (bitmap.width - side) / 2 to (bitmap.height - side) / 2
        val from = RectF(left, top, left + side, top + side)
        val matrix = Matrix().apply { setRectToRect(from, place, Matrix.ScaleToFit.FILL) }
        return BitmapShader(bitmap, Shader.TileMode.CLAMP, Shader.TileMode.CLAMP)
            .apply { setLocalMatrix(matrix) }
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
