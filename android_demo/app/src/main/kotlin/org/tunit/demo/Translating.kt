// The picture is redrawn in the chosen look; results are remembered and shown again.
package org.tunit.demo

/** Redraws, and leaves a sentence standing; what was asked for before is dropped. */
fun Studio.translate(said: Message? = null) {
    val wanted = state
    val picture = wanted.picture
    val first = wanted.look(wanted.first)
    if (picture == null || first == null) {
        state = state.copy(working = false)
        save()
        return
    }
    val ticket = newest.incrementAndGet()
    val second = wanted.look(wanted.second)
    state = state.copy(working = true, message = said, shown = null)
    run({
        if (ticket != newest.get()) null
        else engine.translate(picture, first, second, wanted.mix, wanted.strength)
    }) { translation ->
        if (translation != null) {
            state = state.copy(translation = translation, working = ticket != newest.get())
            remember("${picture.file} ${picture.box} ${first.id} ${second?.id}", translation)
        }
    }
}

private fun Studio.remember(key: String, translation: Translation) {
    val known = state.earlier
    run({ history.add(key, translation, known) }) { earlier ->
        state = state.copy(earlier = earlier)
        save()
    }
}

internal fun Studio.save() {
    val saved = state
    run({
        // Without a model there are no looks to write: those of before stay.
        if (saved.model != null || session.read()?.looks.isNullOrEmpty()) session.write(saved)
    }) {}
}

/** Shows an earlier result again. */
fun Studio.show(earlier: Earlier) {
    val ticket = newest.incrementAndGet()
    run({ history.open(earlier) }) { translation ->
        if (ticket == newest.get()) { // else another look was chosen
            state = state.copy(translation = translation, shown = earlier.file, working = false)
            save()
        }
    }
}
