// Pictures to try the app with: those that the model's manifest names, then the app's own.
package org.tunit.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

/** An example as a file; [id] identifies it. */
class ExampleFile(val id: String, val file: File) {
    val source get() = Source(file, file.name, null)
}

/** Copies examples to where they can be decoded; those of a model are verified first. */
class Examples(private val context: Context, place: ModelPlace?, manifest: Manifest?) {
    private val folder = File(context.filesDir, "examples")

    /** What is wrong with the first example that is left out. */
    var refused: Refused? = null
        private set

    val pictures: List<ExampleFile>
    val looks: List<ExampleFile>

    init {
        val named = manifest?.examples.orEmpty()
        val known = named.associateWith { of(place!!, manifest!!, it.file) }
        pictures = named.filter { !it.isLook }.mapNotNull(known::get) + own("examples/pictures")
        looks = named.filter { it.isLook }.mapNotNull(known::get) + own("examples/looks")
    }

    /** A look of an example; null where its file is no picture. */
    fun <T> tried(example: ExampleFile, read: () -> T): T? = try {
        read()
    } catch (_: Refused) {
        leaveOut(Refused(Problem.EXAMPLE_DAMAGED, example.file.name))
    }

    private fun of(place: ModelPlace, manifest: Manifest, name: String): ExampleFile? = try {
        val file = File(folder, "${manifest.identity}/$name")
        val content = place.map(name)
        val bytes = ByteArray(content.capacity()).also { content.get(it) }
        manifest.check(name, bytes.inputStream())
        ExampleFile("model $name", file.also { write(it, bytes) })
    } catch (refused: Refused) {
        val missing = refused.problem == Problem.FILE_MISSING
        val problem = if (missing) Problem.EXAMPLE_MISSING else Problem.EXAMPLE_DAMAGED
        leaveOut(Refused(problem, name))
    } catch (_: IOException) {
        leaveOut(Refused(Problem.DISK_FULL))
    }

    private fun own(path: String): List<ExampleFile> =
        context.assets.list(path).orEmpty().sorted().mapNotNull { name ->
            try {
                val bytes = context.assets.open("$path/$name").use { it.readBytes() }
                ExampleFile("$path/$name", File(folder, name).also { write(it, bytes) })
            } catch (_: IOException) {
                leaveOut(Refused(Problem.DISK_FULL))
            }
        }

    private fun write(file: File, bytes: ByteArray) {
        if (file.isFile && file.readBytes().contentEquals(bytes)) return
        file.parentFile!!.mkdirs()
        file.writeBytes(bytes)
    }

    private fun leaveOut(why: Refused): Nothing? {
        if (refused == null) refused = why
        return null
    }
}
