// Times every variant with every number of threads; goes on while the screen turns.
package org.tunit.demo

import android.os.Build
import org.tunit.core.BenchmarkText
import org.tunit.core.Measured

class Benchmark(private val studio: Studio) {
    val rows = ArrayList<Measured>()
    val skipped = LinkedHashSet<String>()
    var total = 0
        private set
    var current = ""
        private set
    var running = false
        private set
    private var done = 0
    var changed: () -> Unit = {}

    /** Names of the variants to time; null takes all. */
    var variants: Set<String>? = null

    val progress: Int get() = done + 1

    fun start() {
        val model = studio.state.model ?: return
        val crashed = studio.choices.crashed(model.manifest)
        val lanes = model.manifest.variants.filter { it.name !in crashed && variants?.contains(it.name) != false }
            .flatMap { variant -> Choices.threads().map { Lane(variant.name, it) } }
        rows.clear()
        skipped.clear()
        skipped.addAll(crashed)
        total = lanes.size
        done = 0
        running = true
        next(lanes)
    }

    fun stop() {
        running = false
        changed()
    }

    private fun next(lanes: List<Lane>) {
        val lane = lanes.firstOrNull()
        if (lane == null || !running) return stop()
        current = lane.variant
        changed()
        val manifest = studio.engine.manifest
        val skip = {
            skipped.add(lane.variant)
            done++
            next(lanes.drop(1))
        }
        val job = { studio.choices.guarded(manifest, lane.variant) { studio.engine.measure(lane, COUNT, BUDGET_MS) } }
        studio.worker.run(job, { skip() }) { measured ->
            if (measured == null) {
                skip()
            } else {
                rows.add(measured)
                done++
                next(lanes.drop(1))
            }
        }
    }

    /** A table for `docs/android.md`. */
    fun text(): String {
        val device = "${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE}, ${Build.SUPPORTED_ABIS.firstOrNull()}"
        val runtime = "TensorFlow Lite ${org.tensorflow.lite.TensorFlowLite.runtimeVersion()}"
        return BenchmarkText.table(device, runtime, studio.engine.manifest.imageSize, rows)
    }

    private companion object {
        const val COUNT = 20
        const val BUDGET_MS = 20_000.0 // of a variant so slow that 20 calls would take minutes
    }
}
