// What the screens work on: one state for the whole process, and everything that can be done with it.
// The state changes on the main thread only; pictures and the model are read on a thread of their own.
package org.tunit.demo

import android.content.Context
import android.net.Uri
import android.os.Handler
import android.os.Looper
import java.io.File
import java.io.IOException
import java.util.Random
import java.util.concurrent.Executors
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.android.asCoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.tunit.core.Box
import org.tunit.core.Manifest
import org.tunit.core.Measured
import org.tunit.core.Problem
import org.tunit.core.Refused

class Studio(val context: Context, bundled: BundledModel) {
    val engine = Engine(context)
    val choices = Choices(context)
    val models = ModelStore(context, bundled)
    val store = Store(context)

    /** The table of pictures and looks, which outlives its screen while that is turned. */
    val grid = TranslationGrid(this)

    /** Runs coroutines on the main thread. */
    val main = Handler(Looper.getMainLooper()).asCoroutineDispatcher().immediate

    // One thread, so that jobs run in the order they were asked for, and since the GPU delegate must be
    // used by the thread that made it.
    private val worker =
        Executors.newSingleThreadExecutor { Thread(it, "studio") }.asCoroutineDispatcher()
    private val scope = CoroutineScope(SupervisorJob() + main)

    // Held until the state has the model that is being opened; other jobs wait for it. A job that ends
    // at once would go on before the opening does, and what it adds to the state would be replaced.
    private val opening = Mutex()
    private val random = Random()

    @Volatile
    private var newest = 0 // number of the last translation that was asked for

    private val current = MutableStateFlow(State())

    /** The state now and whenever it changes. */
    val states: StateFlow<State> = current.asStateFlow()

    var state: State
        get() = current.value
        internal set(value) {
            current.value = value
        }

    /** Whether nothing is under way. */
    val idle: Boolean get() = scope.coroutineContext.job.children.none()

    /** Starts work on the main thread, which may [compute]; its failure is shown as a sentence. */
    fun work(block: suspend CoroutineScope.() -> Unit): Job = scope.launch {
        try {
            block()
        } catch (refused: Refused) {
            report(refused)
        }
    }

    /** The result of a job on the worker's thread; whatever can go wrong is thrown as [Refused]. */
    suspend fun <T> compute(job: () -> T): T {
        opening.withLock {}
        return onWorker(job)
    }

