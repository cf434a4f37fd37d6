// What the screens work on: one state for the whole process, and everything that can be done with it.
// The state changes on the main thread only; pictures and the model are read on a thread of their own.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
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
import org.tunit.BundledModel
import org.tunit.Lane
import org.tunit.core.Box
import org.tunit.core.FileNames
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

    // Locked while a model is being opened, so that other jobs wait: the opening replaces the state and
    // whatever a job had added meanwhile.
    private val opening = Mutex()
    private val random = Random()
    private var lastRandom = 0 // number in the name of the last random look

    @Volatile
    private var newest = 0 // number of the last translation that was asked for

    private var arrived = 0 // number of the newest translation that is finished

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
            throw Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.CANNOT_WRITE)
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

    /** Removes the message. */
    fun quiet() {
        state = state.copy(message = null)
    }

    fun message(refused: Refused) = Message(sentence(refused), true)

    /** In the user's language; the core's tests make sure that there is one for every problem. */
    fun sentence(refused: Refused): String {
        val name = refused.problem.resource
        val id = context.resources.getIdentifier(name, "string", context.packageName)
        return context.getString(id, *refused.arguments)
    }

    // The model

    /** Loads the model, then what the last process left. */
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
            known = state.files
            translate(opened.message)
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
            val lane = fastest(manifest) ?: return@work
            val model = state.model?.takeIf { it.manifest === manifest } ?: return@work
            if (choices.isChosen(manifest)) return@work
            choices.setFastest(manifest, lane)
            if (lane != model.lane) use(lane, automatic = true, message = state.message)
        }
    }

    /** Loads a variant; where that fails, the one in use stays, without the GPU. */
    private fun use(lane: Lane, automatic: Boolean, message: Message? = null) {
        val (manifest, before) = state.model?.run { manifest to this } ?: return
        state = state.copy(working = true, message = message)
        work {
            val loaded = compute {
                if (engine.manifest !== manifest) null // another model was opened meanwhile
                else load(lane, otherwise = before.lane.copy(gpu = false))
            } ?: return@work
            val isLane = loaded.failed == null
            val isAutomatic = if (isLane) automatic else before.automatic
            if (!isLane) choices.choose(manifest, loaded.lane.takeUnless { isAutomatic })
            state = state.copy(
                model = LoadedModel(manifest, loaded.lane, isAutomatic, before.bundled),
            )
            translate(loaded.failed?.let { message(it) } ?: message)
        }
    }

    /** What was loaded, and why it is not what was wanted. */
    internal class Loaded(val lane: Lane, val failed: Refused?)

    /** Loads a variant or, where it is refused, another; runs on the worker's thread. */
    internal fun load(lane: Lane, otherwise: Lane): Loaded = try {
        load(lane)
        Loaded(lane, null)
    } catch (refused: Refused) {
        if (otherwise == lane) throw refused
        load(otherwise)
        Loaded(otherwise, refused)
    }

    private fun load(lane: Lane) =
        choices.guarded(engine.manifest, lane.variant) { engine.load(lane) }

    /** Times a variant; null where it does not fit into memory, or another model was opened. */
    suspend fun measure(manifest: Manifest, lane: Lane, count: Int, budgetMs: Double): Measured? =
        compute {
            if (engine.manifest !== manifest) null
            else choices.guarded(manifest, lane.variant) { engine.measure(lane, count, budgetMs) }
        }

    // The picture

    /** Pictures of this phone or another app: the first is shown, the others wait in the list. */
    fun setPictures(uris: List<Uri>) = addPictures(uris) { added ->
        state = state.copy(sources = (added + state.sources).distinctBy { it.file }.take(MOST_SOURCES))
        open(added[0])
    }

    fun setPicture(uri: Uri) = setPictures(listOf(uri))

    /** A photo that Live took becomes the picture, in the look that is chosen. */
    fun addPhoto(photo: Bitmap) {
        state = state.copy(working = true, message = null)
        work {
            val source = compute {
                val file = store.newFile("picture")
                writeWhole(file) { Pictures.encode(photo.apply { setHasAlpha(false) }, it) }
                Source(file, context.getString(R.string.live_photo), null)
            }
            state = state.copy(sources = (listOf(source) + state.sources).take(MOST_SOURCES))
            open(source)
        }
    }

    /** Shows a picture that is on the disk already: an example, or one that was chosen earlier. */
    fun setPicture(source: Source) {
        state = state.copy(working = true, message = null)
        work { open(source) }
    }

    private suspend fun open(source: Source, message: Message? = state.message) {
        val picture = compute { engine.picture(source) }
        state = state.copy(picture = picture)
        dropFiles()
        translate(message)
        redrawThumbnails(picture)
    }

    /** Chooses which square is redrawn; null is the whole picture. */
    fun cut(box: Box?) {
        val picture = state.picture?.cut(box) ?: return
        val cut = state.sources.map { if (it.file == picture.file) picture.source else it }
        state = state.copy(picture = picture, sources = cut)
        translate()
        redrawThumbnails(picture)
    }

    /** Removes a picture of the user's from the list; the one that is shown stays on the screen. */
    fun remove(source: Source) {
        state = state.copy(sources = state.sources.filter { it.file != source.file })
        dropFiles(listOf(source.file))
        save()
    }

    /** Copies other apps' pictures; [added] gets those that can be read, one message names the rest. */
    private fun addPictures(uris: List<Uri>, added: suspend (List<Source>) -> Unit) {
        state = state.copy(working = true, message = null)
        work {
            val good = ArrayList<Source>()
            val bad = readAll(uris.take(MOST_SOURCES)) { uri ->
                good += compute {
                    copied(uri, "picture") { copy, name ->
                        Source(copy, name, null).also { engine.thumbnail(it) } // throws Refused
                    }
                }
            }
            if (good.isNotEmpty()) added(good)
            bad?.let { state = state.copy(message = it, working = state.working && good.isNotEmpty()) }
        }
    }

    /** Reads several things; returns one message about all that failed, null if none did. */
    private suspend fun <T> readAll(all: List<T>, read: suspend (T) -> Unit): Message? {
        val refused = ArrayList<Refused>()
        for (one in all) {
            try {
                read(one)
            } catch (why: Refused) {
                refused += why
            }
        }
        if (refused.isEmpty()) return null
        val first = sentence(refused[0])
        val more = refused.size - 1
        if (more == 0) return Message(first, true)
        val rest = context.resources.getQuantityString(R.plurals.problem_more, more, more)
        return Message("$first $rest", true)
    }

    /** Copies another app's picture and reads the copy, which is deleted if it cannot be read. */
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

    /** Deletes [removed] and what the state named before, except for files that it still names. */
    private fun dropFiles(removed: List<File> = emptyList()) {
        val files = known + removed
        val needed = state.files
        known = needed
        val gone = files - needed
        if (gone.isNotEmpty()) work { compute { store.delete(gone) } }
    }

    private var known: Set<File> = emptySet() // files that the state named at the last [dropFiles]

    /** Looks without a picture of their own get a thumbnail: the current picture in that look. */
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
        state = state.copy(working = true, message = null)
        work {
            val bad = readAll(uris) { uri ->
                add(compute {
                    copied(uri, "own") { copy, name ->
                        engine.look(copy.name, LookKind.OWN, FileNames.caption(name), copy, name)
                    }
                })
            }
            translate(bad)
        }
    }

    /** Adds a look whose style is drawn at random from the styles of the model's domains. */
    fun addRandomLook() {
        val numbers = state.looks.filter { it.kind == LookKind.RANDOM }
            .mapNotNull { look -> look.name.filter { it.isDigit() }.toIntOrNull() }
        lastRandom = maxOf(lastRandom, numbers.maxOrNull() ?: 0) + 1
        val name = context.getString(R.string.look_random_number, lastRandom)
        state = state.copy(working = true, message = null)
        work {
            val id = "random ${System.nanoTime()}"
            add(compute {
                val style = engine.random(random) ?: throw Refused(Problem.NO_AVERAGES)
                engine.look(id, LookKind.RANDOM, name, style, state.picture)
            })
            translate()
        }
    }

    /** Puts a look in front and chooses it; beyond the limit, the user's oldest look is removed. */
    private fun add(look: Look) {
        val own = (listOf(look) + state.looks.filter { it.isOwn && it.id != look.id }).take(MOST_LOOKS)
        val looks = own + state.looks.filter { !it.isOwn && it.id != look.id }
        state = state.copy(looks = looks, first = look.id, second = null)
        dropFiles()
    }

    /** Removes a look of the user's own; the next one takes its place. */
    fun removeLook(id: String) {
        val place = state.looks.indexOfFirst { it.id == id && it.isOwn }
        if (place < 0) return
        val left = state.looks.filter { it.id != id }
        val next = left.getOrNull(place) ?: left.lastOrNull()
        val first = if (state.first == id) next?.id else state.first
        val second = state.second?.takeIf { it != id && it != first }
        val file = state.look(id)?.file
        state = state.copy(looks = left, first = first, second = second)
        dropFiles(listOfNotNull(file))
        translate()
    }

    /** A look of the last session; null if it is of another model. Runs on the worker's thread. */
    fun restored(look: SavedLook, picture: Picture?): Look? {
        if (look.style.size != engine.manifest.styleDim) return null
        return try {
            val file = look.file?.let(::File)?.takeIf { it.exists() }
            if (file != null) engine.look(look.id, look.kind, look.name, file)
            else engine.look(look.id, LookKind.RANDOM, look.name, look.style, picture)
        } catch (_: Refused) {
            null
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

    /** How much of the photograph's detail results get, 0..1. */
    fun setDetail(detail: Float) {
        state = state.copy(detail = detail)
        translate()
    }

    /** Takes only colors from the look, or takes textures as well. */
    fun setColorsOnly(on: Boolean) {
        state = state.copy(colorsOnly = on)
        translate()
    }

    /** What is chosen now; null where there is no look. */
    fun blend(): Blend? {
        val first = state.look(state.first) ?: return null
        return Blend(first, state.look(state.second), state.mix, state.strength)
    }

    // Results

    /** Redraws the picture in the chosen look, and shows [message] meanwhile. */
    fun translate(message: Message? = null) {
        val wanted = state
        val (picture, blend) = wanted.picture to blend()
        if (picture == null || blend == null) {
            state = state.copy(working = false, message = message ?: state.message)
            save()
            return
        }
        val number = ++newest
        state = state.copy(working = true, message = message)
        work {
            val translation = compute {
                if (number != newest) null // another one was asked for meanwhile
                else engine.translate(picture, blend, wanted.detail, wanted.colorsOnly)
            } ?: return@work
            if (number < arrived) return@work // a newer one was here before
            arrived = number
            state = state.copy(translation = translation, working = number != newest)
            if (number == newest) remember(translation, blend)
        }
    }

    /** Puts a result in front of the earlier ones, in place of one of the same picture and looks. */
    private suspend fun remember(translation: Translation, blend: Blend) {
        val model = state.model?.manifest?.identity ?: return
        val source = SavedSource(translation.source)
        val (first, second) = SavedLook(blend.first) to blend.second?.let(::SavedLook)
        fun made(file: File) = SavedResult(
            model, source, first, second, blend.mix, blend.strength, translation.detail,
            translation.colorsOnly, file.path,
        )
        val key = made(File("")).key
        val before = state.earlier.find { it.made.key == key }
        val file = before?.let { File(it.made.thumbnail) } ?: store.newFile("earlier")
        val small = compute {
            Pictures.thumbnail(translation.redrawn, EARLIER_SIDE).also { bitmap ->
                writeWhole(file) { Pictures.encode(bitmap, it) }
            }
        }
        val others = state.earlier.filter { it.made.key != key }
        state = state.copy(earlier = (listOf(Earlier(made(file), small)) + others).take(MOST_EARLIER))
        dropFiles()
        save()
    }

    /** Draws an earlier result again; looks that were removed since come back. */
    fun show(earlier: Earlier) {
        val made = earlier.made
        state = state.copy(working = true, message = null)
        work {
            val picture = compute { engine.picture(made.source.source) }
            val ids = state.looks.map { it.id }
            for (look in listOfNotNull(made.second, made.first).filter { it.id !in ids }) {
                compute { restored(look, picture) }?.let(::add)
            }
            state = state.copy(
                picture = picture, first = made.first.id, second = made.second?.id,
                mix = made.mix, strength = made.strength, detail = made.detail,
                colorsOnly = made.colorsOnly,
            )
            translate()
            redrawThumbnails(picture)
        }
    }

    /** Forgets earlier results and deletes their files. */
    fun remove(results: List<Earlier>) {
        state = state.copy(earlier = state.earlier - results.toSet())
        dropFiles(results.flatMap { it.made.files })
        save()
    }

    internal fun save() {
        val saved = state
        work {
            compute {
                // Without a model there are no looks, and writing none would lose those of the file.
                if (saved.model != null || store.session()?.looks.isNullOrEmpty()) store.write(saved)
            }
        }
    }

    // The table of pictures and looks

    fun chooseGrid(pictures: List<Source>, looks: List<Look>) {
        state = state.copy(grid = GridChoice(pictures.map { it.file.path }, looks.map { it.id }))
        save()
    }

    /** Adds the user's own pictures to the table, in front of those that it shows. */
    fun addToGrid(uris: List<Uri>) {
        val (rows, columns) = state.gridRows to state.gridColumns
        addPictures(uris.take(TranslationGrid.MOST_PICTURES)) { added ->
            state = state.copy(sources = (added + state.sources).take(MOST_SOURCES), working = false)
            chooseGrid((added + rows).take(TranslationGrid.MOST_PICTURES), columns)
            dropFiles()
        }
    }

    /** Opens a cell of the table: its picture in its look. */
    fun take(source: Source, look: Look) {
        state = state.copy(first = look.id, second = null, strength = 1f)
        setPicture(source)
    }

    companion object {
        const val MOST_SOURCES = 12 // pictures of the user's own that are kept
        const val MOST_LOOKS = 24 // looks of the user's own
        const val MOST_EARLIER = 24
        private const val EARLIER_SIDE = 256
    }
}
