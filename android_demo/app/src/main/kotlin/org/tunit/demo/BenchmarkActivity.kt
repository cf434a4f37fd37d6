// How fast this phone computes the model, as a table that can be copied.
package org.tunit.demo

import android.content.ClipData
import android.content.ClipboardManager
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import org.tunit.core.BenchmarkText
import org.tunit.core.Measured

class BenchmarkActivity : Screen() {
    private val filling: () -> Unit = { fill() }
    private val benchmark get() = studio.benchmark

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.benchmark)
        findViewById<View>(R.id.run).setOnClickListener {
            if (benchmark.running) benchmark.stop() else benchmark.start()
            fill()
        }
        findViewById<View>(R.id.copy).setOnClickListener { copy() }
        benchmark.changed = filling
    }

    override fun show(state: State) = fill()

    override fun onDestroy() {
        if (benchmark.changed === filling) benchmark.changed = {}
        super.onDestroy()
    }

    private fun fill() {
        val table = findViewById<TableLayout>(R.id.table)
        table.removeAllViews()
        val head = listOf(
            R.string.column_variant, R.string.column_threads, R.string.column_load,
            R.string.column_encoder, R.string.column_generator, R.string.column_memory,
        )
        if (benchmark.rows.isNotEmpty()) table.addView(row(head.map(::getString), R.style.Small))
        benchmark.rows.forEach { table.addView(row(cells(it), R.style.Body)) }
        val lines = if (benchmark.running) {
            benchmark.run { listOf(getString(R.string.benchmark_progress, current, progress, total)) }
        } else {
            benchmark.skipped.map { getString(R.string.benchmark_skipped, it) }
        }
        findViewById<TextView>(R.id.progress).text = lines.joinToString("\n")
        findViewById<Button>(R.id.run).apply {
            setText(if (benchmark.running) R.string.benchmark_stop else R.string.benchmark_run)
            isEnabled = studio.state.model != null
        }
        findViewById<Button>(R.id.copy).isEnabled = benchmark.rows.isNotEmpty() && !benchmark.running
    }

    private fun cells(row: Measured): List<String> = listOf(
        row.variant, row.threads.toString(), BenchmarkText.number(row.loadMs),
        BenchmarkText.number(row.encoderMs), BenchmarkText.number(row.generatorMs),
        BenchmarkText.number(row.megabytes),
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
