// Work off the main thread, one job after the other; what comes of it returns to the main thread.
package org.tunit.demo

import android.os.Handler
import android.os.Looper
import java.io.IOException
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import org.tunit.core.Problem
import org.tunit.core.Refused

class Worker {
    private val main = Handler(Looper.getMainLooper())
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "studio") }
    private val waiting = AtomicInteger()

    /** Whether nothing is under way. */
    val idle: Boolean get() = waiting.get() == 0

    /**
     * @param job runs on the worker's thread; it may throw [Refused].
     * @param failed takes what went wrong, on the main thread.
     * @param done takes the result, on the main thread.
     */
    fun <T> run(job: () -> T, failed: (Refused) -> Unit, done: (T) -> Unit) {
        waiting.incrementAndGet()
        thread.execute {
            var result: T? = null
            val refused = try {
                result = job()
                null
            } catch (refused: Refused) {
                refused
            } catch (_: OutOfMemoryError) {
                Refused(Problem.OUT_OF_MEMORY)
            } catch (error: IOException) {
                Refused(if (error.isDiskFull) Problem.DISK_FULL else Problem.CANNOT_SAVE)
            }
            main.post {
                @Suppress("UNCHECKED_CAST")
                if (refused == null) done(result as T) else failed(refused)
                waiting.decrementAndGet()
            }
        }
    }
}
