// The picture that is redrawn: the user's own, or an example.
package org.tunit.demo

import android.net.Uri
import java.io.File
import org.tunit.core.Box
import org.tunit.core.Refused

private const val MOST_SOURCES = 8 // pictures of the user's own that are kept

/** A picture to redraw, of this phone or another app. */
fun Studio.setPicture(uri: Uri) = setPicture(isOwn = true) {
    val copy = File(session.folder, "picture_${System.nanoTime()}")
    val name = Pictures.copy(context.contentResolver, uri, copy)
    kept(copy) { engine.picture(copy, name, null) }
}

/** Keeps a picture of the user's own for later; the oldest gives way. */
internal fun Studio.remember(source: Source) {
    val (kept, dropped) = (listOf(source) + state.sources.filter { it.file != source.file })
        .withIndex().partition { it.index < MOST_SOURCES }
    state = state.copy(sources = kept.map { it.value })
    val files = dropped.map { it.value.file } - setOfNotNull(state.picture?.file)
    run({ files.forEach { it.delete() } }) {}
}

/** A picture that lies on the disk already: an example, or one of before. */
fun Studio.setPicture(source: Source) =
    setPicture { engine.picture(source.file, source.name, source.box) }

private fun Studio.setPicture(isOwn: Boolean = false, read: () -> Picture) {
    state = state.copy(working = true, message = null)
    run(read) { picture ->
        state = state.copy(picture = picture)
        if (isOwn) remember(picture.source)
        translate()
        redrawThumbnails(picture)
    }
}

/** Takes a copied picture away again where it cannot be read. */
internal fun <T> kept(copy: File, read: () -> T): T = try {
    read()
} catch (refused: Refused) {
    copy.delete()
    throw refused
}

fun Studio.cut(box: Box) {
    val picture = state.picture?.cut(box) ?: return
    val cut = state.sources.map { if (it.file == picture.file) picture.source else it }
    state = state.copy(picture = picture, sources = cut)
    translate()
    redrawThumbnails(picture)
}

/** Looks without a picture of their own are shown by the one that is redrawn. */
private fun Studio.redrawThumbnails(picture: Picture) {
    for (look in state.looks.filter { it.file == null }) {
        run({
            if (state.picture !== picture) null
            else engine.look(look.id, look.kind, look.name, look.style, picture)
        }) { new ->
            if (new != null) replace(look, new)
        }
    }
}

private fun Studio.replace(look: Look, new: Look) {
    state = state.copy(looks = state.looks.map { if (it === look) new else it })
}
