// What outlives the process, as files of the app: the session, its pictures, earlier results.
package org.tunit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import java.io.File
import java.io.IOException
import kotlin.math.sqrt
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
    val earlier: List<SavedResult>,
    val grid: GridChoice?,
    val shown: String?,
)

@Serializable
class SavedSource(val file: String, val name: String, val box: Box?) {
    constructor(source: Source) : this(source.file.path, source.name, source.box)

    val source get() = Source(File(file), name, box)
}

/** A look of the user's own picture, which has a file, or a random one, which has a style. */
@Serializable
class SavedLook(val id: String, val name: String, val file: String?, val style: FloatArray?)

@Serializable
class SavedResult(
    val key: String,
    val file: String,
    val original: String,
    val name: String,
    val lookName: String,
)

class Store(private val context: Context) {
    private val folder = File(context.filesDir, "session").apply { mkdirs() }

    /** Null at the first start, and where the file is broken. */
    fun session(): SavedSession? = read(SESSION, SavedSession.serializer())

    fun write(state: State) = write(SESSION, SavedSession.serializer(), saved(state))

    /** A name for a new file that lasts as long as the session names it. */
    fun newFile(kind: String) = File(folder, "${kind}_${System.nanoTime()}")

    /** Removes pictures that a session does not name; at the start, while nothing else is written. */
    fun tidy(saved: SavedSession) {
        val pictures = (listOfNotNull(saved.picture) + saved.sources).map { it.file }
        val named = pictures + saved.looks.mapNotNull { it.file } +
            saved.earlier.flatMap { listOf(it.file, it.original) } + file(SESSION).path
        folder.listFiles().orEmpty().filter { it.path !in named }.forEach { it.delete() }
    }

    /** A translation on the disk; [key] identifies the picture and the looks. */
    fun result(key: String, translation: Translation): Earlier {
        val size = sqrt(translation.square.size / 3.0).toInt()
        val file = write(newFile("earlier"), Pictures.bitmap(translation.square, size))
        val original = write(newFile("earlier"), translation.original)
        return translation.run { Earlier(key, file, original, name, lookName, redrawn) }
    }

    /** Earlier results whose files are still there. */
    fun earlier(saved: SavedSession?): List<Earlier> = saved?.earlier.orEmpty().mapNotNull {
        val thumbnail = BitmapFactory.decodeFile(it.file) ?: return@mapNotNull null
        Earlier(it.key, File(it.file), File(it.original), it.name, it.lookName, thumbnail)
    }

    /** An earlier result as it was when it was new, but for its times. */
    fun translation(earlier: Earlier): Translation {
        val original = Pictures.decode(earlier.original)
        val redrawn = Pictures.decode(earlier.file)
        val square = Pictures.square(redrawn, null, redrawn.width)
        val factor = (original.width / redrawn.width).coerceAtLeast(1)
        val shown = Pictures.bitmap(square, redrawn.width, factor)
        return Translation(
            original.copy(Bitmap.Config.ARGB_8888, false).also { it.isPremultiplied = true },
            shown, square, earlier.name, earlier.lookName, 0.0, 0.0, Lane("", 0),
        )
    }

    /** The content of a JSON file; null where there is none, or it is broken. */
    fun <T> read(name: String, format: KSerializer<T>): T? = try {
        JSON.decodeFromString(format, file(name).readText())
    } catch (_: IOException) {
        null
    } catch (_: SerializationException) {
        null
    }

    /** Writes a JSON file by rename, so that a kill in between leaves the last one. */
    fun <T> write(name: String, format: KSerializer<T>, content: T) {
        val new = File("${file(name).path}.new")
        new.writeText(JSON.encodeToString(format, content))
        new.renameTo(file(name))
    }

    private fun file(name: String) = File(context.filesDir, name)

    private fun write(file: File, bitmap: Bitmap): File =
        file.apply { writeBytes(Pictures.png(bitmap)) }

    private fun saved(state: State) = SavedSession(
        state.picture?.let { SavedSource(it.source) },
        state.sources.map(::SavedSource),
        state.looks.mapNotNull {
            when (it.kind) {
                LookKind.OWN -> SavedLook(it.id, it.name, it.file!!.path, null)
                LookKind.RANDOM -> SavedLook(it.id, it.name, null, it.style)
                LookKind.EXAMPLE, LookKind.DOMAIN -> null
            }
        },
        state.first, state.second, state.mix, state.strength,
        state.earlier.map { SavedResult(it.key, it.file.path, it.original.path, it.name, it.lookName) },
        state.grid, state.shown?.path,
    )

    private companion object {
        const val SESSION = "session/session.json"
        val JSON = Json {
            ignoreUnknownKeys = true
            allowSpecialFloatingPointValues = true
        }
    }
}
