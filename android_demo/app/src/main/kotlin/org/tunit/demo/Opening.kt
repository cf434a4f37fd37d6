// A model is opened: its variant is loaded, and the session is shown that the last process left.
package org.tunit.demo

import android.net.Uri
import java.io.File
import org.tunit.core.Problem
import org.tunit.core.Refused

/** Loads the model, then what the last process left, else the first example in the first look. */
fun Studio.start() = open { session.read()?.also(session::tidy) }

/** Takes another model; what is wrong with it is a sentence, and the one in use stays. */
fun Studio.openModel(tree: Uri) {
    state = state.copy(working = true, message = null)
    run({ models.open(tree) }) { open { session.read() } }
}

fun Studio.useBundledModel() {
    run({ models.useBundled() }) { open { session.read() } }
}

private fun Studio.open(read: () -> SavedSession?) {
    state = state.copy(working = true, message = null)
    val own = state.picture?.source?.takeIf { it.file in state.sources.map { known -> known.file } }
    run({ Opening(this, read(), own).opened(models.current()) }) { opened ->
        val saved = opened.saved
        val ids = opened.looks.map { it.id }
        state = state.copy(
            model = opened.model,
            picture = opened.picture,
            sources = saved?.sources?.filter { it.file.exists() } ?: state.sources,
            examples = opened.examples,
            looks = opened.looks,
            first = saved?.first?.takeIf { it in ids } ?: ids.firstOrNull(),
            second = saved?.second?.takeIf { it in ids },
            mix = saved?.mix ?: state.mix,
            strength = saved?.strength ?: state.strength,
            earlier = if (saved != null) opened.earlier else state.earlier,
            message = opened.message,
            grid = saved?.grid ?: state.grid,
        )
        benchmark.restore(opened.measured)
        translate(opened.message)
        state.earlier.find { it.file.path == saved?.shown }?.let(::show)
        Trials(this).startIfNeeded()
    }
}

/** What an opening found; no model where the app was built without one. */
private class Opened(
    val saved: SavedSession?,
    val model: LoadedModel?,
    val picture: Picture?,
    val examples: List<ExampleFile>,
    val looks: List<Look>,
    val earlier: List<Earlier>,
    val measured: BenchmarkRows?,
    val message: Message?,
)

/** On the worker's thread; [own] is the user's picture of now. */
private class Opening(
    private val studio: Studio,
    private val saved: SavedSession?,
    private val own: Source?,
) {
    private val engine = studio.engine
    private val context = studio.context

    /** A copied model that has been damaged gives way to the app's own. */
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
        val failed = load(lane)
        val used = if (failed == null) lane else lane.copy(gpu = false)
        if (failed != null) choices.choose(manifest, used) // said once
        val examples = Examples(context, place, manifest)
        val picture = picture(examples)
        val looks = looks(examples, picture)
        val model = LoadedModel(manifest, used, !choices.isChosen(manifest), place is BundledModel)
        val earlier = studio.history.read(saved?.earlier.orEmpty())
        val measured = studio.benchmarkFile.read()?.takeIf { it.identity == manifest.identity }
        val said = (problem ?: crashed ?: failed ?: examples.refused)?.let(studio::message)
        return Opened(saved, model, picture, examples.pictures, looks, earlier, measured, said)
    }

    /** Pictures can be looked at and chosen; a model that is opened later redraws them. */
    private fun without(why: Refused): Opened {
        engine.close()
        val examples = Examples(context, null, null)
        val earlier = studio.history.read(saved?.earlier.orEmpty())
        val (shown, said) = picture(examples) to studio.message(why)
        return Opened(saved, null, shown, examples.pictures, emptyList(), earlier, null, said)
    }

    /** Why the GPU is not used, where it cannot be; throws [Refused] where the CPU cannot either. */
    private fun load(lane: Lane): Refused? = try {
        studio.load(lane)
        null
    } catch (refused: Refused) {
        if (!lane.gpu) throw refused
        studio.load(lane.copy(gpu = false))
        refused
    }

    /** That of the last process, else the user's, else an example; none that is gone or broken. */
    private fun picture(examples: Examples): Picture? =
        (saved?.picture ?: own)?.let(::picture) ?: examples.pictures.firstNotNullOfOrNull {
            examples.tried(it) { engine.picture(it.file, it.file.name, null) }
        }

    private fun picture(source: Source): Picture? = try {
        source.run { engine.picture(file, name, box) }
    } catch (_: Refused) {
        null
    }

    private fun looks(examples: Examples, picture: Picture?): List<Look> {
        val shown = examples.looks.mapNotNull {
            val name = it.file.nameWithoutExtension
            examples.tried(it) { engine.look(it.id, LookKind.EXAMPLE, name, it.file) }
        }
        val averages = engine.manifest.domains.filter { picture != null }.map {
            val name = context.getString(R.string.look_average, it.number + 1)
            engine.look("domain ${it.number}", LookKind.DOMAIN, name, it.averageStyle, picture!!)
        }
        return saved?.looks.orEmpty().mapNotNull { own(it, picture) } + shown + averages
    }

    /** Null where its file is gone, or its style is of another model. */
    private fun own(look: SavedLook, picture: Picture?): Look? = try {
        val fits = picture != null && look.style?.size == engine.manifest.styleDim
        when {
            look.file != null -> engine.look(look.id, LookKind.OWN, look.name, File(look.file))
            fits -> engine.look(look.id, LookKind.CHANCE, look.name, look.style!!, picture!!)
            else -> null
        }
    } catch (_: Refused) {
        null
    }
}
