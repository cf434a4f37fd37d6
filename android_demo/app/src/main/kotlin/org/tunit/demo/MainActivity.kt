// The first screen: what the app does and a picture to try; then the result and looks under it.
package org.tunit.demo

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.view.ViewGroup.LayoutParams
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.SeekBar
import android.widget.Switch
import android.widget.TextView

class MainActivity : Screen() {
    private val compare by lazy { findViewById<CompareView>(R.id.compare) }
    private val strength by lazy { findViewById<SeekBar>(R.id.strength) }
    private val detail by lazy { findViewById<SeekBar>(R.id.detail) }
    private val mix by lazy { findViewById<SeekBar>(R.id.mix) }
    private val mixing by lazy { findViewById<Switch>(R.id.mixing) }
    private val colorsOnly by lazy { findViewById<Switch>(R.id.colors_only) }
    private val looks by lazy { LooksStrip(findViewById(R.id.looks_scroll), studio) }
    private val requests by lazy { Requests(this) }
    private var saveTo: Uri? = null // the result is saved there once there is one
    private var announced: Translation? = null
    private var offered: List<ExampleFile> = emptyList()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.main)
        stackLargeText()
        saveTo = savedInstanceState?.getString(SAVE_TO)?.let(Uri::parse)
        requests.restore(savedInstanceState)
        compare.onMove = { describe(studio.state) }
        strength.onMove { studio.setStrength(it / 100f) }
        detail.onMove { studio.setDetail(it / 100f) }
        mix.onMove { studio.setMix(it / 100f) }
        mixing.setOnClickListener { studio.setMixing(mixing.isChecked) }
        colorsOnly.setOnClickListener { studio.setColorsOnly(colorsOnly.isChecked) }
        on(R.id.your_photo) { requests.pick(Requests.PICTURE, several = true) }
        on(R.id.try_example) { studio.setPicture(studio.state.examples[0].source) }
        on(R.id.open_model) { open(ModelActivity::class.java) }
        on(R.id.pick_picture) { PictureChooser(this, requests).show() }
        on(R.id.pick_look) { chooseLook(it) }
        on(R.id.live) { open(LiveActivity::class.java) }
        on(R.id.earlier) { open(EarlierActivity::class.java) }
        on(R.id.save) { save() }
        on(R.id.share) { share() }
        on(R.id.crop) { open(CropActivity::class.java) }
        on(R.id.more) { showMore(it) }
        if (savedInstanceState == null) receive(intent)
    }

    /** Three large words do not fit beside each other. */
    private fun stackLargeText() {
        if (resources.configuration.fontScale < LARGE_TEXT) return
        val actions = findViewById<LinearLayout>(R.id.actions)
        actions.orientation = LinearLayout.VERTICAL
        for (i in 0 until actions.childCount) {
            val button = actions.getChildAt(i) as TextView
            val icon = button.compoundDrawables[1]
            button.setCompoundDrawablesRelative(icon, null, null, null)
            val place = LinearLayout.LayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.WRAP_CONTENT)
            place.setMargins(GAP, GAP, GAP, GAP)
            button.layoutParams = place
        }
    }

    private fun on(id: Int, action: (View) -> Unit) = findViewById<View>(id).setOnClickListener(action)

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        receive(intent)
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(SAVE_TO, saveTo?.toString())
        requests.save(outState)
    }

    /** Pictures that another app shares. */
    @Suppress("DEPRECATION") // the typed forms are of API 33
    private fun receive(intent: Intent?) {
        if (intent == null) return
        val shared: List<Uri> = when (intent.action) {
            Intent.ACTION_SEND -> listOfNotNull(intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM))
            Intent.ACTION_SEND_MULTIPLE ->
                intent.getParcelableArrayListExtra<Uri>(Intent.EXTRA_STREAM).orEmpty().filterNotNull()
            else -> return
        }
        val uris = shared.ifEmpty { requests.uris(Intent().apply { clipData = intent.clipData }) }
        if (uris.isNotEmpty()) studio.setPictures(uris)
    }

    override fun show(state: State) {
        showWelcome(state)
        val translation = state.translation.takeIf { state.picture != null }
        val own = translation?.takeIf { it.source.file == state.picture?.file }
        compare.show(own?.original ?: state.picture?.preview, own?.redrawn)
        looks.show(state)
        showMessage(state.message)
        findViewById<TextView>(R.id.hint).text = hint(state)
        showSliders(state)
        for (id in listOf(R.id.save, R.id.share)) setEnabled(id, own != null)
        setEnabled(R.id.crop, state.picture != null)
        describe(state)
        if (!state.working) saveLate()
        if (translation != null && translation !== announced && !state.working) {
            if (announced != null) announce(getString(R.string.announce_done, translation.lookName))
            announced = translation
        }
    }

    private fun setEnabled(id: Int, on: Boolean) = findViewById<View>(id).run {
        isEnabled = on
        alpha = if (on) 1f else DISABLED
    }

    /** Until there is a picture: what the app does, what its model knows, pictures to try. */
    private fun showWelcome(state: State) {
        val isNew = state.picture == null
        findViewById<View>(R.id.welcome).visibility = if (isNew) View.VISIBLE else View.GONE
        findViewById<View>(R.id.editor).visibility = if (isNew) View.GONE else View.VISIBLE
        for (id in listOf(R.id.pick_picture, R.id.pick_look)) {
            findViewById<View>(id).visibility = if (isNew) View.GONE else View.VISIBLE
        }
        val manifest = state.model?.manifest
        findViewById<TextView>(R.id.knows_title).setTextOrGone(manifest?.title.orEmpty())
        val knows = when {
            manifest != null -> manifest.description
            state.working -> getString(R.string.loading)
            else -> ""
        }
        findViewById<TextView>(R.id.knows).setTextOrGone(knows)
        findViewById<View>(R.id.live).visibility = if (manifest != null) View.VISIBLE else View.GONE
        findViewById<View>(R.id.open_model).visibility =
            if (manifest == null && !state.working) View.VISIBLE else View.GONE
        findViewById<View>(R.id.try_example).visibility =
            if (state.examples.isEmpty()) View.GONE else View.VISIBLE
        if (offered !== state.examples) offer(state.examples)
    }

    private fun TextView.setTextOrGone(words: String) {
        text = words
        visibility = if (words.isEmpty()) View.GONE else View.VISIBLE
    }

    /** Examples as pictures that can be tapped. */
    private fun offer(examples: List<ExampleFile>) {
        offered = examples
        val row = findViewById<LinearLayout>(R.id.offered)
        row.removeAllViews()
        for (example in examples.take(MOST_OFFERED)) {
            val view = ImageView(this)
            view.contentDescription = example.name
            view.setBackgroundResource(R.drawable.card)
            view.clipToOutline = true
            view.setOnClickListener { studio.setPicture(example.source) }
            val side = (OFFERED_DP * resources.displayMetrics.density).toInt()
            val place = LinearLayout.LayoutParams(0, side, 1f)
            view.scaleType = ImageView.ScaleType.CENTER_CROP
            place.setMargins(GAP, GAP, GAP, GAP)
            row.addView(view, place)
            studio.work {
                view.setImageBitmap(studio.compute { studio.engine.thumbnail(example.source) })
            }
        }
    }

    private fun showSliders(state: State) {
        val none = if (state.model == null && !state.working) View.GONE else View.VISIBLE
        val sliders = listOf(
            R.id.looks_label, R.id.strength_label, R.id.strength, R.id.detail_label, R.id.detail,
            R.id.colors_only, R.id.mixing,
        )
        for (id in sliders) findViewById<View>(id).visibility = none
        showPercent(strength, R.id.strength_label, R.string.strength, state.strength)
        showPercent(detail, R.id.detail_label, R.string.detail, state.detail)
        colorsOnly.isChecked = state.colorsOnly
        detail.isEnabled = !state.colorsOnly
        val first = state.look(state.first)
        val second = state.look(state.second)
        mixing.isEnabled = state.looks.size > 1
        mixing.isChecked = second != null
        mix.visibility = if (second != null) View.VISIBLE else View.GONE
        val share = Math.round(state.mix * 100)
        if (!mix.isPressed) mix.progress = share
        mixing.text = if (first == null || second == null) getString(R.string.mix_two)
        else getString(R.string.mixed, first.name, 100 - share, second.name, share)
        mix.contentDescription = mixing.text
    }

    private fun showPercent(slider: SeekBar, label: Int, text: Int, value: Float) {
        val percent = Math.round(value * 100)
        findViewById<TextView>(label).text = getString(text, percent)
        if (!slider.isPressed) slider.progress = percent
    }

    private fun hint(state: State): String = when {
        state.model == null -> if (state.working) getString(R.string.loading) else ""
        state.translation == null -> if (state.working) getString(R.string.working) else ""
        else -> getString(R.string.compare_hint)
    }

    private fun describe(state: State) {
        val shown = state.translation
        val picture = state.picture ?: return
        compare.contentDescription =
            if (shown == null || compare.showsOriginal) {
                getString(R.string.original_description, picture.name)
            } else {
                getString(R.string.result_description, shown.name, shown.lookName)
            }
    }

    private fun announce(text: String) {
        @Suppress("DEPRECATION") // a live region would be read at every move of a slider
        compare.announceForAccessibility(text)
    }

    private fun chooseLook(anchor: View) {
        menu(anchor) {
            item(R.string.pick_photos) { requests.pick(Requests.LOOKS, several = true) }
            item(R.string.take_photo) { requests.takePhoto(Requests.CAMERA_LOOK) }
            item(R.string.look_random) { studio.addRandomLook() }
            val chosen = studio.state.look(studio.state.first)?.takeIf { it.isOwn } ?: return@menu
            item(getString(R.string.look_remove, chosen.name)) { studio.removeLook(chosen.id) }
        }
    }

    private fun showMore(anchor: View) {
        menu(anchor) {
            item(R.string.grid) { open(GridActivity::class.java) }
            item(R.string.model) { open(ModelActivity::class.java) }
            item(R.string.developers) { open(DeveloperActivity::class.java) }
        }
    }

    /** One tap; Android 9 asks where. */
    private fun save() {
        val shown = studio.state.translation ?: return
        Results(studio).save(shown) { requests.create(it) }
    }

    private fun share() {
        val shown = studio.state.translation ?: return
        Results(studio).share(shown) { if (!isDestroyed) requests.start(it) }
    }

    private fun open(screen: Class<out Screen>) = startActivity(Intent(this, screen))

    override fun onRequestPermissionsResult(code: Int, permissions: Array<String>, results: IntArray) =
        requests.permitted(code, results)

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (resultCode != RESULT_OK) return
        when (requestCode) {
            Requests.PICTURE -> requests.uris(data).let { if (it.isNotEmpty()) studio.setPictures(it) }
            Requests.LOOKS -> studio.addLooks(requests.uris(data))
            Requests.CAMERA_PICTURE -> requests.photo?.let(studio::setPicture)
            Requests.CAMERA_LOOK -> requests.photo?.let { studio.addLooks(listOf(it)) }
            Requests.SAVE -> {
                saveTo = data?.data
                saveLate()
            }
        }
    }

    /** If the process ended behind the dialog, the result is redrawn after the dialog's answer. */
    private fun saveLate() {
        val to = saveTo ?: return
        val state = studio.state
        val shown = state.translation
        val mayCome = state.working || state.picture != null && studio.blend() != null
        if (shown == null && mayCome) return
        saveTo = null
        if (shown == null) Results(studio).discard(to) else Results(studio).save(shown, to)
    }

    private companion object {
        const val SAVE_TO = "save_to"
        const val DISABLED = 0.4f
        const val LARGE_TEXT = 1.4f
        const val MOST_OFFERED = 4
        const val OFFERED_DP = 84
        const val GAP = 8
    }
}
