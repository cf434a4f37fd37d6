// Times every variant with every number of threads. A measurement outlives the screen, and its rows
// outlive the process.
package org.tunit.demo.benchmark

import android.os.Build
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.serialization.Serializable
import org.tensorflow.lite.TensorFlowLite
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Refused
import org.tunit.core.shortNumber
import org.tunit.demo.Choices
import org.tunit.demo.Studio

/** What was measured of a model, and the variants that were left out. */
@Serializable
data class Rows(
    val identity: String = "",
    val rows: List<Measured> = emptyList(),
    val skipped: Set<String> = emptySet(),
)

/** A measurement under way. */
class Progress(val variant: String, val number: Int, val total: Int)

class Benchmark(private val studio: Studio) {
    private val current = MutableStateFlow(Rows())
    private val going = MutableStateFlow<Progress?>(null)
    private var job: Job? = null
    private var manifest: Manifest? = null

    val measured: StateFlow<Rows> = current.asStateFlow()

    /** Null while nothing is measured. */
    val progress: StateFlow<Progress?> = going.asStateFlow()

    /** Names of the variants to time; null takes all. */
    var variants: Set<String>? = null

    /** Shows what was measured of a model before. */
    fun open(model: Manifest?) {
        if (model === manifest) return
        stop()
        manifest = model
        val kept = studio.store.read(FILE, Rows.serializer())
        current.value = kept?.takeIf { it.identity == model?.identity } ?: Rows()
    }

    fun start() {
        val model = manifest ?: return
        stop()
        job = studio.work {
            measure(model)
            going.value = null
        }
    }

    fun stop() {
        job?.cancel()
        going.value = null
    }

    private suspend fun measure(model: Manifest) {
        val crashed = studio.choices.crashed(model)
        current.value = Rows(model.identity, skipped = crashed)
        val names = model.variants.map { it.name }
            .filter { it !in crashed && variants?.contains(it) != false }
        val lanes = names.flatMap { name -> Choices.threads().map { Lane(name, it) } }
        lanes.forEachIndexed { i, lane ->
            going.value = Progress(lane.variant, i + 1, lanes.size)
            val row = try {
                studio.measure(model, lane, COUNT, BUDGET_MS)
            } catch (_: Refused) {
                null
            }
            if (studio.state.model?.manifest !== model) return // another one was opened meanwhile
            current.update {
                if (row != null) it.copy(rows = it.rows + row)
                else it.copy(skipped = it.skipped + lane.variant)
            }
            val rows = current.value
            studio.compute { studio.store.write(FILE, Rows.serializer(), rows) }
        }
    }

    /** A Markdown table for `docs/android.md`. */
    fun text(): String = buildString {
        val abi = Build.SUPPORTED_ABIS.firstOrNull()
        val device = "${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE}, $abi"
        val runtime = "TensorFlow Lite ${TensorFlowLite.runtimeVersion()}"
        append("$device, $runtime, ${manifest?.imageSize} px\n\n")
        append("| variant | threads | load ms | encoder ms | generator ms | memory MB |\n")
        append("|---|---|---|---|---|---|\n")
        for (row in measured.value.rows) {
            val numbers = row.run { listOf(loadMs, encoderMs, generatorMs, megabytes) }
                .joinToString(" | ", transform = ::shortNumber)
            append("| ${row.variant} | ${row.threads} | $numbers |\n")
        }
    }

    companion object {
        const val FILE = "benchmark.json"
        private const val COUNT = 20
        private const val BUDGET_MS = 20_000.0 // of a variant so slow that 20 calls take minutes
        private var latest: Benchmark? = null

        /** The measurement of a studio, which outlives the screen. */
        fun of(studio: Studio): Benchmark =
            latest?.takeIf { it.studio === studio } ?: Benchmark(studio).also { latest = it }
    }
}
