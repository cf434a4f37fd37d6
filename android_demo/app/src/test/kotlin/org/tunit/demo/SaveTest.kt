// Results leave the app at the photograph's own size: one tap into Pictures, shared, on a full disk.
package org.tunit.demo

import android.content.ContentValues
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.os.ParcelFileDescriptor
import android.view.View
import com.sun.management.ThreadMXBean
import java.io.File
import java.io.OutputStream
import java.lang.management.ManagementFactory
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tunit.core.Pixels

/** The phone's pictures, as Android keeps them: an entry is seen by others once it is not pending. */
class PicturesProvider : TestProvider() {
    override fun insert(uri: Uri, values: ContentValues?): Uri {
        entries += ContentValues(values)
        return Uri.withAppendedPath(uri, "${entries.size - 1}")
    }

    override fun update(uri: Uri, values: ContentValues?, s: String?, a: Array<String>?): Int {
        publish()
        entries[number(uri)]!!.putAll(values)
        return 1
    }

    override fun delete(uri: Uri, s: String?, a: Array<String>?): Int {
        entries[number(uri)] = null
        return 1
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor = ParcelFileDescriptor.open(
        files(number(uri)), ParcelFileDescriptor.parseMode(mode),
    )

    private fun number(uri: Uri) = uri.lastPathSegment!!.toInt()

    companion object {
        val entries = ArrayList<ContentValues?>()
        lateinit var files: (Int) -> File
        var publish = {}
    }
}

/** Documents of another app, which can be deleted. */
class DocumentsProvider : TestProvider() {
    val deleted = ArrayList<Uri>()

    override fun call(method: String, argument: String?, extras: Bundle?): Bundle {
        assertEquals("android:deleteDocument", method)
        @Suppress("DEPRECATION") // the typed form is of API 33
        deleted += extras!!.getParcelable<Uri>("uri")!!
        return Bundle()
    }

    companion object {
        const val AUTHORITY = "org.tunit.test.writable"
        val new: Uri = Uri.parse("content://$AUTHORITY/document/new")
    }
}

@Config(sdk = [36])
class SaveTest : ScreenTest() {
    @Before
    fun provide() {
        choose("float32")
        PicturesProvider.entries.clear()
        PicturesProvider.files = { File(app.cacheDir, "saved_$it") }
        PicturesProvider.publish = {}
        Robolectric.setupContentProvider(PicturesProvider::class.java, "media")
    }

    private fun redrawn(name: String) = main(send(name)).also {
        studio.choose(look("reef").id)
        settle()
    }

    @Test
    fun oneTapSavesIntoPictures() {
        val screen = redrawn("photo.png")
        screen.get().findViewById<View>(R.id.save).performClick()
        assertEquals("Saving…", studio.state.message!!.text)
        settle()
        assertEquals("Saved in Pictures.", studio.state.message!!.text)
        assertEquals("no dialog", null, shadowOf(screen.get()).nextStartedActivity)
        val entry = PicturesProvider.entries.single()!!
        assertEquals("photo_reef.jpg", entry.getAsString("_display_name"))
        assertEquals("image/jpeg", entry.getAsString("mime_type"))
        assertEquals("Pictures/TUNIT", entry.getAsString("relative_path"))
        assertEquals(0, entry.getAsInteger("is_pending"))
        val saved = Pictures.decode(PicturesProvider.files(0), "saved").bitmap
        val decibels = Pixels.psnr(bytes(expected.photograph), rgb(saved))
        assertTrue("JPEG: $decibels dB", decibels > 35)
    }

    @Test
    @Config(sdk = [28])
    fun android9AsksWhereToSave() {
        val screen = redrawn("photo.png")
        screen.get().findViewById<View>(R.id.save).performClick()
        val request = shadowOf(screen.get()).nextStartedActivity
        assertEquals(Intent.ACTION_CREATE_DOCUMENT, request.action)
        assertEquals("photo_reef.jpg", request.getStringExtra(Intent.EXTRA_TITLE))
        val file = File(app.cacheDir, "saved.jpg")
        shadowOf(app.contentResolver).registerOutputStream(Uri.fromFile(file), file.outputStream())
        answer(screen, Requests.SAVE, Uri.fromFile(file))
        settle()
        assertEquals("Saved.", studio.state.message!!.text)
        assertEquals(301, Pictures.decode(file, "saved").bitmap.width)
    }

    @Test
    fun transparentPicturesAreSavedAsPng() {
        redrawn("alpha.png").get().findViewById<View>(R.id.save).performClick()
        settle()
        assertEquals("alpha_reef.png", PicturesProvider.entries.single()!!.getAsString("_display_name"))
        val saved = Pictures.decode(PicturesProvider.files(0), "saved").bitmap
        val before = Pictures.decode(File(pictures, "alpha.png"), "alpha").bitmap
        for (y in listOf(0, 100, 216)) {
            assertEquals(before.getPixel(7, y) ushr 24, saved.getPixel(7, y) ushr 24)
        }
    }