    private suspend fun <T> onWorker(job: () -> T): T = withContext(worker) {
        try {
            job()
        } catch (_: OutOfMemoryError) {
            throw Refused(Problem.OUT_OF_MEMORY)
        } catch (error: IOException) {
            throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.CANNOT_SAVE)
        }
    }

    /** Cancels all work. */
    fun close() = scope.cancel()

    fun report(refused: Refused) {
        state = state.copy(working = false, message = message(refused))
    }

    fun confirm(text: String) {
        state = state.copy(message = Message(text, false))
    }

    fun message(refused: Refused) = Message(Sentences.of(context, refused), true)

    // The model

    /** Loads the model, then what the last process left, else the first example in the first look. */
    fun start() = openCurrent { store.session()?.let(store::tidy) }

    /** Opens another model; where that fails, a sentence is shown and the one in use stays. */
    fun openModel(tree: Uri) = openCurrent { models.open(tree) }

    fun useBundledModel() = openCurrent { models.useBundled() }

    private fun openCurrent(prepare: () -> Unit) {
        state = state.copy(working = true, message = null)
        work {
            val opened = opening.withLock {
                onWorker {
                    prepare()
                    val own =
                        state.picture?.source?.takeIf { it.file in state.sources.map(Source::file) }
                    Opening(this@Studio, store.session(), own).opened(models.current())
                }.also { state = it.on(state) }
            }
            translate(opened.message)
            state.earlier.find { it.file.path == opened.shown }?.let { show(it) }
            findFastest()
        }
    }

    /** Sets how the model is computed; with null, the fastest way is measured and used. */
    fun setLane(lane: Lane?) {
        val model = state.model ?: return
        choices.choose(model.manifest, lane)
        if (lane == null) {
            choices.setFastest(model.manifest, null)
            findFastest()
            state = state.copy(model = LoadedModel(model.manifest, model.lane, true, model.bundled))
        } else {
            use(lane, automatic = false)
        }
    }

    private fun findFastest() {
        val manifest = state.model?.manifest ?: return
        if (choices.lane(manifest) != null) return // the user chose, or it was measured before
        work {
            val lane = Trials(this@Studio, manifest).fastest() ?: return@work
            val model = state.model?.takeIf { it.manifest === manifest } ?: return@work
            if (choices.isChosen(manifest)) return@work
            choices.setFastest(manifest, lane)
            if (lane != model.lane) use(lane, automatic = true, message = state.message)
        }
    }

    /** Loads a variant; where that fails, the one in use stays, without the GPU. */
    private fun use(lane: Lane, automatic: Boolean, message: Message? = null) {
        val model = state.model ?: return
        state = state.copy(working = true, message = message)
        work {
            try {
                compute { load(lane) }
            } catch (refused: Refused) {
                choices.choose(model.manifest, null)
                compute { load(model.lane.copy(gpu = false)) }
                return@work report(refused)
            }
            state = state.copy(model = LoadedModel(model.manifest, lane, automatic, model.bundled))
            translate(message)
        }
    }

    /** On the worker's thread. */
    internal fun load(lane: Lane) =
        choices.guarded(engine.manifest, lane.variant) { engine.load(lane) }

    /** Times a variant; null where it does not fit into memory, or another model was opened. */
    suspend fun measure(manifest: Manifest, lane: Lane, count: Int, budgetMs: Double): Measured? =
        compute {
            if (engine.manifest !== manifest) null
            else choices.guarded(manifest, lane.variant) { engine.measure(lane, count, budgetMs) }
        }

    // The picture

    /** A picture to redraw, of this phone or another app. */
    fun setPicture(uri: Uri) = setPicture(isOwn = true) {
        copied(uri, "picture") { copy, name -> engine.picture(copy, name, null) }
    }

    /** A picture that lies on the disk already: an example, or one of before. */
    fun setPicture(source: Source) =
        setPicture { engine.picture(source.file, source.name, source.box) }

    private fun setPicture(isOwn: Boolean = false, read: () -> Picture) {
        state = state.copy(working = true, message = null)
        work {
            val picture = compute(read)
            state = state.copy(picture = picture)
            if (isOwn) keep(picture.source)
            translate()
            redrawThumbnails(picture)
        }
    }

    fun cut(box: Box) {
        val picture = state.picture?.cut(box) ?: return
        val cut = state.sources.map { if (it.file == picture.file) picture.source else it }
        state = state.copy(picture = picture, sources = cut)
        translate()
        redrawThumbnails(picture)
    }

    /** What is read of a copy of another app's picture; the copy goes where it cannot be read. */
    private fun <T> copied(uri: Uri, kind: String, read: (File, String) -> T): T {
        val copy = store.newFile(kind)
        val name = Pictures.copy(context.contentResolver, uri, copy)
        return try {
            read(copy, name)
        } catch (refused: Refused) {
            copy.delete()
            throw refused
        }
    }

    /** Keeps a picture of the user's own for later; the oldest is deleted. */
    private fun keep(source: Source) {
        val all = listOf(source) + state.sources.filter { it.file != source.file }
        state = state.copy(sources = all.take(MOST_SOURCES))
        val files = all.drop(MOST_SOURCES).map { it.file } - setOfNotNull(state.picture?.file)
        work { compute { files.forEach { it.delete() } } }
    }

    /** Looks without a picture of their own are shown by the one that is redrawn. */
    private fun redrawThumbnails(picture: Picture) {
        for (look in state.looks.filter { it.file == null }) {
            work {
                val new = compute {
                    if (state.picture !== picture) null
                    else engine.look(look.id, look.kind, look.name, look.style, picture)
                } ?: return@work
                state = state.copy(looks = state.looks.map { if (it === look) new else it })
            }
        }
    }

    // Looks

    /** Adds looks of pictures; the last of them is chosen. */
    fun addLooks(uris: List<Uri>) {
        for (uri in uris) {
            addLook {
                copied(uri, "own") { copy, name ->
                    engine.look(copy.name, LookKind.OWN, name.substringBeforeLast('.'), copy)
                }
            }
        }
    }

    /** Adds a look whose style is drawn at random from the styles of the model's domains. */
    fun addRandomLook() {
        val picture = state.picture ?: return
        val number = state.looks.count { it.kind == LookKind.RANDOM } + 1
        val name = context.getString(R.string.look_random_number, number)
        addLook {
            val style = engine.random(random) ?: throw Refused(Problem.NO_AVERAGES)
            engine.look("random ${System.nanoTime()}", LookKind.RANDOM, name, style, picture)
        }
    }

    private fun addLook(read: () -> Look) {
        state = state.copy(working = true, message = null)
        work {
            val look = compute(read)
            state = state.copy(looks = listOf(look) + state.looks, first = look.id, second = null)
            translate()
        }
    }

    /** Chooses a look; while two are mixed, it replaces the second. */
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

    // Results

    /** Redraws the picture in the chosen look, and shows [message] meanwhile. */
    fun translate(message: Message? = null) {
        val wanted = state
        val picture = wanted.picture
        val first = wanted.look(wanted.first)
        if (picture == null || first == null) {
            state = state.copy(working = false)
            save()
            return
        }
        val number = ++newest
        val second = wanted.look(wanted.second)
        state = state.copy(working = true, message = message, shown = null)
        work {
            val translation = compute {
                if (number != newest) null // another one was asked for meanwhile
                else engine.translate(picture, first, second, wanted.mix, wanted.strength)
            } ?: return@work
            state = state.copy(translation = translation, working = number != newest)
            remember("${picture.file} ${picture.box} ${first.id} ${second?.id}", translation)
        }
    }

    /** Adds a result to the earlier ones; it replaces the last one of the same picture and looks. */
    private suspend fun remember(key: String, translation: Translation) {
        val new = compute { store.result(key, translation) }
        val known = state.earlier
        val others = if (key == known.firstOrNull()?.key) known.drop(1) else known
        state = state.copy(earlier = (listOf(new) + others).take(MOST_EARLIER))
        save()
    }

    /** Shows an earlier result again. */
    fun show(earlier: Earlier) {
        val number = ++newest
        work {
            val translation = compute { store.translation(earlier) }
            if (number != newest) return@work // another look was chosen meanwhile
            state = state.copy(translation = translation, shown = earlier.file, working = false)
            save()
        }
    }

    private fun save() {
        val saved = state
        work {
            compute {
                // Without a model there are no looks to write: those of before stay.
                if (saved.model != null || store.session()?.looks.isNullOrEmpty()) store.write(saved)
            }
        }
    }

    // The table of pictures and looks

    fun chooseGrid(pictures: List<Source>, looks: List<Look>) {
        state = state.copy(grid = GridChoice(pictures.map { it.file.path }, looks.map { it.id }))
        save()
    }

    /** Pictures of the user's own for the table, in front of those that it shows. */
    fun addToGrid(uris: List<Uri>) {
        for (uri in uris.take(TranslationGrid.MOST_PICTURES)) {
            work {
                val source = compute {
                    copied(uri, "picture") { copy, name ->
                        engine.square(copy, null) // throws Refused where it cannot be read
                        Source(copy, name, null)
                    }
                }
                val (rows, columns) = state.gridRows to state.gridColumns
                keep(source)
                chooseGrid((listOf(source) + rows).take(TranslationGrid.MOST_PICTURES), columns)
            }
        }
    }

    /** A cell of the table becomes what is worked on. */
    fun take(source: Source, look: Look) {
        state = state.copy(first = look.id, second = null, strength = 1f)
        setPicture(source)
    }

    private companion object {
        const val MOST_SOURCES = 8 // pictures of the user's own that are kept
        const val MOST_EARLIER = 24
    }
}
