// The table of pictures and looks: the user's own and the examples, chosen, bounded, kept and saved.
package org.tunit.demo

import android.app.AlertDialog
import android.content.DialogInterface
import android.net.Uri
import android.view.View
import android.widget.ListView
import android.widget.TableLayout
import android.widget.TableRow
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowAlertDialog

@Config(sdk = [36])
class GridTest : ScreenTest() {
    private val grid get() = studio.grid.table

    @Before
    fun plain() = choose("float32")

    private fun names() = grid.pictures.map { it.name }

    private fun cell(table: View, row: Int, column: Int): View =
        ((table as TableLayout).getChildAt(row + 1) as TableRow).getChildAt(column + 1)

    private fun column(look: String) = grid.looks.indexOfFirst { it.name == look }

    @Test
    fun ownPicturesAndExamplesAreRedrawnInEveryLook() {
        main(send("photo.png"))
        studio.setPicture(uri("rotated.jpg"))
        studio.addLooks(listOf(uri("alpha.png")))
        settle()
        val screen = open(GridActivity::class.java)
        assertEquals("nothing starts by itself", 0, grid.count)
        screen.get().findViewById<View>(R.id.start).performClick()
        settle()
        val examples = studio.state.examples.map { it.name }
        val pictures = listOf("rotated.jpg", "photo.png") + examples
        assertEquals(pictures.take(TranslationGrid.MOST_PICTURES), names())
        val looks = studio.state.looks.map { it.id }
        assertEquals(looks.take(TranslationGrid.MOST_LOOKS), grid.looks.map { it.id })
        assertTrue(grid.isComplete)

        val row = names().indexOf("photo.png")
        val redrawn = grid.redrawn(row, column("reef"))!!
        cell(screen.get().findViewById(R.id.table), row, column("reef")).performClick()
        settle()
        assertTrue(screen.get().isFinishing)
        assertEquals("photo.png", studio.state.picture!!.name)
        val expected = bytes(expected.translated["float32"])
        assertClose(expected, translation().square, 1, "a cell of the table")
        val style = look("reef").style
        val source = studio.state.picture!!.source
        val again = studio.engine.redrawnThumbnail(source, style, TranslationGrid.CELL)
        assertTrue(again.sameAs(redrawn))
    }

    @Test
    fun rowsColumnsAndBitmapsAreBounded() {
        main(send("photo.png"))
        repeat(12) { studio.addRandomLook() }
        settle()
        open(GridActivity::class.java)
        repeat(2) { studio.addToGrid(List(6) { uri("photo.png") }) }
        settle()
        assertEquals(TranslationGrid.MOST_PICTURES, grid.pictures.size)
        assertEquals(TranslationGrid.MOST_LOOKS, grid.looks.size)
        studio.grid.start()
        settle()
        assertTrue(grid.isComplete)
        val cells = grid.pictures.indices.flatMap { row ->
            grid.looks.indices.map { grid.redrawn(row, it)!! } + grid.original(row)!!
        }
        val most = 4 * TranslationGrid.CELL * TranslationGrid.CELL
        assertTrue(cells.all { it.allocationByteCount <= most })
        val copies = File(app.filesDir, "session").list()!!.count { it.startsWith("picture") }
        assertTrue("$copies copies", copies <= Studio.MOST_SOURCES + 1)
        assertTrue("the picture being redrawn is kept", studio.state.picture!!.file.exists())
        studio.grid.clear()
        assertEquals(0, grid.size)
    }

