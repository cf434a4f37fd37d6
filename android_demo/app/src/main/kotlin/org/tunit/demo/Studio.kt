// What the screens work on: one state, changed on the main thread only, for the whole process.
package org.tunit.demo

import android.content.Context
import android.net.Uri
import java.io.File
import java.util.Random
import java.util.concurrent.atomic.AtomicInteger
import org.tunit.core.Box
import org.tunit.core.Problem
import org.tunit.core.Refused

class Studio(val context: Context) {
    val worker = Worker()
    val engine = Engine(context)
    val choices = Choices(context)
    val models = ModelStore(context)
    private val session = Session(context)
    private val history = History(session.folder)
    private val listeners = LinkedHashSet<(State) -> Unit>()
    private val newest = AtomicInteger() // translation asked for
    private val random = Random()

    /** The measurement of the benchmark screen, which outlives the screen. */
    val benchmark by lazy { Benchmark(this) }

    @Volatile
    var state = State()
        private set(value) {
            field = value
            listeners.toList().forEach { it(value) }
        }

    fun listen(listener: (State) -> Unit) {
        listeners.add(listener)
        listener(state)
    }

    fun ignore(listener: (State) -> Unit) {
        listeners.remove(listener)
    }

    /** Loads the model, then what the last process left, else the first example in the first look. */
    fun start() = open { session.read()?.also(session::tidy) }

    private class Opened(
        val saved: SavedSession?,
        val model: LoadedModel,
        val picture: Picture?,
        val examples: List<String>,
        val looks: List<Look>,
        val earlier: List<Earlier>,
        val message: Message?,
    )

    private fun open(read: () -> SavedSession?) {
        state = state.copy(working = true, message = null)
        run({ opened(models.current(), read()) }) { opened ->
            val saved = opened.saved
            val ids = opened.looks.map { it.id }
            state = state.copy(
                model = opened.model,
                picture = opened.picture,
                examples = opened.examples,
                looks = opened.looks,
                first = saved?.first?.takeIf { it in ids } ?: ids.firstOrNull(),
                second = saved?.second?.takeIf { it in ids },
                mix = saved?.mix ?: state.mix,
                strength = saved?.strength ?: state.strength,
                earlier = if (saved != null) opened.earlier else state.earlier,
                message = opened.message,
            )
            translate(opened.message)
            Trials(this).startIfNeeded()
        }
    }

    /** A copied model that has been damaged gives way to the app's own. */
    private fun opened(place: ModelPlace, saved: SavedSession?): Opened = try {
        opened(place, saved, null)
    } catch (refused: Refused) {
        if (place !is FolderModel) throw refused
        opened(BundledModel(context.assets), saved, refused)
    }

    private fun opened(place: ModelPlace, saved: SavedSession?, problem: Refused?): Opened {
        engine.open(place)
        val manifest = engine.manifest
        val crashed = choices.crashedLastTime(manifest)?.let { Refused(Problem.VARIANT_CRASHED, it) }
        val lane = choices.lane(manifest) ?: choices.first(manifest)
        val used = if (lane.gpu) gpuOrCpu(lane) else lane.also { load(it) }
        val examples = Pictures.examples(context, Pictures.EXAMPLES)
        val picture = savedPicture(saved) ?: examples.firstOrNull()?.let(::examplePicture)
        val model = LoadedModel(manifest, used, !choices.isChosen(manifest), place is BundledModel)
        val earlier = history.read(saved?.earlier.orEmpty())
        val said = (problem ?: crashed)?.let(::message)
        return Opened(saved, model, picture, examples, firstLooks(picture, saved), earlier, said)
    }

    /** On the worker's thread. */
    fun examplePicture(name: String): Picture {
        val file = Pictures.example(context, name)
        return engine.picture(file, file.name, null)
    }

    private fun load(lane: Lane) = choices.guarded(engine.manifest, lane.variant) { engine.load(lane) }

