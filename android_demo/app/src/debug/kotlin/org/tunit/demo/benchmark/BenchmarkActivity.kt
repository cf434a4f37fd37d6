// How fast this phone computes the model, as a table that can be copied.
package org.tunit.demo.benchmark

import android.content.ClipData
import android.content.ClipboardManager
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import kotlinx.coroutines.launch
import org.tunit.core.Measured
import org.tunit.core.shortNumber
import org.tunit.demo.R
import org.tunit.demo.Screen
import org.tunit.demo.State
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
