// Which pictures and looks the table shows: what the user chose, else as many as it takes.
package org.tunit.demo

import android.net.Uri
import java.io.File

/** All pictures that the table can show: the current one, the user's earlier ones, examples. */
fun State.gridPictures(): List<Source> {
    val all = listOfNotNull(picture?.source) + sources + examples.map { it.source }
    return all.distinctBy { it.file }
}

fun State.gridRows(): List<Source> =
    chosen(gridPictures(), grid?.pictures) { it.file.path }.take(TranslationGrid.MOST_PICTURES)

fun State.gridColumns(): List<Look> =
    chosen(looks, grid?.looks) { it.id }.take(TranslationGrid.MOST_LOOKS)

/** Those that were chosen; all where nothing was, or nothing of it is left. */
private fun <T> chosen(all: List<T>, ids: List<String>?, id: (T) -> String): List<T> =
    all.filter { ids == null || id(it) in ids }.ifEmpty { all }

fun Studio.chooseGrid(pictures: List<Source>, looks: List<Look>) {
    state = state.copy(grid = GridChoice(pictures.map { it.file.path }, looks.map { it.id }))
    save()
}

/** Pictures of the user's own for the table, in front of those that it shows. */
fun Studio.addToGrid(uris: List<Uri>) {
    for (uri in uris.take(TranslationGrid.MOST_PICTURES)) {
        run({
            val copy = File(session.folder, "picture_${System.nanoTime()}")
            val name = Pictures.copy(context.contentResolver, uri, copy)
            kept(copy) { engine.square(copy, null) }
            Source(copy, name, null)
        }) { source ->
            val (rows, columns) = state.gridRows() to state.gridColumns()
            remember(source)
            chooseGrid((listOf(source) + rows).take(TranslationGrid.MOST_PICTURES), columns)
        }
    }
}

/** A cell of the table becomes what is worked on. */
fun Studio.take(source: Source, look: Look) {
    state = state.copy(first = look.id, second = null, strength = 1f)
    setPicture(source)
}
