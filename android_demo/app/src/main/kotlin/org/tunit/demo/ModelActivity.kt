// What the model knows, in words, and whose it is; another one can be opened.
package org.tunit.demo

import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.ViewGroup.LayoutParams
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import org.tunit.core.Manifest

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
