// How fast this phone computes the model: every variant with every number of threads. A measurement
// outlives the screen, and its rows outlive the process.
package org.tunit.demo.benchmark

import android.content.ClipData
import android.content.ClipboardManager
import android.os.Build
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.Serializable
import org.tensorflow.lite.TensorFlowLite
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Refused
import org.tunit.core.shortNumber
import org.tunit.demo.Choices
import org.tunit.demo.R
import org.tunit.demo.Screen
import org.tunit.demo.State
import org.tunit.demo.Studio
import org.tunit.demo.studio

class BenchmarkActivity : Screen() {
    private val benchmark by lazy { Benchmark.of(studio) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.benchmark)
        findViewById<View>(R.id.run).setOnClickListener {
            if (benchmark.progress.value != null) benchmark.stop() else benchmark.start()
        }
        findViewById<View>(R.id.copy).setOnClickListener { copy() }
        scope.launch { benchmark.measured.collect { fill() } }
        scope.launch { benchmark.progress.collect { fill() } }
    }

    override fun show(state: State) {
        benchmark.open(state.model?.manifest)
        fill()
    }

    private fun fill() {
        val (measured, progress) = benchmark.measured.value to benchmark.progress.value
        val table = findViewById<TableLayout>(R.id.table)
        table.removeAllViews()
        val head = listOf(
            R.string.column_variant, R.string.column_threads, R.string.column_load,
            R.string.column_encoder, R.string.column_generator, R.string.column_memory,
        )
        if (measured.rows.isNotEmpty()) table.addView(row(head.map(::getString), R.style.Small))
        measured.rows.forEach { table.addView(row(cells(it), R.style.Body)) }
        val lines = progress?.run {
            listOf(getString(R.string.benchmark_progress, variant, number, total))
        } ?: measured.skipped.map { getString(R.string.benchmark_skipped, it) }
        findViewById<TextView>(R.id.progress).text = lines.joinToString("\n")
        findViewById<Button>(R.id.run).apply {
            setText(if (progress != null) R.string.benchmark_stop else R.string.benchmark_run)
            isEnabled = studio.state.model != null
        }
        findViewById<Button>(R.id.copy).isEnabled = measured.rows.isNotEmpty() && progress == null
    }

    private fun cells(row: Measured): List<String> = listOf(
        row.variant, row.threads.toString(), shortNumber(row.loadMs), shortNumber(row.encoderMs),
        shortNumber(row.generatorMs), shortNumber(row.megabytes),
    )

    private fun row(cells: List<String>, style: Int): TableRow = TableRow(this).apply {
        cells.forEachIndexed { column, text ->
            val view = TextView(context, null, 0, style)
            view.text = text
            if (column > 0) view.textAlignment = View.TEXT_ALIGNMENT_VIEW_END
            val padding = (PADDING_DP * resources.displayMetrics.density).toInt()
            view.setPadding(padding, padding / 2, padding, padding / 2)
            addView(view)
        }
    }

    private fun copy() {
        val board = getSystemService(ClipboardManager::class.java)
        board.setPrimaryClip(ClipData.newPlainText(getString(R.string.benchmark), benchmark.text()))
        findViewById<TextView>(R.id.progress).setText(R.string.benchmark_copied)
    }

    private companion object {
        const val PADDING_DP = 7
    }
}

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
