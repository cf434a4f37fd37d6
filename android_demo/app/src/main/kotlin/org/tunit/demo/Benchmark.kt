// Times every variant with every number of threads; goes on while the screen turns, and keeps its rows
// when the process ends.
package org.tunit.demo

import android.os.Build
import org.tensorflow.lite.TensorFlowLite
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
        val names = model.manifest.variants.map { it.name }
            .filter { it !in crashed && variants?.contains(it) != false }
        val lanes = names.flatMap { name -> Choices.threads().map { Lane(name, it) } }
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

    /** Shows what was measured of a model before, or nothing. */
    fun restore(measured: BenchmarkRows?) {
        running = false
        rows.clear()
        skipped.clear()
        rows.addAll(measured?.rows.orEmpty())
        skipped.addAll(measured?.skipped.orEmpty())
        changed()
    }

    private fun next(lanes: List<Lane>) {
        val lane = lanes.firstOrNull()
        if (lane == null || !running) return stop()
        current = lane.variant
        changed()
        val manifest = studio.engine.manifest
        val finished = { measured: Measured? ->
            if (manifest === studio.state.model?.manifest) { // else another was opened
                if (measured == null) skipped.add(lane.variant) else rows.add(measured)
                done++
                keep(manifest.identity)
                next(lanes.drop(1))
            }
        }
        val job = {
            studio.choices.guarded(manifest, lane.variant) {
                studio.engine.measure(lane, COUNT, BUDGET_MS)
            }
        }
        studio.worker.run(job, { finished(null) }, finished)
    }

    private fun keep(identity: String) {
        val measured = BenchmarkRows(identity, rows.toList(), skipped.toSet())
        studio.run({ studio.benchmarkFile.write(measured) }) {}
    }

    /** A table for `docs/android.md`. */
    fun text(): String {
        val abi = Build.SUPPORTED_ABIS.firstOrNull()
        val device = "${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE}, $abi"
        val runtime = "TensorFlow Lite ${TensorFlowLite.runtimeVersion()}"
        return BenchmarkText.table(device, runtime, studio.engine.manifest.imageSize, rows)
    }

    private companion object {
        const val COUNT = 20
        const val BUDGET_MS = 20_000.0 // of a variant so slow that 20 calls would take minutes
    }
}
