// The process: one studio, whatever becomes of the screens.
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

    /** As if the process had ended: the next screen starts with what lies on the disk. */
    internal fun forget() {
        current?.close()
        current = null
    }
}

/** The process's studio. */
val Context.studio: Studio get() = (applicationContext as TunitApp).studio
