// Pictures x looks as one table; a cell that is tapped is worked on further.
package org.tunit.demo

import android.app.AlertDialog
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.ImageView
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView

class GridActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val filling: () -> Unit = { fill() }
    private val grid get() = studio.grid
    private val table by lazy { findViewById<TableLayout>(R.id.table) }
    private var shown: List<Any> = emptyList() // pictures and looks that the table has views for
    private var saveTo: Uri? = null // once all cells are there

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.grid)
        saveTo = savedInstanceState?.getString(SAVE_TO)?.let(Uri::parse)
        findViewById<View>(R.id.pictures).setOnClickListener { choosePictures() }
        findViewById<View>(R.id.pick_looks).setOnClickListener { chooseLooks() }
        findViewById<View>(R.id.save).setOnClickListener { requests.create("tunit_grid.png") }
        grid.changed = filling
    }

    override fun show(state: State) {
        showMessage(state.message)
        if (state.model == null || state.working) return
        val pictures = state.gridRows()
        val looks = state.gridColumns()
        grid.show(pictures, looks)
        if (shown != pictures + looks.map { it.id }) {
            shown = pictures + looks.map { it.id }
            build()
        }
        fill()
    }

    override fun onDestroy() {
        if (grid.changed === filling) { // else another screen has taken over
            grid.changed = {}
            if (isFinishing) grid.clear()
        }
        super.onDestroy()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(SAVE_TO, saveTo?.toString())
    }

    private fun build() {
        table.removeAllViews()
        table.addView(TableRow(this).apply {
            addView(View(context))
            grid.looks.forEach { addView(cell(it.thumbnail, it.name)) }
        })
        for (row in grid.pictures.indices) {
            table.addView(TableRow(this).apply {
                addView(cell(null, ""))
                for (column in grid.looks.indices) {
                    val cell = cell(null, "")
                    cell.setOnClickListener { take(row, column) }
                    addView(cell)
                }
            })
        }
    }

    private fun fill() {
        if (table.childCount != grid.pictures.size + 1) return // not built yet
        for (row in grid.pictures.indices) {
            val views = table.getChildAt(row + 1) as TableRow
            for (column in -1 until grid.looks.size) {
                val view = views.getChildAt(column + 1) as ImageView
                val bitmap = if (column < 0) grid.original(row) else grid.redrawn(row, column)
                view.setImageBitmap(bitmap)
                view.contentDescription = grid.describe(this, row, column)
            }
        }
        val progress = getString(R.string.grid_progress, grid.count, grid.size)
        findViewById<TextView>(R.id.progress).apply {
            // Not every cell is read aloud.
            accessibilityLiveRegion =
                if (grid.isComplete) View.ACCESSIBILITY_LIVE_REGION_POLITE
                else View.ACCESSIBILITY_LIVE_REGION_NONE
            if (text.toString() != progress) text = progress
        }
        findViewById<View>(R.id.save).apply {
            isEnabled = grid.isComplete
            alpha = if (isEnabled) 1f else DISABLED
        }
        if (grid.isComplete) saveTo?.let(::save)
    }

    private fun take(row: Int, column: Int) {
        studio.take(grid.pictures[row], grid.looks[column])
        finish()
    }

    private fun choosePictures() {
        val all = studio.state.gridPictures()
        choose(R.string.grid_pictures, TranslationGrid.MOST_PICTURES, all, grid.pictures, { it.name }) {
            studio.chooseGrid(it, grid.looks)
        }.setNeutralButton(R.string.pick_photos) { _, _ ->
            requests.pick(Requests.PICTURE, several = true)
        }.show()
    }

    private fun chooseLooks() {
        val all = studio.state.looks
        val ids = grid.looks.map { it.id }
        val now = all.filter { it.id in ids }
        choose(R.string.grid_looks, TranslationGrid.MOST_LOOKS, all, now, { it.name }) {
            studio.chooseGrid(grid.pictures, it)
        }.show()
    }

    /** A dialog in which up to [most] are chosen; [done] gets them, unless there is none. */
    private fun <T> choose(
        title: Int,
        most: Int,
        all: List<T>,
        now: List<T>,
        name: (T) -> String,
        done: (List<T>) -> Unit,
    ): AlertDialog.Builder {
        val checked = BooleanArray(all.size) { all[it] in now }
        return AlertDialog.Builder(this).setTitle(getString(title, most))
            .setMultiChoiceItems(all.map(name).toTypedArray(), checked) { dialog, which, isChecked ->
                val others = checked.indices.count { checked[it] && it != which }
                checked[which] = isChecked && others < most
                if (isChecked && !checked[which]) {
                    (dialog as AlertDialog).listView.setItemChecked(which, false)
                }
            }
            .setPositiveButton(R.string.done) { _, _ ->
                val chosen = all.filterIndexed { i, _ -> checked[i] }
                if (chosen.isNotEmpty()) done(chosen)
            }
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
        if (resultCode != RESULT_OK) return
        if (requestCode == Requests.PICTURE) studio.addToGrid(requests.uris(data))
        if (requestCode != Requests.SAVE) return
        saveTo = data?.data
        fill()
    }

    private fun save(to: Uri) {
        saveTo = null
        val background = getColor(R.color.background)
        Results(studio).save(to) { grid.draw(background) }
    }

    private companion object {
        const val SIDE_DP = 88
        const val GAP = 4
        const val SAVE_TO = "save_to"
        const val DISABLED = 0.4f
    }
}