    @Test
    fun picturesAndLooksAreChosenInLists() {
        main(send("photo.png"))
        val screen = open(GridActivity::class.java)
        // The list may be longer than the table, which has its first entries.
        choose(screen.get().findViewById(R.id.pictures)) {
            names().indices.toSet() - names().indexOf("photo.png")
        }
        assertEquals(listOf("photo.png"), names())
        choose(screen.get().findViewById(R.id.pick_looks)) { listOf(column("reef"), column("moss")) }
        assertFalse("reef" in grid.looks.map { it.name } || "moss" in grid.looks.map { it.name })
        choose(screen.get().findViewById(R.id.pictures)) { listOf(0) } // none is left: nothing changes
        assertEquals(listOf("photo.png"), names())

        repeat(TranslationGrid.MOST_LOOKS) { studio.addRandomLook() }
        settle()
        choose(screen.get().findViewById(R.id.pick_looks)) { it } // all: some are taken away, some come
        val known = grid.looks.map { it.id }
        choose(screen.get().findViewById(R.id.pick_looks)) { all ->
            all.filter { studio.state.looks[it].id !in known } // more than the table takes
        }
        assertEquals(TranslationGrid.MOST_LOOKS, grid.looks.size)
        assertTrue(grid.looks.map { it.id }.containsAll(known))
    }

    /** Taps items of the dialog that a button opens, then Done. */
    private fun choose(button: View, tapped: (IntRange) -> Iterable<Int>) {
        button.performClick()
        settle()
        val dialog = ShadowAlertDialog.getLatestDialog() as AlertDialog
        val list: ListView = dialog.listView
        for (i in tapped(0 until list.count)) {
            // An entry is checked when it is drawn, which those below the screen are not yet.
            list.performItemClick(list.adapter.getView(i, null, list), i, i.toLong())
        }
        dialog.getButton(DialogInterface.BUTTON_POSITIVE).performClick()
        settle()
    }

    @Test
    @Config(sdk = [28, 36])
    fun theTableOutlivesTurningAndTheProcess() {
        main(send("photo.png"))
        val screen = open(GridActivity::class.java)
        studio.chooseGrid(grid.pictures.take(2), grid.looks.drop(1).take(3))
        studio.grid.start()
        settle()
        val shown = names() to grid.looks.map { it.id }
        assertEquals(6, grid.count)
        val before = grid.redrawn(1, 2)!!
        screen.recreate()
        settle()
        assertSame("not computed again", before, grid.redrawn(1, 2))
        val saved = endProcess(screen)

        val after = open(GridActivity::class.java, saved = saved)
        assertEquals(shown, names() to grid.looks.map { it.id })
        after.get().findViewById<View>(R.id.start).performClick()
        settle()
        assertTrue(grid.isComplete && before.sameAs(grid.redrawn(1, 2)))
        assertEquals(3, (after.get().findViewById<TableLayout>(R.id.table)).childCount)
    }

    @Test
    fun theTableIsStoppedAndGoesOn() {
        main(send("photo.png"))
        val screen = open(GridActivity::class.java)
        val button = screen.get().findViewById<View>(R.id.start)
        button.performClick()
        assertTrue(studio.grid.progress.value.isGoing)
        button.performClick()
        settle()
        assertFalse(studio.grid.progress.value.isGoing || grid.isComplete)
        button.performClick()
        settle()
        assertTrue(grid.isComplete)
    }

    @Test
    @Config(sdk = [28])
    fun theTableIsSavedAsOnePictureAlsoBeforeItIsComplete() {
        main(send("photo.png"))
        val file = File(app.cacheDir, "table.jpg")
        shadowOf(app.contentResolver).registerOutputStream(Uri.fromFile(file), file.outputStream())
        val screen = open(GridActivity::class.java)
        val saved = endProcess(screen) // while another app asks where to save
        val after = Robolectric.buildActivity(GridActivity::class.java).setup(saved)
        answer(after, Requests.SAVE, Uri.fromFile(file))
        settle()
        assertEquals("nothing is there yet", 0, file.length())
        studio.grid.start()
        settle()
        val table = Pictures.decode(file, "table").bitmap
        assertTrue(table.width > grid.looks.size * TranslationGrid.CELL)
        assertTrue(table.height > grid.pictures.size * TranslationGrid.CELL)
        assertEquals("Saved.", studio.state.message!!.text)
    }
}
