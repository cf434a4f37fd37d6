// A bitmap as rows of colors that can be read, resized and replaced.
package org.tunit

import android.graphics.Bitmap
import org.tunit.core.Canvas

class BitmapCanvas(private val bitmap: Bitmap) : Canvas {
    override val width = bitmap.width
    override val height = bitmap.height

    override fun read(y: Int, into: IntArray) = bitmap.getPixels(into, 0, width, 0, y, width, 1)

    override fun write(y: Int, from: IntArray) = bitmap.setPixels(from, 0, width, 0, y, width, 1)
}
