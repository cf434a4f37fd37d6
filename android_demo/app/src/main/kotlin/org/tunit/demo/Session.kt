// What outlives the process: written after every change, read at the start.
package org.tunit.demo

import android.content.Context
import java.io.File
import org.tunit.core.Box

/** Everything that cannot be computed again. */
class SavedSession(
    val picture: Source?,
    val sources: List<Source>,
    val looks: List<SavedLook>,
    val first: String?,
    val second: String?,
    val mix: Float,
    val strength: Float,
    val earlier: List<SavedEarlier>,
    val grid: GridChoice?,
    val shown: String?,
)

/** Of a picture's file, or a random style. */
class SavedLook(val id: String, val name: String, val file: String?, val style: FloatArray?)

class SavedEarlier(
    val key: String,
    val file: String,
    val original: String,
    val name: String,
    val lookName: String,
)

class Session(context: Context) {
    val folder = File(context.filesDir, "session").apply { mkdirs() }
    private val file = JsonFile(File(folder, "session.json"))

    /** Null at the first start, and where the file is broken. */
    fun read(): SavedSession? = file.read(::saved)

    fun write(state: State) = file.write(json(state))

    /** Removes pictures that a session does not name; at the start, while nothing else is written. */
    fun tidy(saved: SavedSession) {
        val pictures = (listOfNotNull(saved.picture) + saved.sources).map { it.file.path }
        val named = pictures + saved.looks.mapNotNull { it.file } +
            saved.earlier.flatMap { listOf(it.file, it.original) } + file.path
        folder.listFiles().orEmpty().filter { it.path !in named }.forEach { it.delete() }
    }

    private fun json(state: State): Map<String, Any?> = mapOf(
        "picture" to state.picture?.let { json(it.source) },
        "sources" to state.sources.map(::json),
        "looks" to state.looks.mapNotNull { look ->
            when (look.kind) {
                LookKind.OWN -> mapOf("id" to look.id, "name" to look.name, "file" to look.file!!.path)
                LookKind.CHANCE -> mapOf("id" to look.id, "name" to look.name, "style" to look.style)
                else -> null
            }
        },
        "first" to state.first,
        "second" to state.second,
        "mix" to state.mix,
        "strength" to state.strength,
        "earlier" to state.earlier.map {
            mapOf(
                "key" to it.key, "file" to it.file.path, "original" to it.original.path,
                "name" to it.name, "look" to it.lookName,
            )
        },
        "grid" to state.grid?.let { mapOf("pictures" to it.pictures, "looks" to it.looks) },
        "shown" to state.shown?.path,
    )

    private fun json(source: Source): Map<String, Any?> {
        val box = source.box?.let { listOf(it.x, it.y, it.side) }
        return mapOf("file" to source.file.path, "name" to source.name, "box" to box)
    }

    private fun source(json: Map<*, *>): Source {
        val box = (json["box"] as List<*>?)?.map { it as Double }
        val cut = box?.let { (x, y, side) -> Box(x, y, side) }
        return Source(File(json["file"] as String), json["name"] as String, cut)
    }

    private fun words(json: Any?): List<String> = (json as List<*>).map { it as String }

    private fun saved(json: Map<*, *>): SavedSession = SavedSession(
        (json["picture"] as Map<*, *>?)?.let(::source),
        (json["sources"] as List<*>).map { source(it as Map<*, *>) },
        (json["looks"] as List<*>).map { it as Map<*, *> }.map { look ->
            val style = (look["style"] as List<*>?)?.map { (it as Double).toFloat() }?.toFloatArray()
            SavedLook(look["id"] as String, look["name"] as String, look["file"] as String?, style)
        },
        json["first"] as String?,
        json["second"] as String?,
        (json["mix"] as Double).toFloat(),
        (json["strength"] as Double).toFloat(),
        (json["earlier"] as List<*>).map { it as Map<*, *> }.map {
            SavedEarlier(
                it["key"] as String, it["file"] as String, it["original"] as String,
                it["name"] as String, it["look"] as String,
            )
        },
        (json["grid"] as Map<*, *>?)?.let { GridChoice(words(it["pictures"]), words(it["looks"])) },
        json["shown"] as String?,
    )
}
