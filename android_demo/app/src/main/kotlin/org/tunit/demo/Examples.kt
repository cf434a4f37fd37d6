// Pictures to try the app with: those that the model's manifest names.
package org.tunit.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.tunit.ModelPlace
import org.tunit.core.Example
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

/** An example as a file; [id] identifies it, [name] is for people. */
class ExampleFile(val id: String, val name: String, val file: File) {
    val source get() = Source(file, name, null)
}

/** Copies examples to where they can be decoded, after they were compared with the manifest. */
class Examples(context: Context, private val place: ModelPlace, private val manifest: Manifest) {
    private val folder = File(context.filesDir, "examples/${manifest.identity}")

    /** What is wrong with the first example that is left out. */
    var refused: Refused? = null
        private set

    val pictures = manifest.examples.filter { !it.isLook }.mapNotNull(::of)
    val looks = manifest.examples.filter { it.isLook }.mapNotNull(::of)

    /** A look of an example; null where its file is no picture. */
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