    private fun gpuOrCpu(lane: Lane): Lane = try {
        lane.also { load(it) }
    } catch (_: Refused) {
        lane.copy(gpu = false).also { load(it) }
    }

    /** The picture of the last process, unless its copy is gone or broken. */
    private fun savedPicture(saved: SavedSession?): Picture? = saved?.picture?.let {
        try {
            engine.picture(File(it.file), it.name, it.box)
        } catch (_: Refused) {
            null
        }
    }

    private fun firstLooks(picture: Picture?, saved: SavedSession?): List<Look> {
        val examples = Pictures.examples(context, Pictures.EXAMPLE_LOOKS).map { name ->
            val file = Pictures.example(context, name)
            engine.look(name, LookKind.EXAMPLE, file.nameWithoutExtension, file)
        }
        val averages = engine.manifest.domains.filter { picture != null }.map {
            val name = context.getString(R.string.look_average, it.number + 1)
            engine.look("domain ${it.number}", LookKind.DOMAIN, name, it.averageStyle, picture!!)
        }
        val own = saved?.looks.orEmpty().mapNotNull { look ->
            try {
                val style = look.style?.takeIf { it.size == engine.manifest.styleDim && picture != null }
                when {
                    look.file != null -> engine.look(look.id, LookKind.OWN, look.name, File(look.file))
                    style != null -> engine.look(look.id, LookKind.CHANCE, look.name, style, picture!!)
                    else -> null
                }
            } catch (_: Refused) {
                null
            }
        }
        return own + examples + averages
    }

    /** A picture to redraw, of this phone or another app. */
    fun setPicture(uri: Uri) {
        setPicture {
            val copy = File(session.folder, "picture_${System.nanoTime()}")
            val name = Pictures.copy(context.contentResolver, uri, copy)
            kept(copy) { engine.picture(copy, name, null) }
        }
    }

    /** A picture of the app, one of the state's examples. */
    fun setExample(name: String) = setPicture { examplePicture(name) }

    private fun setPicture(read: () -> Picture) {
        state = state.copy(working = true, message = null)
        run(read) { picture ->
            state = state.copy(picture = picture)
            translate()
            redrawThumbnails(picture)
        }
    }

    /** Takes a copied picture away again where it cannot be read. */
    private fun <T> kept(copy: File, read: () -> T): T = try {
        read()
    } catch (refused: Refused) {
        copy.delete()
        throw refused
    }

    fun cut(box: Box) {
        val picture = state.picture?.cut(box) ?: return
        state = state.copy(picture = picture)
        translate()
        redrawThumbnails(picture)
    }

    private fun redrawThumbnails(picture: Picture) {
        for (look in state.looks.filter { it.file == null }) {
            run({
                if (state.picture !== picture) null
                else engine.look(look.id, look.kind, look.name, look.style, picture)
            }) { new ->
                if (new != null) state = state.copy(looks = state.looks.map { if (it === look) new else it })
            }
        }
    }

    /** Looks of pictures; the last of them is taken. */
    fun addLooks(uris: List<Uri>) {
        for (uri in uris) {
            addLook {
                val id = "own ${System.nanoTime()}"
                val copy = File(session.folder, id.replace(' ', '_'))
                val name = Pictures.copy(context.contentResolver, uri, copy)
                kept(copy) { engine.look(id, LookKind.OWN, name.substringBeforeLast('.'), copy) }
            }
        }
    }

    /** A look that nobody has drawn. */
    fun addRandomLook() {
        val picture = state.picture ?: return
        val name = context.getString(R.string.look_chance, state.looks.count { it.kind == LookKind.CHANCE } + 1)
        addLook {
            val style = engine.random(random) ?: throw Refused(Problem.NO_AVERAGES)
            engine.look("chance ${System.nanoTime()}", LookKind.CHANCE, name, style, picture)
        }
    }