    @Test
    fun whatIsSharedHasThePhotographsSize() {
        val screen = redrawn("photo.png")
        screen.get().findViewById<View>(R.id.share).performClick()
        settle()
        val chooser = shadowOf(screen.get()).nextStartedActivity
        val sent = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        val stream = sent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        assertEquals("content", stream.scheme)
        assertEquals("image/jpeg", sent.type)
        assertTrue(stream.path!!, stream.path!!.endsWith("photo_reef.jpg"))
        val file = File(SharedFiles.folder(app), stream.lastPathSegment!!)
        assertEquals(301, Pictures.decode(file, "shared").bitmap.width)
        assertEquals("the sentence goes", null, studio.state.message)
    }

    @Test
    fun aFullDiskIsReportedAndNothingStays() {
        PicturesProvider.files = { File("/dev/full") }
        redrawn("photo.png").get().findViewById<View>(R.id.save).performClick()
        settle()
        val shown = studio.state.message!!.text
        assertTrue(shown, shown.startsWith("The storage is full"))
        assertEquals(listOf(null), PicturesProvider.entries)
    }

    /** Android 9 asks where to save, and has an empty document before anything is drawn. */
    @Test
    @Config(sdk = [28])
    fun nothingStaysWhereADocumentCannotBeWritten() {
        redrawn("photo.png")
        val document = DocumentsProvider.new
        val provider =
            Robolectric.setupContentProvider(DocumentsProvider::class.java, DocumentsProvider.AUTHORITY)
        val shown = translation()
        fun sentence(open: () -> OutputStream?): String {
            provider.deleted.clear()
            shadowOf(app.contentResolver).registerOutputStreamSupplier(document) { open() }
            Results(studio).save(shown, document)
            settle()
            assertEquals("the empty document goes", listOf(document), provider.deleted)
            return studio.state.message!!.text
        }
        fun text(id: Int) = app.getString(id)
        assertEquals(text(R.string.problem_cannot_save), sentence { null })
        assertEquals(text(R.string.problem_cannot_save), sentence { throw SecurityException() })
        assertEquals(text(R.string.problem_disk_full), sentence { File("/dev/full").outputStream() })
        assertEquals(text(R.string.problem_out_of_memory), sentence { throw OutOfMemoryError() })
        assertTrue(shown.source.file.delete())
        val gone = sentence { throw AssertionError("nothing is there to be written") }
        assertTrue(gone, gone.startsWith("photo.png is not there any more"))
    }

    @Test
    fun nothingStaysWhereAPictureCannotBePublished() {
        PicturesProvider.publish = { throw IllegalStateException("of the provider") }
        redrawn("photo.png").get().findViewById<View>(R.id.save).performClick()
        settle()
        assertEquals(app.getString(R.string.problem_cannot_save), studio.state.message!!.text)
        assertEquals(listOf(null), PicturesProvider.entries)
    }

    /** What is in the heap while 50 megapixels are drawn: rows, whatever the size; bitmaps are not. */
    @Test
    fun twelveAndFiftyMegapixelsAreSavedWhole() {
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
        for ((name, width, height) in listOf(
            Triple("megapixels_12.jpg", 4000, 3000), Triple("megapixels_50.jpg", 8165, 6124),
        )) {
            redrawn(name)
            var worker = 0L
            studio.work { worker = studio.compute { Thread.currentThread().id } }
            settle()
            val before = threads.getThreadAllocatedBytes(worker)
            val start = System.nanoTime()
            Results(studio).save(translation()) { throw AssertionError(it) }
            settle()
            val seconds = (System.nanoTime() - start) / 1e9
            val megabytes = (threads.getThreadAllocatedBytes(worker) - before) / 1e6
            println("save: $name in %.1f s, %.1f MB of heap".format(seconds, megabytes))
            assertEquals("Saved in Pictures.", studio.state.message!!.text)
            assertTrue("$megabytes MB", megabytes < 32)
            val file = PicturesProvider.files(PicturesProvider.entries.size - 1)
            val saved = Pictures.decode(file, name)
            assertEquals(width to height, saved.width to saved.height)
            assertTrue("not plain", saved.bitmap.getPixel(99, 99) != saved.bitmap.getPixel(1200, 900))
        }
    }

    @Test
    fun aPictureThatIsTooLargeIsSavedSmallerWithASentence() {
        redrawn("huge.jpg")
        Results(studio).save(translation()) { throw AssertionError(it) }
        settle()
        assertEquals(
            "Saved in Pictures. It has 6250 x 4000 pixels: there is not enough memory for all " +
                "12500 x 8000.",
            studio.state.message!!.text,
        )
        val saved = Pictures.decode(PicturesProvider.files(0), "saved")
        assertEquals(6250, saved.width)
    }
}
