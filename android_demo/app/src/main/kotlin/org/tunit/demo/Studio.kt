// What the screens work on: one state, changed on the main thread only, for the whole process. What
// can be done with it stands by subject in Opening.kt, Sources.kt, LookChoice.kt, Translating.kt and
// Lanes.kt.
package org.tunit.demo

import android.content.Context
import java.util.Random
import java.util.concurrent.atomic.AtomicInteger
import org.tunit.core.Refused

class Studio(val context: Context, bundled: BundledModel) {
    val worker = Worker()
    val engine = Engine(context)
    val choices = Choices(context)
    val models = ModelStore(context, bundled)
    internal val session = Session(context)
    internal val history = History(session.folder)
    internal val benchmarkFile = BenchmarkFile(context)
    internal val newest = AtomicInteger() // translation asked for
    internal val random = Random()
    private val listeners = LinkedHashSet<(State) -> Unit>()

    /** The measurement of the benchmark screen, which outlives the screen. */
    val benchmark by lazy { Benchmark(this) }

    /** The table of pictures and looks, which outlives its screen while that is turned. */
    val grid by lazy { TranslationGrid(this) }

    @Volatile
    var state = State()
        internal set(value) {
            field = value
            listeners.toList().forEach { it(value) }
        }

    fun listen(listener: (State) -> Unit) {
        listeners.add(listener)
        listener(state)
    }

    fun ignore(listener: (State) -> Unit) {
        listeners.remove(listener)
    }

    /** A job whose failure is shown as a sentence. */
    fun <T> run(job: () -> T, done: (T) -> Unit) = worker.run(job, ::report, done)

    fun report(refused: Refused) {
        state = state.copy(working = false, message = message(refused))
    }

    fun say(text: String) {
        state = state.copy(message = Message(text, false))
    }

    fun message(refused: Refused) = Message(Sentences.of(context, refused), true)
}
