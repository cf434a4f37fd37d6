// Which variant is the fastest on this phone: measured once for each model, in the background, since
// int8 kernels differ between runtimes and chips.
package org.tunit.demo

import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Refused
import org.tunit.core.Timing

class Trials(private val studio: Studio, private val manifest: Manifest) {
    private val measured = ArrayList<Measured>()

    /** Variant and threads; null where nothing could be measured. */
    suspend fun fastest(): Lane? {
        val candidates = Timing.candidates(manifest, studio.choices.crashed(manifest))
        for (variant in candidates) {
            measure(Lane(variant.name, Choices.mostThreads()), BUDGET_MS / candidates.size)
        }
        val best = best() ?: return null
        for (threads in Choices.threads().filter { it != best.threads }) {
            measure(Lane(best.variant, threads), BUDGET_MS / 4)
        }
        return best()?.let { Lane(it.variant, it.threads) }
    }

    /** Each measurement is a job of its own, so that the user's jobs come in between. */
    private suspend fun measure(lane: Lane, budgetMs: Double) {
        try {
            studio.measure(manifest, lane, COUNT, budgetMs)?.let(measured::add)
        } catch (_: Refused) { // it cannot be computed on this phone
        }
    }

    private fun best(): Measured? = measured.minByOrNull { it.encoderMs + it.generatorMs }

    private companion object {
        const val BUDGET_MS = 1000.0
        const val COUNT = 20
    }
}
