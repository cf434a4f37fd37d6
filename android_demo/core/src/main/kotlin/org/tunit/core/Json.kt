// JSON without Android: strict reading into maps and lists, and writing.
package org.tunit.core

class JsonError(message: String) : Exception(message)

object Json {
    /** Map, List, String, Double, Boolean or null of a text; throws [JsonError]. */
    fun parse(text: String): Any? = Parser(text).all()

    /** Text of maps, lists, strings, numbers, booleans and null; numbers must be finite. */
    fun write(value: Any?): String = StringBuilder().also { append(it, value) }.toString()

    private fun append(to: StringBuilder, value: Any?) {
        when (value) {
            is String -> appendString(to, value)
            is Map<*, *> -> appendAll(to, value.entries, "{}") {
                appendString(to, it.key as String)
                to.append(':')
                append(to, it.value)
            }
            is List<*> -> appendAll(to, value, "[]") { append(to, it) }
            is FloatArray -> append(to, value.asList())
            is Double -> require(value.isFinite()).also { to.append(value) }
            is Float -> require(value.isFinite()).also { to.append(value) }
            null, is Boolean, is Number -> to.append(value)
            else -> throw IllegalArgumentException("not JSON: ${value.javaClass}")
        }
    }

    private fun <T> appendAll(
        to: StringBuilder,
        items: Collection<T>,
        marks: String,
        one: (T) -> Unit,
    ) {
        to.append(marks[0])
        items.forEachIndexed { i, item ->
            if (i > 0) to.append(',')
            one(item)
        }
        to.append(marks[1])
    }

    private fun appendString(to: StringBuilder, text: String) {
        to.append('"')
        for (c in text) {
            when {
                c == '"' || c == '\\' -> to.append('\\').append(c)
                c < ' ' -> to.append(String.format("\\u%04x", c.code))
                else -> to.append(c)
            }
        }
        to.append('"')
    }
}

private class Parser(private val text: String) {
    private var at = 0

    fun all(): Any? {
        val value = value(0)
        space()
        if (at < text.length) fail()
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > MAX_DEPTH) fail()
        space()
        return when (peek()) {
            '{' -> members(depth)
            '[' -> items(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun members(depth: Int): Map<String, Any?> {
        val result = LinkedHashMap<String, Any?>()
        sequence('}') {
            space()
            val name = string()
            space()
            take(':')
            result[name] = value(depth + 1)
        }
        return result
    }

    private fun items(depth: Int): List<Any?> {
        val result = ArrayList<Any?>()
        sequence(']') { result.add(value(depth + 1)) }
        return result
    }

    private fun sequence(end: Char, one: () -> Unit) {
        at++
        space()
        if (peek() == end) {
            at++
            return
        }
        while (true) {
            one()
            space()
            if (peek() == end) break
            take(',')
        }
        at++
    }

    private fun string(): String {
        take('"')
        val result = StringBuilder()
        while (true) {
            val c = next()
            when {
                c == '"' -> return result.toString()
                c == '\\' -> result.append(escaped())
                c < ' ' -> fail()
                else -> result.append(c)
            }
        }
    }

    private fun escaped(): Char = when (val c = next()) {
        '"', '\\', '/' -> c
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> {
            if (at + 4 > text.length) fail()
            at += 4
            (text.substring(at - 4, at).toIntOrNull(16) ?: fail()).toChar()
        }
        else -> fail()
    }

    private fun number(): Double {
        val match = NUMBER.find(text, at)?.takeIf { it.range.first == at } ?: fail()
        at = match.range.last + 1
        return match.value.toDouble()
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail()
        at += word.length
        return value
    }

    private fun space() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun take(c: Char) {
        if (next() != c) fail()
    }

    private fun next(): Char = peek().also { at++ }

    private fun peek(): Char = if (at < text.length) text[at] else fail()

    private fun fail(): Nothing = throw JsonError("not JSON at character $at")

    private companion object {
        const val MAX_DEPTH = 64
        val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")
    }
}
