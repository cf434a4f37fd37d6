// Pictures in looks, as a table: the user's own pictures and the examples, each in every look that was
// chosen. What is kept of a cell is a small bitmap, and rows and columns are bounded.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Rect
import org.tunit.core.Refused

/** What the table shows: files of pictures and ids of looks. */
class GridChoice(val pictures: List<String>, val looks: List<String>)

class TranslationGrid(private val studio: Studio) {
    var pictures: List<Source> = emptyList()
        private set
    var looks: List<Look> = emptyList()
        private set
    private var originals = arrayOf<Bitmap?>()
    private var cells = arrayOf<Array<Bitmap?>>()
    private var round = 0 // which table the job in the worker belongs to

    /** Called whenever a cell is done. */
    var changed: () -> Unit = {}

    val count: Int get() = cells.sumOf { row -> row.count { it != null } }
    val size: Int get() = pictures.size * looks.size
    val isComplete: Boolean get() = count == size

    /** Redraws all cells, unless the table shows these already. */
    fun show(pictures: List<Source>, looks: List<Look>) {
        if (pictures == this.pictures && looks.map { it.id } == this.looks.map { it.id }) return
        this.pictures = pictures
        this.looks = looks
        originals = arrayOfNulls(pictures.size)
        cells = Array(pictures.size) { arrayOfNulls(looks.size) }
        compute(++round, 0)
    }

    /** Forgets all cells. */
    fun clear() = show(emptyList(), emptyList())

    fun original(row: Int): Bitmap? = originals[row]

    fun redrawn(row: Int, column: Int): Bitmap? = cells[row][column]

    /** What a screen reader says of a cell; column -1 is the picture itself. */
    fun describe(context: Context, row: Int, column: Int): String {
        val name = pictures[row].name
        return if (column < 0) context.getString(R.string.original_description, name)
        else context.getString(R.string.earlier_one, name, looks[column].name)
    }

    /** The whole table as one picture, with the looks above and the pictures beside it. */
    fun draw(background: Int): Bitmap {
        val (width, height) = listOf(looks.size + 1, pictures.size + 1).map { it * (CELL + GAP) + GAP }
        val table = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        table.eraseColor(background)
        val canvas = Canvas(table)
        fun place(bitmap: Bitmap?, row: Int, column: Int) {
            val (left, top) = listOf(column, row).map { it * (CELL + GAP) + GAP }
            if (bitmap == null) return
            canvas.drawBitmap(bitmap, null, Rect(left, top, left + CELL, top + CELL), null)
        }
        looks.forEachIndexed { column, look -> place(look.thumbnail, 0, column + 1) }
        for (row in cells.indices) {
            place(originals[row], row + 1, 0)
            cells[row].forEachIndexed { column, cell -> place(cell, row + 1, column + 1) }
        }
        return table
    }

    /** One cell after the other, each a job of its own, so that the user's jobs come in between. */
    private fun compute(wanted: Int, cell: Int) {
        if (wanted != round || cell >= size) return
        val row = cell / looks.size
        val column = cell % looks.size
        val (source, look) = pictures[row] to looks[column]
        val next = {
            if (wanted == round) changed()
            compute(wanted, cell + 1)
        }
        val job = { studio.engine.cell(source, look, CELL, withOriginal = column == 0) }
        val failed = { refused: Refused ->
            studio.report(refused)
            next()
        }
        studio.worker.run(job, failed) { (original, redrawn) ->
            if (wanted == round) {
                original?.let { originals[row] = it }
                cells[row][column] = redrawn
            }
            next()
        }
    }

    companion object {
        const val MOST_PICTURES = 8
        const val MOST_LOOKS = 12
        const val CELL = 128 // side of a kept bitmap in pixels
        private const val GAP = 4
    }
}
