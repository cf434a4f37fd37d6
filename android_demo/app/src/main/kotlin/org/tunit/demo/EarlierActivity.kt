// Earlier results; one that is tapped is drawn again, one that is held can be removed.
package org.tunit.demo

import android.app.AlertDialog
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.BaseAdapter
import android.widget.GridView
import android.widget.ImageView
import android.widget.TextView

class EarlierActivity : Screen() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.earlier)
        findViewById<View>(R.id.remove_all).setOnClickListener {
            confirm(R.string.earlier_remove_all) { studio.remove(studio.state.results) }
        }
    }

    override fun show(state: State) {
        val results = state.results
        findViewById<TextView>(R.id.hint).setText(
            if (results.isEmpty()) R.string.earlier_none else R.string.earlier_hint,
        )
        val some = if (results.isEmpty()) View.GONE else View.VISIBLE
        findViewById<View>(R.id.remove_all).visibility = some
        val grid = findViewById<GridView>(R.id.results)
        grid.adapter = Adapter(results)
        grid.setOnItemClickListener { _, _, position, _ ->
            studio.show(results[position])
            finish()
        }
        grid.setOnItemLongClickListener { _, _, position, _ ->
            confirm(R.string.earlier_remove) { studio.remove(listOf(results[position])) }
            true
        }
    }

    private fun confirm(question: Int, action: () -> Unit) {
        AlertDialog.Builder(this).setMessage(question)
            .setPositiveButton(R.string.remove) { _, _ -> action() }
            .setNegativeButton(R.string.cancel, null)
            .show()
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
            val made = result.made
            view.contentDescription = getString(R.string.earlier_one, made.source.name, made.lookName)
            return view
        }
    }
}
