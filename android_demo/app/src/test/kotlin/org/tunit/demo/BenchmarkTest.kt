// The benchmark of debug builds: its rows outlive turning and the process, and are of one model.
package org.tunit.demo

import android.content.ClipboardManager
import android.view.View
import android.widget.TableLayout
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
import org.tunit.core.Measured
import org.tunit.demo.benchmark.Benchmark
import org.tunit.demo.benchmark.BenchmarkActivity
import org.tunit.demo.benchmark.Rows

@Config(sdk = [36])
class BenchmarkTest : ScreenTest() {
    private val benchmark get() = Benchmark.of(studio)

    @Before
    fun plain() = choose("float32")

    @Test
    @Config(sdk = [28, 36])
    fun measuredRowsOutliveTurningAndTheProcess() {
        val screen = main().let { open(BenchmarkActivity::class.java) }
        benchmark.variants = setOf("float32")
        screen.get().findViewById<View>(R.id.run).performClick()
        settle()
        val text = benchmark.text()
        assertEquals(Choices.threads().size, benchmark.measured.value.rows.size)
        screen.recreate()
        assertEquals(text, benchmark.text())
        val after = open(BenchmarkActivity::class.java, saved = endProcess(screen))
        assertEquals(text, benchmark.text())
        val rows = after.get().findViewById<TableLayout>(R.id.table).childCount
        assertEquals("a head and the rows", Choices.threads().size + 1, rows)
        after.get().findViewById<View>(R.id.copy).performClick()
        val board = app.getSystemService(ClipboardManager::class.java)
        assertEquals(text, board.primaryClip!!.getItemAt(0).text.toString())
    }

    @Test
    fun aMeasurementIsStopped() {
        val screen = main().let { open(BenchmarkActivity::class.java) }
        benchmark.variants = setOf("float32")
        val button = screen.get().findViewById<View>(R.id.run)
        button.performClick()
        assertEquals(Choices.threads().size, benchmark.progress.value!!.total)
        button.performClick()
        settle()
        assertEquals(null, benchmark.progress.value)
        assertTrue(benchmark.measured.value.rows.isEmpty())
    }

    @Test
    fun rowsOfAnotherModelAreNotShown() {
        main()
        val row = Measured("float32", 4, 9.0, 1.25, 120.4, 88.0)
        studio.store.write(Benchmark.FILE, Rows.serializer(), Rows("another", listOf(row), setOf("a")))
        open(BenchmarkActivity::class.java)
        assertEquals(Rows(), benchmark.measured.value)
        val model = studio.state.model!!.manifest
        studio.store.write(Benchmark.FILE, Rows.serializer(), Rows(model.identity, listOf(row)))
        (app as TunitApp).forget()
        main().let { open(BenchmarkActivity::class.java) }
        val text = benchmark.text()
        assertTrue(text, text.endsWith("| float32 | 4 | 9.00 | 1.25 | 120 | 88 |\n"))
    }

    @Test
    fun aBrokenFileIsNone() {
        main()
        for (broken in listOf("", "{\"rows\": [1]}", "[]")) {
            File(app.filesDir, Benchmark.FILE).writeText(broken)
            assertEquals(broken, null, studio.store.read(Benchmark.FILE, Rows.serializer()))
            File(app.filesDir, "session/session.json").writeText(broken)
            assertEquals(broken, null, studio.store.session())
        }
        (app as TunitApp).forget()
        mainWithExample()
        translation()
    }
}
