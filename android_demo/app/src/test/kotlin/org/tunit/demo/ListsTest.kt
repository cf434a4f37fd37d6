// Lists that the user fills: pictures, looks, earlier results. All can be emptied, none grows for ever.
package org.tunit.demo

import android.app.AlertDialog
import android.view.View
import android.widget.GridView
import android.widget.LinearLayout
import android.widget.TextView
import java.io.File
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowAlertDialog
import org.robolectric.shadows.ShadowPopupMenu

@Config(sdk = [36])
class ListsTest : ScreenTest() {
    @Before
    fun plain() = choose("float32")

    private fun files() = File(app.filesDir, "session").list()!!.toList()

    /** Taps an item of the menu that was opened last. */
    private fun tap(text: String) {
        val menu = ShadowPopupMenu.getLatestPopupMenu().menu
        val item = (0 until menu.size()).map(menu::getItem).first { it.title.toString() == text }
        shadowOf(ShadowPopupMenu.getLatestPopupMenu()).onMenuItemClickListener.onMenuItemClick(item)
        settle()
    }

    @Test
    fun looksOfOnesOwnAreRemoved() {
        val screen = main(send("photo.png")).get()
        studio.addLooks(listOf(uri("rotated.jpg")))
        settle()
        assertEquals("Rotated", translation().lookName)
        assertEquals(1, files().count { it.startsWith("own") })
        val cells = screen.findViewById<LinearLayout>(R.id.looks)
        val (own, example) = look("Rotated") to look("reef")
        assertFalse("examples stay", cells.findViewWithTag<View>(example.id).performLongClick())
        assertTrue(cells.findViewWithTag<View>(own.id).performLongClick())
        tap("Remove")
        assertEquals(null, studio.state.look(own.id))
        assertEquals("the next one is shown", studio.state.looks[0].name, translation().lookName)
        studio.remove(studio.state.earlier) // which could draw it again
        settle()
        assertEquals("its picture is deleted", 0, files().count { it.startsWith("own") })
        studio.addRandomLook()
        settle()
        assertEquals("Random look 1", translation().lookName)
        screen.findViewById<View>(R.id.pick_look).performClick()
        tap("Remove Random look 1")
        assertEquals(0, studio.state.looks.count { it.isOwn })
    }

    @Test
    fun looksAndResultsAndPicturesAreBounded() {
        main(send("photo.png"))
        repeat(2) { studio.addRandomLook() } // the second before the first is there
        repeat(Studio.MOST_LOOKS + 1) {
            studio.addRandomLook()
            settle()
        }
        val names = studio.state.looks.filter { it.isOwn }.map { it.name }
        assertEquals("no name twice", names.distinct(), names)
        assertEquals(Studio.MOST_LOOKS, studio.state.looks.count { it.isOwn })
        assertEquals(Studio.MOST_EARLIER, studio.state.earlier.size)
        assertEquals(Studio.MOST_EARLIER, files().count { it.startsWith("earlier") })
        studio.remove(studio.state.earlier)
        repeat(Studio.MOST_SOURCES + 3) { studio.setPicture(uri("photo.png")) }
        settle()
        assertEquals(Studio.MOST_SOURCES, studio.state.sources.size)
        studio.remove(studio.state.earlier)
        settle()
        assertEquals(Studio.MOST_SOURCES, files().count { it.startsWith("picture") })
    }

    @Test
    fun earlierResultsComeBack() {
        main(send("photo.png"))
        studio.choose(look("reef").id)
        studio.setStrength(1.25f)
        settle()
        val first = translation().square
        studio.setStrength(1f)
        studio.choose(look("moss").id)
        settle()
        studio.setPicture(studio.state.examples[0].source)
        settle()
        (app as TunitApp).forget() // the end of the process
        main()
        studio.show(studio.state.results.first { it.made.lookName == "reef" })
        settle()
        // The last strength of a look and a picture is kept.
        assertEquals("reef" to "photo.png", translation().run { lookName to name })
        studio.setStrength(1.25f)
        settle()
        assertArrayEquals(first, translation().square)
    }

    @Test
    fun aResultBringsItsRemovedLookBack() {
        main(send("photo.png"))
        studio.addRandomLook()
        settle()
        val square = translation().square
        val look = studio.state.first!!
        studio.removeLook(look)
        settle()
        studio.show(studio.state.results.first { it.made.first.id == look })
        settle()
        assertArrayEquals(square, translation().square)
        assertEquals(look, studio.state.first)
    }

    @Test
    fun earlierResultsAreRemoved() {
        main(send("photo.png"))
        for (name in listOf("moss", "reef")) {
            studio.choose(look(name).id)
            settle()
        }
        val before = studio.state.results.size
        val screen = open(EarlierActivity::class.java).get()
        val grid = screen.findViewById<GridView>(R.id.results)
        grid.onItemLongClickListener!!.onItemLongClick(grid, null, 0, 0)
        confirm()
        assertEquals(before - 1, studio.state.results.size)
        assertFalse(studio.state.results.any { it.made.lookName == "reef" })
        screen.findViewById<View>(R.id.remove_all).performClick()
        confirm()
        assertEquals(0, studio.state.results.size)
        assertEquals(0, files().count { it.startsWith("earlier") })
        assertTrue("Results appear here as you make them." in texts(screen.window.decorView))
    }

    private fun confirm() {
        val dialog = ShadowAlertDialog.getLatestDialog() as AlertDialog
        dialog.getButton(AlertDialog.BUTTON_POSITIVE).performClick()
        settle()
    }

    @Test
    fun picturesAreChosenByThumbnailsOwnFirst() {
        val screen = main(send("photo.png")).get()
        studio.setPicture(uri("rotated.jpg"))
        settle()
        screen.findViewById<View>(R.id.pick_picture).performClick()
        settle()
        val dialog = ShadowAlertDialog.getLatestDialog() as AlertDialog
        val grid = dialog.findViewById<GridView>(R.id.pictures)
        val names = List(grid.adapter.count) { (grid.adapter.getItem(it) as Source).name }
        val examples = studio.state.examples.map { it.name }
        assertEquals(listOf("rotated.jpg", "photo.png") + examples, names)
        grid.adapter.getView(1, null, grid)
        settle()
        val cell = grid.adapter.getView(1, null, grid) as LinearLayout
        assertEquals("Photo", cell.contentDescription)
        assertEquals("Photo", (cell.getChildAt(1) as TextView).text)
        assertTrue((cell.getChildAt(0) as android.widget.ImageView).drawable.intrinsicWidth > 0)
        grid.performItemClick(cell, 1, 1)
        settle()
        assertEquals("photo.png", translation().name)
        assertFalse(dialog.isShowing)
        val own = studio.state.sources.first { it.name == "rotated.jpg" }
        studio.remove(own)
        studio.remove(studio.state.earlier)
        settle()
        assertFalse(own.file.exists())
    }
}
