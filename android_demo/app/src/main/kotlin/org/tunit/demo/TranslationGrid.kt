// Pictures in looks, as a table: the user's own pictures and the examples, each in every look that was
// chosen. What is kept of a cell is a small bitmap, and rows and columns are bounded.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Rect
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.tunit.core.Refused

/** Small bitmaps of pictures and of the same redrawn in looks; null where they are not computed yet. */
class Table(val pictures: List<Source>, val looks: List<Look>) {
    private val originals = arrayOfNulls<Bitmap>(pictures.size)
    private val cells = Array(pictures.size) { arrayOfNulls<Bitmap>(looks.size) }

    val count: Int get() = cells.sumOf { row -> row.count { it != null } }
    val size: Int get() = pictures.size * looks.size
    val isComplete: Boolean get() = count == size

    fun original(row: Int): Bitmap? = originals[row]

    fun redrawn(row: Int, column: Int): Bitmap? = cells[row][column]

    fun put(row: Int, original: Bitmap) {
        originals[row] = original
    }

    fun put(row: Int, column: Int, redrawn: Bitmap) {
        cells[row][column] = redrawn
    }

    fun shows(pictures: List<Source>, looks: List<Look>): Boolean =
        pictures == this.pictures && looks.map { it.id } == this.looks.map { it.id }

    /** A cell in words, for screen readers; column -1 is the picture itself. */
    fun describe(context: Context, row: Int, column: Int): String {
        val name = pictures[row].name
        return if (column < 0) context.getString(R.string.original_description, name)
        else context.getString(R.string.earlier_one, name, looks[column].name)
    }

    /** The whole table as one picture, with the looks above and the pictures beside it. */
    fun draw(background: Int): Bitmap {
        val (width, height) = listOf(looks.size + 1, pictures.size + 1)
            .map { it * (TranslationGrid.CELL + GAP) + GAP }
        val drawn = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        drawn.eraseColor(background)
        drawn.setHasAlpha(false)
        val canvas = Canvas(drawn)
        looks.forEachIndexed { column, look -> canvas.place(look.thumbnail, 0, column + 1) }
        for (row in cells.indices) {
            canvas.place(originals[row], row + 1, 0)
            cells[row].forEachIndexed { column, cell -> canvas.place(cell, row + 1, column + 1) }
        }
        return drawn
    }

    private fun Canvas.place(bitmap: Bitmap?, row: Int, column: Int) {
        val side = TranslationGrid.CELL
        val (left, top) = listOf(column, row).map { it * (side + GAP) + GAP }
        if (bitmap != null) drawBitmap(bitmap, null, Rect(left, top, left + side, top + side), null)
    }

    private companion object {
        const val GAP = 4
    }
}

/** How many cells of a table are there, and whether more are being redrawn. */
data class GridProgress(val count: Int = 0, val isGoing: Boolean = false)

class TranslationGrid(private val studio: Studio) {
    var table = Table(emptyList(), emptyList())
        private set
    private var computing: Job? = null
    private val done = MutableStateFlow(GridProgress())

    val progress: StateFlow<GridProgress> = done.asStateFlow()

    /** Begins a table, empty until [start]; a table of the same pictures and looks stays. */
    fun show(pictures: List<Source>, looks: List<Look>) {
        if (table.shows(pictures, looks)) return
        stop()
        table = Table(pictures, looks)
        done.value = GridProgress()
    }

    /** Redraws the cells that are not there yet. */
    fun start() {
        stop()
        val table = table
        done.value = GridProgress(table.count, isGoing = true)
        computing = studio.work {
            for (row in table.pictures.indices) for (column in table.looks.indices) {
                if (table.redrawn(row, column) == null) compute(table, row, column)
            }
            done.value = GridProgress(table.count)
        }
    }

    fun stop() {
        computing?.cancel()
        done.value = GridProgress(table.count)
    }

    /** Forgets all cells. */
    fun clear() = show(emptyList(), emptyList())

    /** Each cell is a job of its own, so that the user's jobs come in between. */
    private suspend fun compute(table: Table, row: Int, column: Int) {
        val (source, look) = table.pictures[row] to table.looks[column]
        try {
            val engine = studio.engine
            if (table.original(row) == null) {
                table.put(row, studio.compute { engine.originalThumbnail(source, CELL) })
            }
            table.put(row, column, studio.compute { engine.redrawnThumbnail(source, look.style, CELL) })
        } catch (refused: Refused) {
            studio.report(refused)
        }
        done.value = GridProgress(table.count, isGoing = true)
    }

    companion object {
        const val MOST_PICTURES = 8
        const val MOST_LOOKS = 12
        const val CELL = 128 // side of a kept bitmap in pixels
    }
}
