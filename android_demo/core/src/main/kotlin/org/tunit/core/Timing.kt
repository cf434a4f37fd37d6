// How much time and memory a variant takes, measured and as text.
package org.tunit.core

import kotlinx.serialization.Serializable

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

    /** Variants that are timed without being asked for: those for NPUs are left to the user. */
    fun candidates(manifest: Manifest, crashed: Set<String>): List<Variant> =
        manifest.variants.filter { it.name != "static_int8" && it.name !in crashed }
}

/** What a variant takes: median milliseconds of a call, and megabytes of memory. */
@Serializable
class Measured(
    val variant: String,
    val threads: Int,
    val loadMs: Double,
    val encoderMs: Double,
    val generatorMs: Double,
    val megabytes: Double,
)

/** Three figures at most; a point, whatever the language, so that tables can be merged. */
fun shortNumber(value: Double): String =
    String.format(java.util.Locale.ROOT, if (value < 10) "%.2f" else "%.0f", value)
