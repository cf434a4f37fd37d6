// What outlives the process, as files of the app: the session, its pictures, earlier results.
package org.tunit.demo

import android.content.Context
import android.graphics.BitmapFactory
import java.io.File
import java.io.IOException
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import org.tunit.core.Box

/** Everything of a [State] that cannot be computed again; files are paths. */
@Serializable
class SavedSession(
    val picture: SavedSource?,
    val sources: List<SavedSource>,
    val looks: List<SavedLook>,
    val first: String?,
    val second: String?,
    val mix: Float,
    val strength: Float,
    val detail: Float,
    val colorsOnly: Boolean,
    val earlier: List<SavedResult>,
    val grid: GridChoice?,
) {
    val files: List<String>
        get() = (listOfNotNull(picture) + sources).map { it.file } + looks.mapNotNull { it.file } +
            earlier.flatMap { result -> result.files.map { it.path } }
}

@Serializable
class SavedSource(val file: String, val name: String, val box: Box?) {
    constructor(source: Source) : this(source.file.path, source.name, source.box)

    val source get() = Source(File(file), name, box)
}

/** A look as numbers; [file] is the picture that it was computed from, where there is one. */
@Serializable
class SavedLook(
    val id: String,
    val kind: LookKind,
    val name: String,
    val file: String?,
    val style: FloatArray,
) {
    constructor(look: Look) : this(look.id, look.kind, look.name, look.file?.path, look.style)
}

/** How a result was made; [model] is the identity of the model, [thumbnail] a small picture of it. */
@Serializable
class SavedResult(
    val model: String,
    val source: SavedSource,
    val first: SavedLook,
    val second: SavedLook?,
    val mix: Float,
    val strength: Float,
    val detail: Float,
    val colorsOnly: Boolean,
    val thumbnail: String,
) {
    /** Results of the same picture and looks replace each other. */
    val key get() = listOf(model, source.file, source.box, first.id, second?.id)

    val lookName get() = if (second == null) first.name else "${first.name} + ${second.name}"

    val files: List<File>
        get() = listOfNotNull(source.file, first.file, second?.file, thumbnail).map(::File)
}

/** What the user chose for the table of pictures and looks: paths of files and ids of looks. */
@Serializable
class GridChoice(val pictures: List<String>, val looks: List<String>)

/**
 * Writes a file that is whole or was not changed, also where the process ends in between: it has
 * another name until all of it is written. Throws what [write] throws, and [IOException].
 */
fun writeWhole(file: File, write: (OutputStream) -> Unit) {
    val new = File("${file.path}.new")
    try {
        new.outputStream().use(write)
        Files.move(new.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE)
    } finally {
        new.delete()
    }
}

class Store(private val context: Context) {
    private val folder = File(context.filesDir, "session").apply { mkdirs() }

    /** Null at the first start, and where the file is broken. */
    fun session(): SavedSession? = read(SESSION, SavedSession.serializer())

    fun write(state: State) = write(SESSION, SavedSession.serializer(), saved(state))

    /** Path of a new file; the file is kept for as long as the session names it. */
    fun newFile(kind: String) = File(folder, "${kind}_${System.nanoTime()}")

    /** Removes files that a session does not name; called at the start, before others write. */
    fun tidy(saved: SavedSession) {
        val named = saved.files + file(SESSION).path
        folder.listFiles().orEmpty().filter { it.path !in named }.forEach { it.delete() }
    }

    /** Deletes files of this folder; pictures that come with the model lie in another. */
    fun delete(files: Collection<File>) =
        files.filter { it.parentFile == folder }.forEach { it.delete() }

    /** Earlier results whose files are still there. */
    fun earlier(saved: SavedSession?): List<Earlier> = saved?.earlier.orEmpty().mapNotNull {
        if (!File(it.source.file).exists()) return@mapNotNull null
        BitmapFactory.decodeFile(it.thumbnail)?.let { bitmap -> Earlier(it, bitmap) }
    }

    /** The content of a JSON file; null where there is none, or it is broken. */
    fun <T> read(name: String, format: KSerializer<T>): T? = try {
        JSON.decodeFromString(format, file(name).readText())
    } catch (_: IOException) {
        null
    } catch (_: SerializationException) {
        null
    }

    fun <T> write(name: String, format: KSerializer<T>, content: T) =
        writeWhole(file(name)) { it.write(JSON.encodeToString(format, content).toByteArray()) }

    private fun file(name: String) = File(context.filesDir, name)

    private fun saved(state: State) = SavedSession(
        state.picture?.let { SavedSource(it.source) },
        state.sources.map(::SavedSource),
        state.looks.filter { it.isOwn }.map(::SavedLook),
        state.first, state.second, state.mix, state.strength, state.detail,
        state.colorsOnly, state.earlier.map { it.made }, state.grid,
    )

    private companion object {
        const val SESSION = "session/session.json"
        val JSON = Json {
            ignoreUnknownKeys = true
            allowSpecialFloatingPointValues = true
        }
    }
}
