// Which square of the picture is redrawn; the rest of it stays as it is.
package org.tunit.demo

import android.os.Bundle
import android.view.View
import android.widget.SeekBar
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
