// How the model is computed: variant, threads, GPU.
package org.tunit.demo

internal fun Studio.load(lane: Lane) =
    choices.guarded(engine.manifest, lane.variant) { engine.load(lane) }

/** How the model is computed; null leaves it to the measurement. */
fun Studio.setLane(lane: Lane?) {
    val model = state.model ?: return
    choices.choose(model.manifest, lane)
    if (lane == null) {
        choices.setFastest(model.manifest, null)
        Trials(this).startIfNeeded()
        state = state.copy(model = LoadedModel(model.manifest, model.lane, true, model.bundled))
    } else {
        use(lane, automatic = false)
    }
}

/** Loads a variant; where that fails, the one in use stays, without the GPU. */
fun Studio.use(lane: Lane, automatic: Boolean, said: Message? = null) {
    val model = state.model ?: return
    state = state.copy(working = true, message = said)
    worker.run({ load(lane) }, { refused ->
        choices.choose(model.manifest, null)
        run({ load(model.lane.copy(gpu = false)) }) {
            state = state.copy(message = message(refused), working = false)
        }
    }) {
        state = state.copy(model = LoadedModel(model.manifest, lane, automatic, model.bundled))
        translate(said)
    }
}
