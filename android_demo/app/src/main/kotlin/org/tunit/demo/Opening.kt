// A model is opened: its variant is loaded, its examples are checked, and what the last process left is
// read again.
package org.tunit.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.tunit.BundledModel
import org.tunit.FolderModel
import org.tunit.ModelPlace
import org.tunit.core.Example
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

/** What was opened; without a model where the app was built without one. */
class Opened(
    private val saved: SavedSession?,
    private val model: LoadedModel?,
    private val picture: Picture?,
    private val examples: List<ExampleFile>,
    private val looks: List<Look>,
    private val earlier: List<Earlier>,
    val message: Message?,
) {
    /** The state once the model is in use; without a session, what the user has chosen stays. */
    fun on(state: State): State {
        val ids = looks.map { it.id }
        return state.copy(
            model = model,
            picture = picture,
            sources = saved?.sources?.map { it.source }?.filter { it.file.exists() } ?: state.sources,
            examples = examples,
            looks = looks,
            first = saved?.first?.takeIf { it in ids } ?: ids.firstOrNull(),
            second = saved?.second?.takeIf { it in ids },
            mix = saved?.mix ?: state.mix,
            strength = saved?.strength ?: state.strength,
            detail = saved?.detail ?: model?.manifest?.detail ?: state.detail,
            colorsOnly = saved?.colorsOnly ?: state.colorsOnly,
            earlier = if (saved != null) earlier else state.earlier,
            message = message,
            grid = saved?.grid ?: state.grid,
        )
    }
}

/** Runs on the worker's thread; [own] is the picture of the user's that is shown now. */
class Opening(
    private val studio: Studio,
    private val saved: SavedSession?,
    private val own: Source?,
) {
    private val engine = studio.engine
    private val context = studio.context

    /** Where a copied model has been damaged, the app's own is opened. */
    fun opened(place: ModelPlace): Opened = try {
        opened(place, null)
    } catch (refused: Refused) {
        when {
            place is FolderModel -> instead(refused)
            refused.problem == Problem.NO_MODEL -> without(refused)
            else -> throw refused
        }
    }

    private fun instead(damage: Refused): Opened = try {
        opened(studio.models.bundled, damage)
    } catch (refused: Refused) {
        if (refused.problem != Problem.NO_MODEL) throw refused
        without(damage)
    }

    private fun opened(place: ModelPlace, problem: Refused?): Opened {
        val choices = studio.choices
        engine.open(place)
        val manifest = engine.manifest
        val crashed = choices.crashedLastTime(manifest)?.let { Refused(Problem.VARIANT_CRASHED, it) }
        val lane = choices.lane(manifest) ?: choices.first(manifest)
        val loaded = studio.load(lane, otherwise = lane.copy(gpu = false))
        val (used, failed) = loaded.lane to loaded.failed
        if (failed != null) choices.choose(manifest, used) // so that the sentence is shown once
        val examples = Examples(context, place, manifest)
        val picture = (saved?.picture?.source ?: own)?.let(::picture)
        val looks = looks(examples, picture)
        val model = LoadedModel(manifest, used, !choices.isChosen(manifest), place is BundledModel)
        val earlier = studio.store.earlier(saved)
        val message = (problem ?: crashed ?: failed ?: examples.refused)?.let(studio::message)
        return Opened(saved, model, picture, examples.pictures, looks, earlier, message)
    }

    /** No model: pictures can be seen and chosen, and are redrawn once a model is opened. */
    private fun without(why: Refused): Opened {
        engine.close()
        val picture = (saved?.picture?.source ?: own)?.let(::picture)
        val earlier = studio.store.earlier(saved)
        return Opened(saved, null, picture, emptyList(), emptyList(), earlier, studio.message(why))
    }

    /** Null where it is gone or broken. */
    private fun picture(source: Source): Picture? = try {
        engine.picture(source)
    } catch (_: Refused) {
        null
    }

    private fun looks(examples: Examples, picture: Picture?): List<Look> {
        val shown = examples.looks.mapNotNull {
            examples.tried(it) { engine.look(it.id, LookKind.EXAMPLE, it.name, it.file) }
        }
        // Averages have no names that say anything, so they are shown only where there are no examples.
        val averages = engine.manifest.domains.filter { shown.isEmpty() }.map {
            val name = context.getString(R.string.look_average, it.number + 1)
            engine.look("domain ${it.number}", LookKind.DOMAIN, name, it.averageStyle, picture)
        }
        return saved?.looks.orEmpty().mapNotNull { studio.restored(it, picture) } + shown + averages
    }
}

/** An example as a file; [id] identifies it, [name] is for people. */
class ExampleFile(val id: String, val name: String, val file: File) {
    val source get() = Source(file, name, null)
}

/** Pictures to try that the manifest names: compared with it, and copied into files to be decoded. */
class Examples(context: Context, private val place: ModelPlace, private val manifest: Manifest) {
    private val folder = File(context.filesDir, "examples/${manifest.identity}")

    /** What is wrong with the first example that is left out. */
    var refused: Refused? = null
        private set

    val pictures = manifest.examples.filter { !it.isLook }.mapNotNull(::of)
    val looks = manifest.examples.filter { it.isLook }.mapNotNull(::of)

    /** The look of an example; null if its file is no picture. */
    fun <T> tried(example: ExampleFile, read: () -> T): T? = try {
        read()
    } catch (_: Refused) {
        leaveOut(Refused(Problem.EXAMPLE_DAMAGED, example.file.name))
    }

    private fun of(example: Example): ExampleFile? = try {
        val name = example.file
        val content = place.map(name)
        val bytes = ByteArray(content.capacity()).also { content.get(it) }
        manifest.check(name, bytes.inputStream())
        ExampleFile("model $name", example.caption, File(folder, name).also { write(it, bytes) })
    } catch (refused: Refused) {
        val missing = refused.problem == Problem.FILE_MISSING
        val problem = if (missing) Problem.EXAMPLE_MISSING else Problem.EXAMPLE_DAMAGED
        leaveOut(Refused(problem, example.file))
    } catch (_: IOException) {
        leaveOut(Refused(Problem.DISK_FULL))
    }

    private fun write(file: File, bytes: ByteArray) {
        if (file.isFile && file.readBytes().contentEquals(bytes)) return
        file.parentFile!!.mkdirs()
        writeWhole(file) { it.write(bytes) }
    }

    private fun leaveOut(why: Refused): Nothing? {
        if (refused == null) refused = why
        return null
    }
}
