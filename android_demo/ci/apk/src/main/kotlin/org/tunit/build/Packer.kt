// A ZIP file whose stored entries are aligned: 16 KiB for native libraries, so that they are mapped
// from the APK also on devices with pages of that size, 4 bytes for the rest.
package org.tunit.build

import java.io.Closeable
import java.io.File
import java.io.FilterOutputStream
import java.io.OutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.time.LocalDateTime
import java.util.zip.CRC32
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

internal class Packer(file: File) : Closeable {
    private val counted = Counted(file.outputStream().buffered())
    private val zip = ZipOutputStream(counted)

    fun add(name: String, content: ByteArray, stored: Boolean) {
        val entry = ZipEntry(name)
        entry.timeLocal = EPOCH // the same file every time
        if (stored) {
            entry.method = ZipEntry.STORED
            entry.size = content.size.toLong()
            entry.crc = CRC32().apply { update(content) }.value
            entry.extra = padding(counted.count + HEADER + name.toByteArray().size, alignment(name))
        }
        zip.putNextEntry(entry)
        zip.write(content)
        zip.closeEntry()
        zip.flush()
    }

    override fun close() = zip.close()

    private fun alignment(name: String): Int = if (name.endsWith(".so")) 16384 else 4

    /** Android's extra field for alignment: the alignment, then zeros. */
    private fun padding(start: Long, alignment: Int): ByteArray {
        val least = 6
        val zeros = ((alignment - (start + least) % alignment) % alignment).toInt()
        return ByteBuffer.allocate(least + zeros).order(ByteOrder.LITTLE_ENDIAN)
            .putShort(ALIGNMENT_FIELD).putShort((2 + zeros).toShort()).putShort(alignment.toShort())
            .array()
    }

    private class Counted(out: OutputStream) : FilterOutputStream(out) {
        var count = 0L

        override fun write(b: Int) = out.write(b).also { count++ }

        override fun write(b: ByteArray, off: Int, len: Int) {
            out.write(b, off, len)
            count += len
        }
    }

    private companion object {
        const val HEADER = 30
        const val ALIGNMENT_FIELD = 0xD935.toShort()
        val EPOCH: LocalDateTime = LocalDateTime.of(2020, 1, 1, 0, 0)
    }
}
