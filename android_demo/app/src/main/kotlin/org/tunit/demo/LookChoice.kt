// Looks are added, chosen, mixed, weakened and exaggerated.
package org.tunit.demo

import android.net.Uri
import java.io.File
import org.tunit.core.Problem
import org.tunit.core.Refused

/** Looks of pictures; the last of them is taken. */
fun Studio.addLooks(uris: List<Uri>) {
    for (uri in uris) {
        addLook {
            val id = "own ${System.nanoTime()}"
            val copy = File(session.folder, id.replace(' ', '_'))
            val name = Pictures.copy(context.contentResolver, uri, copy)
            kept(copy) { engine.look(id, LookKind.OWN, name.substringBeforeLast('.'), copy) }
        }
    }
}

/** A look that nobody has drawn. */
fun Studio.addRandomLook() {
    val picture = state.picture ?: return
    val number = state.looks.count { it.kind == LookKind.CHANCE } + 1
    val name = context.getString(R.string.look_chance, number)
    addLook {
        val style = engine.random(random) ?: throw Refused(Problem.NO_AVERAGES)
        engine.look("chance ${System.nanoTime()}", LookKind.CHANCE, name, style, picture)
    }
}

private fun Studio.addLook(read: () -> Look) {
    state = state.copy(working = true, message = null)
    run(read) { look ->
        state = state.copy(looks = listOf(look) + state.looks, first = look.id, second = null)
        translate()
    }
}

/** Takes a look; while two are mixed, it takes the place of the second. */
fun Studio.choose(id: String) {
    state = when {
        state.second == null -> state.copy(first = id)
        id == state.first -> state
        else -> state.copy(second = id)
    }
    translate()
}

fun Studio.setMixing(on: Boolean) {
    if (on == (state.second != null)) return
    val other = state.looks.firstOrNull { it.id != state.first }?.id
    state = state.copy(second = if (on) other else null)
    translate()
}

fun Studio.setMix(share: Float) {
    state = state.copy(mix = share)
    translate()
}

fun Studio.setStrength(strength: Float) {
    state = state.copy(strength = strength)
    translate()
}
