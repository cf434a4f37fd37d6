// The rows of the last measurement, for when the process ends before they were copied.
package org.tunit.demo

import android.content.Context
import java.io.File
import org.tunit.core.Measured

/** What was measured of a model, and the variants that were left out. */
class BenchmarkRows(val identity: String, val rows: List<Measured>, val skipped: Set<String>)

class BenchmarkFile(context: Context) {
    private val file = JsonFile(File(context.filesDir, "benchmark.json"))

    /** Null where there is none, or it is broken. */
    fun read(): BenchmarkRows? = file.read { json ->
        val rows = (json["rows"] as List<*>).map { row(it as Map<*, *>) }
        val skipped = (json["skipped"] as List<*>).map { it as String }
        BenchmarkRows(json["identity"] as String, rows, skipped.toSet())
    }

    fun write(measured: BenchmarkRows) {
        val rows = measured.rows.map {
            mapOf(
                "variant" to it.variant, "threads" to it.threads, "load" to it.loadMs,
                "encoder" to it.encoderMs, "generator" to it.generatorMs, "memory" to it.megabytes,
            )
        }
        val skipped = measured.skipped.toList()
        file.write(mapOf("identity" to measured.identity, "rows" to rows, "skipped" to skipped))
    }

    private fun row(json: Map<*, *>): Measured {
        fun number(name: String) = json[name] as Double
        return Measured(
            json["variant"] as String, number("threads").toInt(), number("load"),
            number("encoder"), number("generator"), number("memory"),
        )
    }
}
