// How each model is computed: what the user chose, what was measured to be fastest on this phone, since
// int8 kernels differ between runtimes and chips, and which variants ended the process.
package org.tunit.demo

import android.content.Context
import org.tunit.Lane
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Refused
import org.tunit.core.Timing

class Choices(context: Context) {
    private val preferences = context.getSharedPreferences("choices", Context.MODE_PRIVATE)

    /** Variant during whose measurement the process ended; only the user can choose it again. */
    fun crashedLastTime(manifest: Manifest): String? {
        val trying = preferences.getString(TRYING, null) ?: return null
        preferences.edit().remove(TRYING).commit()
        val (identity, variant) = trying.split(' ', limit = 2)
        if (identity != manifest.identity) return null
        preferences.edit().putStringSet("crashed.$identity", crashed(manifest) + variant).commit()
        return variant
    }

    fun crashed(manifest: Manifest): Set<String> =
        preferences.getStringSet("crashed.${manifest.identity}", null).orEmpty().toSet()

    /** Runs a trial of a variant; should the process end meanwhile, [crashedLastTime] names it. */
    fun <T> guarded(manifest: Manifest, variant: String, trial: () -> T): T {
        preferences.edit().putString(TRYING, "${manifest.identity} $variant").commit()
        return try {
            trial()
        } finally {
            preferences.edit().remove(TRYING).commit()
        }
    }

    /** What the user chose, or else what was measured to be fastest; null where neither is known. */
    fun lane(manifest: Manifest): Lane? = read("chosen", manifest) ?: read("fastest", manifest)

    fun isChosen(manifest: Manifest): Boolean = read("chosen", manifest) != null

    fun choose(manifest: Manifest, lane: Lane?) = write("chosen", manifest, lane)

    fun setFastest(manifest: Manifest, lane: Lane?) = write("fastest", manifest, lane)

    /** What is used until something was measured: float32, which every phone can compute. */
    fun first(manifest: Manifest): Lane {
        val candidates = Timing.candidates(manifest, crashed(manifest)).ifEmpty { manifest.variants }
        val variant = candidates.find { it.name == "float32" } ?: candidates[0]
        return Lane(variant.name, mostThreads())
    }

    private fun read(what: String, manifest: Manifest): Lane? {
        val parts = preferences.getString("$what.${manifest.identity}", null)?.split(' ') ?: return null
        val known = manifest.variants.any { it.name == parts[0] } && parts[0] !in crashed(manifest)
        return if (known) Lane(parts[0], parts[1].toInt(), parts[2].toBoolean()) else null
    }

    private fun write(what: String, manifest: Manifest, lane: Lane?) {
        val text = lane?.let { "${it.variant} ${it.threads} ${it.gpu}" }
        preferences.edit().putString("$what.${manifest.identity}", text).apply()
    }

    companion object {
        private const val TRYING = "trying"

        fun threads(): List<Int> = Timing.threads(Runtime.getRuntime().availableProcessors())

        fun mostThreads(): Int = threads().last()
    }
}

/** Variant and threads that are fastest, measured in about a second; null where nothing could be. */
suspend fun Studio.fastest(manifest: Manifest): Lane? {
    val measured = ArrayList<Measured>()

    /** Each measurement is a job of its own, so that the user's jobs come in between. */
    suspend fun measure(lane: Lane, budgetMs: Double) {
        try {
            measure(manifest, lane, COUNT, budgetMs)?.let(measured::add)
        } catch (_: Refused) { // it cannot be computed on this phone
        }
    }

    fun best(): Measured? = measured.minByOrNull { it.encoderMs + it.generatorMs }
    val candidates = Timing.candidates(manifest, choices.crashed(manifest))
    for (variant in candidates) {
        measure(Lane(variant.name, Choices.mostThreads()), BUDGET_MS / candidates.size)
    }
    val best = best() ?: return null
    for (threads in Choices.threads().filter { it != best.threads }) {
        measure(Lane(best.variant, threads), BUDGET_MS / 4)
    }
    return best()?.let { Lane(it.variant, it.threads) }
}

private const val BUDGET_MS = 1000.0
private const val COUNT = 20
