// What is known of the model: in words for everybody, in numbers for developers.
package org.tunit.demo

import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.ViewGroup.LayoutParams
import android.widget.Button
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.Switch
import android.widget.TextView
import org.tunit.Gpu
import org.tunit.core.Manifest
import org.tunit.core.Variant
import org.tunit.core.shortNumber

/** For everybody: what the model knows and whose it is; another one can be opened. */
class ModelActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val content by lazy { Facts(findViewById(R.id.content)) }
    private var shown: LoadedModel? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.facts)
    }

    override fun show(state: State) {
        showMessage(state.message)
        if (!content.isEmpty && shown === state.model) return
        shown = state.model
        content.clear()
        state.model?.let { facts(it.manifest) }
        content.text(R.style.Title, getString(R.string.model_other), top = 20)
        content.text(R.style.Small, getString(R.string.model_open_hint))
        content.button(R.string.model_open) { requests.openTree() }
        if (state.model?.bundled == false && studio.models.bundled.isThere) {
            content.button(R.string.model_bundled) { studio.useBundledModel() }
        }
    }

    private fun facts(manifest: Manifest) {
        val untitled = getString(R.string.model_untitled, manifest.imageSize)
        content.text(R.style.Title, manifest.title.ifEmpty { untitled })
        if (manifest.description.isNotEmpty()) content.text(R.style.Body, manifest.description)
        val noLicense = getString(R.string.model_license_none)
        content.fact(R.string.model_license, manifest.license.ifEmpty { noLicense })
        content.fact(R.string.model_origin, manifest.origin)
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (requestCode == Requests.TREE && resultCode == RESULT_OK) data?.data?.let(studio::openModel)
    }
}

/** A column of headings, names with values, and buttons. */
class Facts(private val column: LinearLayout) {
    private val context = column.context
    val isEmpty get() = column.childCount == 0

    fun clear() = column.removeAllViews()

    fun view(view: View) = column.addView(view)

    fun text(style: Int, text: String, top: Int = 0) {
        val view = TextView(context, null, 0, style)
        view.text = text
        view.setPadding(0, dp(top), 0, 0)
        column.addView(view)
    }

    /** Nothing where the value is empty. */
    fun fact(name: Int, value: String) {
        if (value.isEmpty()) return
        text(R.style.Small, context.getString(name), top = 8)
        text(R.style.Body, value)
    }

    fun button(text: Int, action: () -> Unit) {
        val button = Button(context, null, 0, R.style.Button)
        button.setText(text)
        button.setOnClickListener { action() }
        val place = LinearLayout.LayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.WRAP_CONTENT)
        place.topMargin = dp(8)
        column.addView(button, place)
    }

    private fun dp(size: Int): Int = (size * context.resources.displayMetrics.density).toInt()
}

/** For developers: how the model is computed, how long it takes, how close its variants are. */
class DeveloperActivity : Screen() {
    private val content by lazy { Facts(findViewById(R.id.content)) }
    private var shown: kotlin.Pair<LoadedModel?, Translation?>? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.facts)
    }

    override fun show(state: State) {
        showMessage(state.message)
        val new = state.model to state.translation
        if (new == shown) return
        shown = new
        content.clear()
        val none = getString(R.string.developers_none)
        val model = state.model ?: return content.text(R.style.Body, none)
        state.translation?.let(::times)
        lanes(model)
        val manifest = model.manifest
        content.text(R.style.Title, getString(R.string.model), top = 20)
        content.fact(R.string.model_data, manifest.data)
        content.fact(R.string.model_step, manifest.step.toString())
        val numbers = getString(
            R.string.model_numbers_value, manifest.imageSize, manifest.domains.size, manifest.styleDim,
        )
        content.fact(R.string.model_numbers, numbers)
        content.fact(R.string.model_check, manifest.identity)
    }

    private fun times(translation: Translation) {
        content.text(R.style.Title, getString(R.string.times))
        val (encoder, generator) = translation.encoderMs to translation.generatorMs
        if (encoder != 0.0) content.fact(R.string.times_encoder, shortNumber(encoder))
        content.fact(R.string.times_generator, shortNumber(generator))
        content.fact(R.string.variant, translation.lane.variant)
    }

    private fun lanes(model: LoadedModel) {
        content.text(R.style.Title, getString(R.string.variant), top = 20)
        val group = RadioGroup(this)
        val automatic =
            if (model.automatic) getString(R.string.variant_automatic_now, model.lane.variant)
            else getString(R.string.variant_automatic)
        option(group, automatic, model.automatic) { studio.setLane(null) }
        for (variant in model.manifest.variants) {
            val chosen = !model.automatic && model.lane.variant == variant.name
            option(group, "${variant.name}\n${detail(model.manifest, variant)}", chosen) {
                studio.setLane(model.lane.copy(variant = variant.name))
            }
        }
        content.view(group)
        content.text(R.style.Title, getString(R.string.threads), top = 12)
        val threads = RadioGroup(this)
        threads.orientation = LinearLayout.HORIZONTAL
        for (count in Choices.threads()) {
            option(threads, count.toString(), model.lane.threads == count) {
                studio.setLane(model.lane.copy(threads = count))
            }
        }
        content.view(threads)
        gpu(model)
    }

    private fun gpu(model: LoadedModel) {
        if (!Gpu.available) return content.text(R.style.Small, getString(R.string.gpu_none), top = 12)
        val switch = Switch(this)
        switch.text = getString(R.string.gpu)
        switch.isChecked = model.lane.gpu
        switch.setOnClickListener { studio.setLane(model.lane.copy(gpu = switch.isChecked)) }
        content.view(switch)
    }

    private fun detail(manifest: Manifest, variant: Variant): String {
        val size = String.format("%.1f", manifest.bytes(variant) / 1e6)
        if (variant.psnr.isNaN()) return getString(R.string.variant_size, size)
        return getString(R.string.variant_detail, size, shortNumber(variant.psnr))
    }

    private fun option(group: RadioGroup, text: String, chosen: Boolean, choose: () -> Unit) {
        val button = RadioButton(this)
        button.text = text
        val density = resources.displayMetrics.density
        button.minHeight = (48 * density).toInt()
        button.setPaddingRelative((8 * density).toInt(), 0, (16 * density).toInt(), 0)
        button.id = View.generateViewId()
        group.addView(button)
        button.isChecked = chosen
        button.setOnClickListener { choose() }
    }
}