    private fun addLook(read: () -> Look) {
        if (state.model == null) return report(Refused(Problem.NO_MODEL))
        state = state.copy(working = true, message = null)
        run(read) { look ->
            state = state.copy(looks = listOf(look) + state.looks, first = look.id, second = null)
            translate()
        }
    }

    /** Takes a look; while two are mixed, it takes the place of the second. */
    fun choose(id: String) {
        state = when {
            state.second == null -> state.copy(first = id)
            id == state.first -> state
            else -> state.copy(second = id)
        }
        translate()
    }

    fun setMixing(on: Boolean) {
        if (on == (state.second != null)) return
        val other = state.looks.firstOrNull { it.id != state.first }?.id
        state = state.copy(second = if (on) other else null)
        translate()
    }

    fun setMix(share: Float) {
        state = state.copy(mix = share)
        translate()
    }

    fun setStrength(strength: Float) {
        state = state.copy(strength = strength)
        translate()
    }

    /** Redraws, and leaves a sentence standing; what was asked for before is dropped. */
    fun translate(said: Message? = null) {
        val wanted = state
        val picture = wanted.picture
        val first = wanted.look(wanted.first)
        if (picture == null || first == null) {
            state = state.copy(working = false)
            return
        }
        val ticket = newest.incrementAndGet()
        val second = wanted.look(wanted.second)
        state = state.copy(working = true, message = said)
        run({
            if (ticket != newest.get()) null
            else engine.translate(picture, first, second, wanted.mix, wanted.strength)
        }) { translation ->
            if (translation != null) {
                state = state.copy(translation = translation, working = ticket != newest.get())
                remember("${picture.file} ${picture.box} ${first.id} ${second?.id}", translation)
            }
        }
    }

    private fun remember(key: String, translation: Translation) {
        val known = state.earlier
        run({ history.add(key, translation, known) }) { earlier ->
            state = state.copy(earlier = earlier)
            save()
        }
    }

    private fun save() {
        val saved = state
        run({ session.write(saved) }) {}
    }

    /** Shows an earlier result again. */
    fun show(earlier: Earlier) {
        run({ history.open(earlier) }) { show(it) }
    }

    fun show(translation: Translation) {
        newest.incrementAndGet()
        state = state.copy(translation = translation, working = false)
    }

    /** Takes another model; what is wrong with it is a sentence, and the one in use stays. */
    fun openModel(tree: Uri) {
        state = state.copy(working = true, message = null)
        run({ models.open(tree) }) { open { session.read() } }
    }

    fun useBundledModel() {
        run({ models.useBundled() }) { open { session.read() } }
    }

    /** How the model is computed; null leaves it to the measurement. */
    fun setLane(lane: Lane?) {
        val model = state.model ?: return
        choices.choose(model.manifest, lane)
        if (lane == null) {
            choices.setFastest(model.manifest, null)
            Trials(this).startIfNeeded()
            state = state.copy(model = LoadedModel(model.manifest, model.lane, true, model.bundled))
        } else {
            use(lane, automatic = false)
        }
    }

    /** Loads a variant; where that fails, the one in use stays, without the GPU. */
    fun use(lane: Lane, automatic: Boolean, said: Message? = null) {
        val model = state.model ?: return
        state = state.copy(working = true, message = said)
        worker.run({ load(lane) }, { refused ->
            choices.choose(model.manifest, null)
            run({ load(model.lane.copy(gpu = false)) }) {
                state = state.copy(message = message(refused), working = false)
            }
        }) {
            state = state.copy(model = LoadedModel(model.manifest, lane, automatic, model.bundled))
            translate(said)
        }
    }

    /** A job whose failure is shown as a sentence. */
    fun <T> run(job: () -> T, done: (T) -> Unit) = worker.run(job, ::report, done)

    fun report(refused: Refused) {
        state = state.copy(working = false, message = message(refused))
    }

    fun say(text: String) {
        state = state.copy(message = Message(text, false))
    }

    fun message(refused: Refused) = Message(Sentences.of(context, refused), true)
}
