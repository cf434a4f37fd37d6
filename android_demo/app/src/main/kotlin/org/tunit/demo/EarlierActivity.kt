// Earlier results; one that is tapped is shown again.
package org.tunit.demo

import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.BaseAdapter
import android.widget.GridView
import android.widget.ImageView

class EarlierActivity : Screen() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.earlier)
    }

    override fun show(state: State) {
        val none = if (state.earlier.isEmpty()) View.VISIBLE else View.GONE
        findViewById<View>(R.id.none).visibility = none
        val grid = findViewById<GridView>(R.id.results)
        grid.adapter = Adapter(state.earlier)
        grid.setOnItemClickListener { _, _, position, _ ->
            studio.show(state.earlier[position])
            finish()
        }
    }

    private inner class Adapter(private val results: List<Earlier>) : BaseAdapter() {
        override fun getCount() = results.size

        override fun getItem(position: Int) = results[position]

        override fun getItemId(position: Int) = position.toLong()

        override fun getView(position: Int, convertView: View?, parent: ViewGroup): View {
            val view = convertView as? ImageView ?: ImageView(parent.context).apply {
                adjustViewBounds = true
                setBackgroundResource(R.drawable.card)
                clipToOutline = true
            }
            val result = results[position]
            view.setImageBitmap(result.thumbnail)
            view.contentDescription = getString(R.string.earlier_one, result.name, result.lookName)
            return view
        }
    }
}
