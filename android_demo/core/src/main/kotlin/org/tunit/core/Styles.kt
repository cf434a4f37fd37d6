// Arithmetic of looks: style codes mixed, weakened, exaggerated, drawn at random.
package org.tunit.core

import java.util.Random
import kotlin.math.max
import kotlin.math.sqrt

class Styles(private val onUnitSphere: Boolean) {
    /** `(1 - share) * from + share * to`; a share above 1 exaggerates. */
    fun mix(from: FloatArray, to: FloatArray, share: Float): FloatArray =
        asStyle(FloatArray(from.size) { (1 - share) * from[it] + share * to[it] })

    /** On the unit sphere where the model's styles are. */
    fun asStyle(style: FloatArray): FloatArray {
        if (!onUnitSphere) return style
        val norm = max(sqrt(style.sumOf { (it * it).toDouble() }), 1e-12).toFloat()
        return FloatArray(style.size) { style[it] / norm }
    }

    /**
     * A random look: a domain, taken as often as it has images, and a draw from the Gaussian of its
     * styles. Where the manifest has no deviation, it is half of the deviation of the averages.
     *
     * @return null where there are no averages.
     */
    fun random(domains: List<Domain>, random: Random): FloatArray? {
        if (domains.isEmpty()) return null
        var left = random.nextInt(max(1, domains.sumOf { it.images }))
        val start = domains.firstOrNull {
            left -= it.images
            left < 0
        } ?: domains.last()
        return asStyle(
            FloatArray(start.averageStyle.size) { i ->
                val deviation = start.deviation?.get(i) ?: (SPREAD * spread(domains, i))
                start.averageStyle[i] + deviation * random.nextGaussian().toFloat()
            },
        )
    }

    private fun spread(domains: List<Domain>, i: Int): Float {
        val values = domains.map { it.averageStyle[i].toDouble() }
        val mean = values.average()
        return sqrt(values.sumOf { (it - mean) * (it - mean) } / values.size).toFloat()
    }

    private companion object {
        const val SPREAD = 0.5f
    }
}
