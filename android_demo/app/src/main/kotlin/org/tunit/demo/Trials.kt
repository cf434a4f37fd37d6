// Which variant is the fastest on this phone: measured once a model, in the background, since
// int8 kernels differ between runtimes and chips.
package org.tunit.demo

import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Problem
import org.tunit.core.Refused
import org.tunit.core.Timing

class Trials(private val studio: Studio) {
    private val measured = ArrayList<Measured>()
    private lateinit var manifest: Manifest

    /** Does nothing where the user chose, or it was measured before. */
    fun startIfNeeded() {
        val model = studio.state.model ?: return
        manifest = model.manifest
        if (studio.choices.lane(manifest) != null) return
        val candidates = Timing.candidates(manifest, studio.choices.crashed(manifest))
        val lanes = candidates.map { Lane(it.name, Choices.mostThreads()) }
        run(lanes, BUDGET_MS / lanes.size.coerceAtLeast(1)) {
            val best = fastest()
            val others = Choices.threads().filter { it != best?.threads }
            val rest = if (best == null) emptyList() else others.map { Lane(best.variant, it) }
            run(rest, BUDGET_MS / 4) { finish() }
        }
    }

    /** One after the other, each a job of its own, so that the user's come in between. */
    private fun run(lanes: List<Lane>, budgetMs: Double, then: () -> Unit) {
        val lane = lanes.firstOrNull() ?: return then()
        val next = { run(lanes.drop(1), budgetMs, then) }
        val job = {
            // Another model may have been opened.
            if (studio.engine.manifest !== manifest) throw Refused(Problem.NO_MODEL)
            studio.choices.guarded(manifest, lane.variant) {
                studio.engine.measure(lane, COUNT, budgetMs)
            }
        }
        studio.worker.run(job, { if (studio.state.model?.manifest === manifest) next() }) {
            it?.let(measured::add)
            next()
        }
    }

    private fun fastest(): Measured? = measured.minByOrNull { it.encoderMs + it.generatorMs }

    private fun finish() {
        val best = fastest() ?: return
        val lane = Lane(best.variant, best.threads)
        val model = studio.state.model ?: return
        if (model.manifest !== manifest || studio.choices.isChosen(manifest)) return
        studio.choices.setFastest(manifest, lane)
        if (lane != model.lane) studio.use(lane, automatic = true, said = studio.state.message)
    }

    private companion object {
        const val BUDGET_MS = 1000.0
        const val COUNT = 20
    }
}
