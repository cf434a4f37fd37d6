// Where a model's files lie: in the app's assets, or in a folder.
package org.tunit

import android.content.res.AssetManager
import java.io.File
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import org.tunit.core.Manifest
import org.tunit.core.Problem
import org.tunit.core.Refused

interface ModelPlace {
    /** The manifest's text; throws [Refused]. */
    fun manifest(): String

    /** A file's bytes, outside of the Java heap; throws [Refused]. */
    fun map(name: String): ByteBuffer
}

class BundledModel(
    private val assets: AssetManager,
    private val folder: String = FOLDER,
) : ModelPlace {
    /** Whether the app was built with a model. */
    val isThere: Boolean get() = Manifest.FILE in assets.list(folder).orEmpty()

    override fun manifest(): String = try {
        assets.open("$folder/${Manifest.FILE}").use { it.readBytes().decodeToString() }
    } catch (_: IOException) {
        throw Refused(Problem.NO_MODEL)
    }

    override fun map(name: String): ByteBuffer = try {
        assets.openFd("$folder/$name").use { file ->
            FileInputStream(file.fileDescriptor).use {
                it.channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.length)
            }
        }
    } catch (_: FileNotFoundException) {
        read(name)
    }

    /** Where the build stored it compressed. */
    private fun read(name: String): ByteBuffer = try {
        val bytes = assets.open("$folder/$name").use { it.readBytes() }
        val buffer = ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder())
        buffer.duplicate().put(bytes)
        buffer
    } catch (_: IOException) {
        throw Refused(Problem.FILE_MISSING, name)
    }

    companion object {
        const val FOLDER = "model"
    }
}

class FolderModel(val folder: File) : ModelPlace {
    override fun manifest(): String = try {
        File(folder, Manifest.FILE).readText()
    } catch (_: IOException) {
        throw Refused(Problem.MANIFEST_MISSING)
    }

    override fun map(name: String): ByteBuffer = try {
        FileInputStream(File(folder, name)).use {
            it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size())
        }
    } catch (_: IOException) {
        throw Refused(Problem.FILE_MISSING, name)
    }
}
