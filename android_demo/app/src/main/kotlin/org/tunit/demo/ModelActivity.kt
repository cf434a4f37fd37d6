// Which model it is, what it was trained on, how it is computed; another one can be opened.
package org.tunit.demo

import android.content.Intent
import android.os.Bundle
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams
import android.widget.Button
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.Switch
import android.widget.TextView
import org.tunit.core.Manifest
import org.tunit.core.Variant
import org.tunit.core.shortNumber

class ModelActivity : Screen() {
    private val requests by lazy { Requests(this) }
    private val content by lazy { findViewById<LinearLayout>(R.id.content) }
    private var shown: LoadedModel? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.model)
    }

    override fun show(state: State) {
        showMessage(state.message)
        if (content.childCount > 0 && shown === state.model) return
        shown = state.model
        content.removeAllViews()
        state.model?.let { facts(it.manifest) }
        state.model?.let(::lanes)
        text(R.style.Title, getString(R.string.model_other), top = 20)
        text(R.style.Small, getString(R.string.model_open_hint))
        button(R.string.model_open) { requests.openTree() }
        if (state.model?.bundled == false && studio.models.bundled.isThere) {
            button(R.string.model_bundled) { studio.useBundledModel() }
        }
    }

    private fun facts(manifest: Manifest) {
        val untitled = getString(R.string.model_untitled, manifest.imageSize)
        text(R.style.Title, manifest.title.ifEmpty { untitled })
        if (manifest.description.isNotEmpty()) text(R.style.Body, manifest.description)
        fact(R.string.model_data, manifest.data)
        val noLicense = getString(R.string.model_license_none)
        fact(R.string.model_license, manifest.license.ifEmpty { noLicense })
        fact(R.string.model_origin, manifest.origin)
        fact(R.string.model_step, manifest.step.toString())
        val numbers = getString(
            R.string.model_numbers_value, manifest.imageSize, manifest.domains.size, manifest.styleDim,
        )
        fact(R.string.model_numbers, numbers)
        fact(R.string.model_check, manifest.identity)
    }

    private fun fact(name: Int, value: String) {
        if (value.isEmpty()) return
        text(R.style.Small, getString(name), top = 8)
        text(R.style.Body, value)
    }

    private fun lanes(model: LoadedModel) {
        text(R.style.Title, getString(R.string.variant), top = 20)
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
        content.addView(group)
        text(R.style.Title, getString(R.string.threads), top = 12)
        val threads = RadioGroup(this)
        threads.orientation = LinearLayout.HORIZONTAL
        for (count in Choices.threads()) {
            option(threads, count.toString(), model.lane.threads == count) {
                studio.setLane(model.lane.copy(threads = count))
            }
        }
        content.addView(threads)
        gpu(model)
    }

    private fun gpu(model: LoadedModel) {
        if (!Gpu.available) {
            text(R.style.Small, getString(R.string.gpu_none), top = 12)
            return
        }
        val switch = Switch(this)
        switch.text = getString(R.string.gpu)
        switch.isChecked = model.lane.gpu
        switch.setOnClickListener { studio.setLane(model.lane.copy(gpu = switch.isChecked)) }
        content.addView(switch)
    }

    private fun detail(manifest: Manifest, variant: Variant): String {
        val size = String.format("%.1f", manifest.bytes(variant) / 1e6)
        if (variant.psnr.isNaN()) return getString(R.string.variant_size, size)
        return getString(R.string.variant_detail, size, shortNumber(variant.psnr))
    }

    private fun option(group: RadioGroup, text: String, chosen: Boolean, choose: () -> Unit) {
        val button = RadioButton(this)
        button.text = text
        button.minHeight = dp(48)
        button.setPaddingRelative(dp(8), 0, dp(16), 0)
        group.addView(button)
        button.isChecked = chosen
        button.setOnClickListener { choose() }
    }

    private fun text(style: Int, text: String, top: Int = 0) {
        val view = TextView(this, null, 0, style)
        view.text = text
        view.setPadding(0, dp(top), 0, 0)
        content.addView(view)
    }

    private fun button(text: Int, action: () -> Unit) {
        val button = Button(this, null, 0, R.style.Button)
        button.setText(text)
        button.setOnClickListener { action() }
        val place = ViewGroup.MarginLayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.WRAP_CONTENT)
        place.topMargin = dp(8)
        content.addView(button, LinearLayout.LayoutParams(place))
    }

    private fun dp(size: Int): Int = (size * resources.displayMetrics.density).toInt()

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (requestCode == Requests.TREE && resultCode == RESULT_OK) data?.data?.let(studio::openModel)
    }
}
