// What outlives the process: written after every change, read at the start.
package org.tunit.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.tunit.core.Box
import org.tunit.core.Json
import org.tunit.core.JsonError

/** Everything that cannot be computed anew. */
class SavedSession(
    val picture: SavedPicture?,
    val looks: List<SavedLook>,
    val first: String?,
    val second: String?,
    val mix: Float,
    val strength: Float,
    val earlier: List<SavedEarlier>,
)

class SavedPicture(val file: String, val name: String, val box: Box)

/** Of a picture's file, or a style by chance. */
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
    private val file = File(folder, "session.json")

    /** Null at the first start, and where the file is broken. */
    fun read(): SavedSession? = try {
        saved(Json.parse(file.readText()) as Map<*, *>)
    } catch (_: IOException) {
        null
    } catch (_: JsonError) {
        null
    } catch (_: ClassCastException) {
        null
    } catch (_: NullPointerException) {
        null
    }

    /** By rename, so that a kill in between leaves the last one. */
    fun write(state: State) {
        val temporary = File(folder, "session.new")
        temporary.writeText(Json.write(json(state)))
        temporary.renameTo(file)
    }

    /** Removes pictures that a session does not name; at the start, while nothing else is written. */
    fun tidy(saved: SavedSession) {
        val named = listOfNotNull(saved.picture?.file) + saved.looks.mapNotNull { it.file } +
            saved.earlier.flatMap { listOf(it.file, it.original) } + file.path
        folder.listFiles().orEmpty().filter { it.path !in named }.forEach { it.delete() }
    }

    private fun json(state: State): Map<String, Any?> = mapOf(
        "picture" to state.picture?.let {
            mapOf("file" to it.file.path, "name" to it.name, "box" to listOf(it.box.x, it.box.y, it.box.side))
        },
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
                "key" to it.key, "file" to it.file.path, "original" to it.original.path, "name" to it.name,
                "look" to it.lookName,
            )
        },
    )

    private fun saved(json: Map<*, *>): SavedSession = SavedSession(
        (json["picture"] as Map<*, *>?)?.let { picture ->
            val (x, y, side) = (picture["box"] as List<*>).map { it as Double }
            SavedPicture(picture["file"] as String, picture["name"] as String, Box(x, y, side))
        },
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
                it["key"] as String, it["file"] as String, it["original"] as String, it["name"] as String,
                it["look"] as String,
            )
        },
    )
}
