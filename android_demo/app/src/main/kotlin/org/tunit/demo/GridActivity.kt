// Pictures x looks as one table; a cell that is tapped is opened in the main screen.
package org.tunit.demo

import android.app.AlertDialog
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.ImageView
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import kotlinx.coroutines.launch

class GridActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val table get() = studio.grid.table
    private val views by lazy { findViewById<TableLayout>(R.id.table) }
    private var built: Table? = null // the table that there are views for
    private val asked = HashSet<Int>() // rows whose picture is being read
    private var saveTo: Uri? = null // the table is saved there once it is complete

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.grid)
        saveTo = savedInstanceState?.getString(SAVE_TO)?.let(Uri::parse)
        findViewById<View>(R.id.pictures).setOnClickListener { choosePictures() }
        findViewById<View>(R.id.pick_looks).setOnClickListener { chooseLooks() }
        findViewById<View>(R.id.start).setOnClickListener {
            if (studio.grid.progress.value.isGoing) studio.grid.stop() else studio.grid.start()
        }
        findViewById<View>(R.id.save).setOnClickListener {
            Results(studio).save(table, getColor(R.color.background)) { requests.create(it) }
        }
        scope.launch { studio.grid.progress.collect { fill() } }
    }

    override fun show(state: State) {
        showMessage(state.message)
        if (state.model == null || state.working) return
        studio.grid.show(state.gridRows, state.gridColumns)
        if (built !== table) {
            built = table
            asked.clear()
            build()
        }
        fill()
    }

    override fun onPause() {
        super.onPause()
        if (!isFinishing) return
        studio.grid.clear()
        saveTo?.let(Results(studio)::discard)
        saveTo = null
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(SAVE_TO, saveTo?.toString())
    }

    private fun build() {
        views.removeAllViews()
        views.addView(TableRow(this).apply {
            addView(View(context))
            table.looks.forEach { addView(cell(it.thumbnail, it.name)) }
        })
        for (row in table.pictures.indices) {
            views.addView(TableRow(this).apply {
                addView(cell(null, ""))
                for (column in table.looks.indices) {
                    val cell = cell(null, "")
                    cell.setOnClickListener { take(row, column) }
                    addView(cell)
                }
            })
        }
    }

    private fun fill() {
        if (built !== table) return
        showOriginals()
        for (row in table.pictures.indices) {
            val cells = views.getChildAt(row + 1) as TableRow
            for (column in -1 until table.looks.size) {
                val view = cells.getChildAt(column + 1) as ImageView
                val bitmap = if (column < 0) table.original(row) else table.redrawn(row, column)
                view.setImageBitmap(bitmap)
                view.contentDescription = table.describe(this, row, column)
            }
        }
        val isGoing = studio.grid.progress.value.isGoing
        val progress = getString(R.string.grid_progress, table.count, table.size)
        findViewById<TextView>(R.id.progress).apply {
            // Not every cell is read aloud.
            accessibilityLiveRegion =
                if (table.isComplete) View.ACCESSIBILITY_LIVE_REGION_POLITE
                else View.ACCESSIBILITY_LIVE_REGION_NONE
            if (text.toString() != progress) text = progress
        }
        findViewById<Button>(R.id.start).apply {
            visibility = if (table.isComplete) View.GONE else View.VISIBLE
            text = if (isGoing) getString(R.string.stop) else getString(R.string.grid_start, table.size)
        }
        findViewById<View>(R.id.save).visibility = if (table.isComplete) View.VISIBLE else View.GONE
        if (table.isComplete) saveTo?.let(::save)
    }

    /** Originals appear as soon as they are read, before anything is redrawn. */
    private fun showOriginals() {
        val shown = table
        for (row in shown.pictures.indices.filter { shown.original(it) == null && it !in asked }) {
            asked += row
            studio.work {
                val engine = studio.engine
                val source = shown.pictures[row]
                val side = TranslationGrid.CELL
                shown.put(row, studio.compute { engine.originalThumbnail(source, side) })
                fill()
            }
        }
    }

    private fun take(row: Int, column: Int) {
        studio.take(table.pictures[row], table.looks[column])
        finish()
    }

    private fun choosePictures() {
        val (all, now) = studio.state.pictures to table.pictures
        choose(R.string.grid_pictures, TranslationGrid.MOST_PICTURES, all, now, { it.name }) {
            studio.chooseGrid(it, table.looks)
        }.setNeutralButton(R.string.pick_photos) { _, _ ->
            requests.pick(Requests.PICTURE, several = true)
        }.show()
    }

    private fun chooseLooks() {
        val all = studio.state.looks
        val ids = table.looks.map { it.id }
        val now = all.filter { it.id in ids }
        choose(R.string.grid_looks, TranslationGrid.MOST_LOOKS, all, now, { it.name }) {
            studio.chooseGrid(table.pictures, it)
        }.show()
    }

    /** A dialog in which up to [most] are chosen; [done] gets them, if there are any. */
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
        Results(studio).save(table, getColor(R.color.background), to)
    }

    private companion object {
        const val SIDE_DP = 88
        const val GAP = 4
        const val SAVE_TO = "save_to"
    }
}
