// The screen: a large picture, looks under it, two buttons.
package org.tunit.demo

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.ImageButton
import android.widget.PopupMenu
import android.widget.SeekBar
import android.widget.Switch
import android.widget.TextView
import kotlin.math.sqrt
import org.tunit.core.FileNames
import org.tunit.core.shortNumber

class MainActivity : Screen() {
    private val compare by lazy { findViewById<CompareView>(R.id.compare) }
    private val strength by lazy { findViewById<SeekBar>(R.id.strength) }
    private val mix by lazy { findViewById<SeekBar>(R.id.mix) }
    private val mixing by lazy { findViewById<Switch>(R.id.mixing) }
    private val looks by lazy { LooksStrip(findViewById(R.id.looks_scroll), studio) }
    private val requests by lazy { Requests(this) }
    private var factor = 1
    private var saveTo: Uri? = null // once there is a result
    private var announced: Translation? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        layout(R.layout.main)
        factor = savedInstanceState?.getInt(FACTOR) ?: 1
        saveTo = savedInstanceState?.getString(SAVE_TO)?.let(Uri::parse)
        requests.restore(savedInstanceState)
        compare.onSwitch = { describe(studio.state, announce = true) }
        strength.onMove { studio.setStrength(it / 100f) }
        mix.onMove { studio.setMix(it / 100f) }
        mixing.setOnClickListener { studio.setMixing(mixing.isChecked) }
        findViewById<View>(R.id.pick_picture).setOnClickListener { choosePicture(it) }
        findViewById<View>(R.id.pick_look).setOnClickListener { chooseLook(it) }
        findViewById<View>(R.id.earlier).setOnClickListener { open(EarlierActivity::class.java) }
        findViewById<View>(R.id.save).setOnClickListener { chooseSize(it) }
        findViewById<View>(R.id.share).setOnClickListener { share() }
        findViewById<View>(R.id.more).setOnClickListener { showMore(it) }
        if (savedInstanceState == null) receive(intent)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        receive(intent)
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putInt(FACTOR, factor)
        outState.putString(SAVE_TO, saveTo?.toString())
        requests.save(outState)
    }

    /** A picture that another app shares. */
    private fun receive(intent: Intent?) {
        if (intent?.action != Intent.ACTION_SEND) return
        @Suppress("DEPRECATION") // the typed form is of API 33
        val uri = intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM)
            ?: intent.clipData?.getItemAt(0)?.uri
        if (uri != null) studio.setPicture(uri)
    }

    override fun show(state: State) {
        val translation = state.translation
        compare.show(translation?.original ?: state.picture?.preview, translation?.redrawn)
        looks.show(state)
        showMessage(state.message)
        findViewById<TextView>(R.id.times).text = times(state)
        showSliders(state)
        for (id in listOf(R.id.save, R.id.share)) {
            findViewById<ImageButton>(id).apply {
                isEnabled = translation != null
                alpha = if (translation != null) 1f else DISABLED
            }
        }
        describe(state, announce = false)
        if (!state.working) save()
        if (translation != null && translation !== announced && !state.working) {
            if (announced != null) announce(getString(R.string.announce_done, translation.lookName))
            announced = translation
        }
    }

    private fun showSliders(state: State) {
        val none = state.model == null && !state.working // the app was built without a model
        for (id in listOf(R.id.looks_label, R.id.strength_label, R.id.strength, R.id.mixing)) {
            findViewById<View>(id).visibility = if (none) View.GONE else View.VISIBLE
        }
        val percent = Math.round(state.strength * 100)
        val label = getString(R.string.strength, percent)
        findViewById<TextView>(R.id.strength_label).text = label
        if (!strength.isPressed) strength.progress = percent
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

    private fun times(state: State): String {
        val shown = state.translation
        return when {
            state.model == null -> if (state.working) getString(R.string.loading) else ""
            shown == null -> if (state.working) getString(R.string.working) else ""
            shown.lane.threads == 0 -> getString(R.string.hold_hint)
            else -> measured(shown, state.model)
        }
    }

    private fun measured(shown: Translation, model: LoadedModel): String {
        val size = model.manifest.imageSize
        val encoder = shortNumber(shown.encoderMs)
        val generator = shortNumber(shown.generatorMs)
        val variant = shown.lane.variant
        val hint = getString(R.string.hold_hint)
        val numbers = if (shown.encoderMs == 0.0) getString(R.string.times, generator, size, variant)
        else getString(R.string.times_both, encoder, generator, size, variant)
        return "$hint\n$numbers"
    }

    private fun describe(state: State, announce: Boolean) {
        val shown = state.translation
        if (shown == null) {
            compare.contentDescription =
                state.picture?.let { getString(R.string.original_description, it.name) }
            return
        }
        compare.contentDescription =
            if (compare.showsOriginal) getString(R.string.original_description, shown.name)
            else getString(R.string.result_description, shown.name, shown.lookName)
        if (announce && compare.showsOriginal) announce(getString(R.string.announce_original))
    }

    private fun announce(text: String) {
        @Suppress("DEPRECATION") // a live region would be read at every move of a slider
        compare.announceForAccessibility(text)
    }

    private fun choosePicture(anchor: View) = menu(anchor) {
        item(R.string.pick_photo) { requests.pick(Requests.PICTURE, several = false) }
        item(R.string.take_photo) { requests.takePhoto(Requests.CAMERA_PICTURE) }
        studio.state.examples.forEachIndexed { i, example ->
            item("${getString(R.string.example)} ${i + 1}") { studio.setPicture(example.source) }
        }
    }

    private fun chooseLook(anchor: View) = menu(anchor) {
        item(R.string.pick_photos) { requests.pick(Requests.LOOKS, several = true) }
        item(R.string.take_photo) { requests.takePhoto(Requests.CAMERA_LOOK) }
        item(R.string.look_random_hint) { studio.addRandomLook() }
    }

    private fun chooseSize(anchor: View) = menu(anchor) {
        val shown = studio.state.translation ?: return@menu
        val size = sqrt(shown.square.size / 3.0).toInt()
        for (factor in 1..LARGEST_FACTOR) {
            item(getString(R.string.save_size, factor * size)) {
                this@MainActivity.factor = factor
                requests.create(FileNames.result(shown.name, shown.lookName, factor))
            }
        }
    }

    private fun showMore(anchor: View) = menu(anchor) {
        item(R.string.crop) { if (studio.state.picture != null) open(CropActivity::class.java) }
        item(R.string.grid) { open(GridActivity::class.java) }
        item(R.string.model) { open(ModelActivity::class.java) }
    }

    private fun share() {
        val shown = studio.state.translation ?: return
        Results(studio).share(shown) { if (!isDestroyed) requests.start(it) }
    }

    private fun open(screen: Class<out Screen>) = startActivity(Intent(this, screen))

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (resultCode != RESULT_OK) return
        when (requestCode) {
            Requests.PICTURE -> requests.uris(data).firstOrNull()?.let(studio::setPicture)
            Requests.LOOKS -> studio.addLooks(requests.uris(data))
            Requests.CAMERA_PICTURE -> requests.photo?.let(studio::setPicture)
            Requests.CAMERA_LOOK -> requests.photo?.let { studio.addLooks(listOf(it)) }
            Requests.SAVE -> {
                saveTo = data?.data
                save()
            }
        }
    }

    /** After the end of the process, the result comes back later than the place to save it. */
    private fun save() {
        val to = saveTo ?: return
        val shown = studio.state.translation ?: return
        saveTo = null
        Results(studio).save(shown, factor, to)
    }

    private companion object {
        const val FACTOR = "factor"
        const val SAVE_TO = "save_to"
        const val LARGEST_FACTOR = 4
        const val DISABLED = 0.4f
    }
}

/** A menu at a button. */
class MenuItems(private val menu: PopupMenu) {
    private val actions = ArrayList<() -> Unit>()

    fun item(text: Int, action: () -> Unit) {
        menu.menu.add(0, actions.size, actions.size, text)
        actions.add(action)
    }

    fun item(text: String, action: () -> Unit) {
        menu.menu.add(0, actions.size, actions.size, text)
        actions.add(action)
    }

    fun chosen(id: Int) = actions[id]()
}

fun menu(anchor: View, fill: MenuItems.() -> Unit) {
    val popup = PopupMenu(anchor.context, anchor)
    val items = MenuItems(popup).apply(fill)
    popup.setOnMenuItemClickListener {
        items.chosen(it.itemId)
        true
    }
    popup.show()
}
