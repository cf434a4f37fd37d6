// Pictures x looks as one table; a cell that is tapped becomes the result.
package org.tunit.demo

import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.ImageView
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView

class GridActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val grid by lazy { TranslationGrid(studio) { fill() } }
    private val cells = ArrayList<List<ImageView>>()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.grid)
        findViewById<View>(R.id.save).setOnClickListener { requests.create("tunit_grid.png") }
    }

    override fun show(state: State) {
        showMessage(state.message)
        if (cells.isEmpty() && state.looks.isNotEmpty() && state.picture != null) {
            grid.start(state.picture, state.looks)
            build()
        }
    }

    override fun onDestroy() {
        grid.stop()
        super.onDestroy()
    }

    private fun build() {
        val table = findViewById<TableLayout>(R.id.table)
        table.addView(TableRow(this).apply {
            addView(View(this@GridActivity))
            grid.looks.forEach { addView(cell(it.thumbnail, it.name)) }
        })
        for (row in 0 until grid.rows) {
            val pictures = grid.looks.indices.map { cell(null, "") }
            pictures.forEachIndexed { column, view -> view.setOnClickListener { take(row, column) } }
            table.addView(TableRow(this).apply {
                addView(cell(null, ""))
                pictures.forEach { addView(it) }
            })
            cells.add(listOf((table.getChildAt(row + 1) as TableRow).getChildAt(0) as ImageView) + pictures)
        }
        fill()
    }

    private fun fill() {
        cells.forEachIndexed { row, views ->
            views.forEachIndexed { column, view ->
                val shown = if (column == 0) grid.original(row) else grid.redrawn(row, column - 1)?.redrawn
                view.setImageBitmap(shown)
                view.contentDescription = grid.describe(this, row, column - 1)
            }
        }
        val all = grid.rows * grid.looks.size
        findViewById<TextView>(R.id.progress).text = getString(R.string.grid_progress, grid.count, all)
        findViewById<View>(R.id.save).isEnabled = grid.count == all
    }

    private fun take(row: Int, column: Int) {
        studio.show(grid.redrawn(row, column) ?: return)
        finish()
    }

    private fun cell(bitmap: Bitmap?, name: String): ImageView = ImageView(this).apply {
        setImageBitmap(bitmap)
        contentDescription = name
        setBackgroundResource(R.drawable.card)
        clipToOutline = true
        val side = (SIDE_DP * resources.displayMetrics.density).toInt()
        layoutParams = TableRow.LayoutParams(side, side).apply { setMargins(GAP, GAP, GAP, GAP) }
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        val to = data?.data
        val table = findViewById<ViewGroup>(R.id.table)
        if (requestCode != Requests.SAVE || resultCode != RESULT_OK || to == null || table.width == 0) return
        val picture = Bitmap.createBitmap(table.width, table.height, Bitmap.Config.ARGB_8888)
        picture.eraseColor(getColor(R.color.background))
        table.draw(Canvas(picture))
        Results(studio).save(to) { picture }
    }

    private companion object {
        const val SIDE_DP = 88
        const val GAP = 4
    }
}
