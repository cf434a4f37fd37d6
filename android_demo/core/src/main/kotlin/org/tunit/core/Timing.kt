// Which variant a phone runs fastest, and benchmark rows as text.
package org.tunit.core

object Timing {
    /** The middle of times; the mean of the two in the middle of an even number. */
    fun median(times: List<Double>): Double {
        val sorted = times.sorted()
        val half = sorted.size / 2
        return if (sorted.size % 2 == 1) sorted[half] else (sorted[half - 1] + sorted[half]) / 2
    }

    /**
     * Median milliseconds of calls until a count or a budget is reached, after one that is not counted.
     */
    fun measure(count: Int, budgetMs: Double, call: () -> Unit): Double {
        call()
        val times = ArrayList<Double>()
        val start = System.nanoTime()
        fun isLeft() = times.isEmpty() || (System.nanoTime() - start) / 1e6 < budgetMs
        while (times.size < count && isLeft()) {
            val before = System.nanoTime()
            call()
            times.add((System.nanoTime() - before) / 1e6)
        }
        return median(times)
    }

    /** Thread counts worth a try on a machine of so many cores. */
    fun threads(cores: Int): List<Int> = listOf(1, 2, 4).filter { it <= cores.coerceAtLeast(1) }

    /** Variants that are timed by themselves: those for NPUs are left to the user. */
    fun candidates(manifest: Manifest, crashed: Set<String>): List<Variant> =
        manifest.variants.filter { it.name != "static_int8" && it.name !in crashed }
}

/** A row of the benchmark. */
class Measured(
    val variant: String,
    val threads: Int,
    val loadMs: Double,
    val encoderMs: Double,
    val generatorMs: Double,
    val megabytes: Double,
)

object BenchmarkText {
    /** A Markdown table for `docs/android.md`. */
    fun table(device: String, runtime: String, size: Int, rows: List<Measured>): String = buildString {
        append("$device, $runtime, $size px\n\n")
        append("| variant | threads | load ms | encoder ms | generator ms | memory MB |\n")
        append("|---|---|---|---|---|---|\n")
        for (row in rows) {
            val numbers = row.run { listOf(loadMs, encoderMs, generatorMs, megabytes) }.map(::number)
            append("| ${row.variant} | ${row.threads} | ${numbers.joinToString(" | ")} |\n")
        }
    }

    /** Three figures at most; a point, whatever the language, so that tables can be merged. */
    fun number(value: Double): String =
        String.format(java.util.Locale.ROOT, if (value < 10) "%.2f" else "%.0f", value)
}
