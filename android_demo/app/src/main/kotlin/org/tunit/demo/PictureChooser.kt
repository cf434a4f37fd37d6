// A dialog with the pictures that can be redrawn: the user's own, then examples, or a new one.
package org.tunit.demo

import android.app.Activity
import android.app.AlertDialog
import android.graphics.Bitmap
import android.text.TextUtils
import android.view.View
import android.view.ViewGroup
import android.widget.BaseAdapter
import android.widget.GridView
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import org.tunit.core.FileNames

class PictureChooser(private val activity: Activity, private val requests: Requests) {
    private val studio = activity.studio
    private val density = activity.resources.displayMetrics.density

    fun show() {
        val grid = GridView(activity).apply {
            id = R.id.pictures
            numColumns = GridView.AUTO_FIT
            columnWidth = (COLUMN_DP * scale()).toInt()
            stretchMode = GridView.STRETCH_COLUMN_WIDTH
            clipToPadding = false
            val padding = (PADDING_DP * density).toInt()
            setPadding(padding, padding, padding, padding)
            verticalSpacing = padding / 2
            horizontalSpacing = padding / 2
        }
        val pictures = Thumbnails(studio.state.pictures)
        grid.adapter = pictures
        val dialog = AlertDialog.Builder(activity).setTitle(R.string.picture).setView(grid)
            .setPositiveButton(R.string.pick_photos) { _, _ ->
                requests.pick(Requests.PICTURE, several = true)
            }
            .setNeutralButton(R.string.take_photo) { _, _ ->
                requests.takePhoto(Requests.CAMERA_PICTURE)
            }
            .show()
        grid.setOnItemClickListener { _, _, position, _ ->
            studio.setPicture(pictures.sources[position])
            dialog.dismiss()
        }
        grid.setOnItemLongClickListener { _, view, position, _ ->
            val source = pictures.sources[position]
            source in studio.state.sources && menu(view) {
                item(R.string.remove) {
                    studio.remove(source)
                    pictures.sources = pictures.sources - source
                }
            }
        }
    }

    private fun scale() = density * activity.resources.configuration.fontScale.coerceIn(1f, MOST_SCALE)

    /** Pictures that appear as they are read. */
    private inner class Thumbnails(sources: List<Source>) : BaseAdapter() {
        private val known = HashMap<Source, Bitmap?>()

        var sources = sources
            set(value) {
                field = value
                notifyDataSetChanged()
            }

        override fun getCount() = sources.size

        override fun getItem(position: Int) = sources[position]

        override fun getItemId(position: Int) = position.toLong()

        override fun getView(position: Int, convertView: View?, parent: ViewGroup): View {
            val source = sources[position]
            val view = convertView as? LinearLayout ?: cell()
            val name = FileNames.caption(source.name)
            (view.getChildAt(0) as ImageView).setImageBitmap(thumbnail(source))
            (view.getChildAt(1) as TextView).text = name
            view.contentDescription = name
            return view
        }

        private fun thumbnail(source: Source): Bitmap? {
            if (source !in known) {
                known[source] = null
                studio.work {
                    known[source] = studio.compute { studio.engine.thumbnail(source) }
                    notifyDataSetChanged()
                }
            }
            return known[source]
        }

        private fun cell() = LinearLayout(activity).apply {
            orientation = LinearLayout.VERTICAL
            val side = (COLUMN_DP * scale()).toInt()
            val picture = ImageView(context)
            picture.scaleType = ImageView.ScaleType.CENTER_CROP
            picture.setBackgroundResource(R.drawable.card)
            picture.clipToOutline = true
            addView(picture, LinearLayout.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, side))
            val label = TextView(context, null, 0, R.style.Small)
            label.maxLines = 1
            label.ellipsize = TextUtils.TruncateAt.MIDDLE
            label.textAlignment = View.TEXT_ALIGNMENT_CENTER
            addView(label)
        }
    }

    private companion object {
        const val COLUMN_DP = 96
        const val PADDING_DP = 12
        const val MOST_SCALE = 1.6f
    }
}
