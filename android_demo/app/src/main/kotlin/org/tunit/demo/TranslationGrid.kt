// All translations of some pictures in all looks, one job each so that others come in between.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap

class TranslationGrid(private val studio: Studio, private val changed: () -> Unit) {
    var looks: List<Look> = emptyList()
        private set
    private var done: List<Array<Translation?>> = emptyList()
    private var stopped = false

    val rows: Int get() = done.size
    val count: Int get() = done.sumOf { row -> row.count { it != null } }

    /** The picture and the examples of the app, each in every look. */
    fun start(picture: Picture, looks: List<Look>) {
        this.looks = looks
        val examples = studio.state.examples.filter { !picture.file.path.endsWith(it) }
        done = List(examples.size + 1) { arrayOfNulls<Translation>(looks.size) }
        for (row in done.indices) {
            for (column in looks.indices) {
                compute(row, column) { if (row == 0) picture else studio.examplePicture(examples[row - 1]) }
            }
        }
    }

    fun stop() {
        stopped = true
    }

    fun original(row: Int): Bitmap? = done[row].firstNotNullOfOrNull { it }?.original

    fun redrawn(row: Int, column: Int): Translation? = done[row][column]

    /** What a screen reader says of a cell; column -1 is the picture itself. */
    fun describe(context: Context, row: Int, column: Int): String {
        val known = done[row].firstNotNullOfOrNull { it } ?: return context.getString(R.string.working)
        return if (column < 0) context.getString(R.string.original_description, known.name)
        else context.getString(R.string.earlier_one, known.name, looks[column].name)
    }

    private fun compute(row: Int, column: Int, picture: () -> Picture) {
        val job = {
            if (stopped) null else studio.engine.translate(picture(), looks[column], null, 0f, 1f)
        }
        studio.run(job) {
            if (it != null) {
                done[row][column] = it
                changed()
            }
        }
    }
}
