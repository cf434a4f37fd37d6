// The process has one studio, which outlives the screens.
package org.tunit.demo

import android.app.Application
import android.content.Context
import org.tunit.BundledModel

class TunitApp : Application() {
    private var current: Studio? = null

    /** Folder of the app's own model in its assets. */
    internal var bundled = BundledModel.FOLDER

    /** Where Live gets its frames from. */
    internal var camera: (Context) -> FrameSource = ::Camera

    val studio: Studio get() = current ?: Studio(this, BundledModel(assets, bundled)).also {
        current = it
        it.start()
    }

    /** For tests: as if the process had ended, the next screen starts from the files. */
    internal fun forget() {
        current?.close()
        current = null
    }
}

/** The process's studio. */
val Context.studio: Studio get() = (applicationContext as TunitApp).studio
