// The row of looks under the picture; one of the user's own that is held can be removed.
package org.tunit.demo

import android.text.TextUtils
import android.view.View
import android.view.ViewGroup.LayoutParams
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.widget.HorizontalScrollView
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView

class LooksStrip(private val scroll: HorizontalScrollView, private val studio: Studio) {
    private val row = scroll.findViewById<LinearLayout>(R.id.looks)
    private val context = row.context
    private val density = context.resources.displayMetrics.density
    private var shown: List<Look> = emptyList()
    private var seen: String? = null // the look that was last brought into view

    fun show(state: State) {
        if (shown !== state.looks) {
            shown = state.looks
            row.removeAllViews()
            if (state.model?.manifest?.domains?.isNotEmpty() == true) row.addView(random())
            shown.forEach { row.addView(cell(it)) }
        }
        for (look in shown) {
            val cell = row.findViewWithTag<View>(look.id)
            val chosen = look.id == state.first || look.id == state.second
            cell.isActivated = chosen
            cell.contentDescription =
                if (chosen) context.getString(R.string.look_chosen, look.name) else look.name
        }
        if (state.first != seen) {
            seen = state.first
            scroll.post { row.findViewWithTag<View>(state.first)?.let(::reveal) }
        }
    }

    private fun reveal(cell: View) {
        val middle = cell.left + cell.width / 2 - scroll.width / 2
        val end = scroll.scrollX + scroll.width
        if (cell.left < scroll.scrollX || cell.right > end) scroll.scrollTo(middle, 0)
    }

    private fun cell(look: Look): View = cell(look.name) { it.setImageBitmap(look.thumbnail) }.apply {
        tag = look.id
        setOnClickListener { studio.choose(look.id) }
        if (look.isOwn) {
            setOnLongClickListener {
                menu(it) { item(R.string.remove) { studio.removeLook(look.id) } }
            }
            accessibilityDelegate = SaysRemove
        }
    }

    /** Screen readers say that holding removes. */
    private object SaysRemove : View.AccessibilityDelegate() {
        override fun onInitializeAccessibilityNodeInfo(host: View, info: AccessibilityNodeInfo) {
            super.onInitializeAccessibilityNodeInfo(host, info)
            val text = host.context.getString(R.string.remove)
            info.addAction(AccessibilityAction(AccessibilityNodeInfo.ACTION_LONG_CLICK, text))
        }
    }

    private fun random(): View = cell(context.getString(R.string.look_random)) {
        it.setImageResource(R.drawable.random)
        it.setColorFilter(context.getColor(R.color.accent))
        it.scaleType = ImageView.ScaleType.CENTER
    }.apply {
        contentDescription = context.getString(R.string.look_random)
        setOnClickListener { studio.addRandomLook() }
    }

    private fun cell(name: String, fill: (ImageView) -> Unit): View {
        val cell = LinearLayout(context)
        cell.orientation = LinearLayout.VERTICAL
        cell.setBackgroundResource(R.drawable.look_frame)
        cell.setPadding(dp(6), dp(6), dp(6), dp(4))
        cell.isFocusable = true
        val picture = ImageView(context)
        picture.scaleType = ImageView.ScaleType.FIT_CENTER
        picture.setBackgroundResource(R.drawable.card)
        picture.clipToOutline = true
        fill(picture)
        cell.addView(picture, LinearLayout.LayoutParams(side(), side()))
        val label = TextView(context, null, 0, R.style.Small)
        label.text = name
        label.textAlignment = View.TEXT_ALIGNMENT_CENTER
        label.maxLines = 2
        label.ellipsize = TextUtils.TruncateAt.END
        cell.addView(label, LinearLayout.LayoutParams(side(), LayoutParams.WRAP_CONTENT))
        val place = LinearLayout.LayoutParams(LayoutParams.WRAP_CONTENT, LayoutParams.MATCH_PARENT)
        place.setMargins(dp(4), 0, dp(4), 0)
        cell.layoutParams = place
        return cell
    }

    /** Wider where text is larger, so that names fit. */
    private fun side(): Int =
        (dp(SIDE) * context.resources.configuration.fontScale.coerceIn(1f, MOST_SCALE)).toInt()

    private fun dp(size: Int): Int = (size * density).toInt()

    private companion object {
        const val SIDE = 76
        const val MOST_SCALE = 1.6f
    }
}
