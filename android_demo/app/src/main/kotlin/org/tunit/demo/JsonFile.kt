// A JSON file of the app's own, which may be missing or broken.
package org.tunit.demo

import java.io.File
import java.io.IOException
import org.tunit.core.Json
import org.tunit.core.JsonError

class JsonFile(private val file: File) {
    val path: String get() = file.path

    /** What `parse` makes of the content; null where there is none, or it is broken. */
    fun <T> read(parse: (Map<*, *>) -> T): T? = try {
        parse(Json.parse(file.readText()) as Map<*, *>)
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
    fun write(content: Map<String, Any?>) {
        val temporary = File("$path.new")
        temporary.writeText(Json.write(content))
        temporary.renameTo(file)
    }
}
