// The process: one studio, whatever becomes of the screens.
package org.tunit.demo

import android.app.Application
import android.content.Context

class TunitApp : Application() {
    val studio by lazy { Studio(this).apply { start() } }
}

/** The process's studio. */
val Context.studio: Studio get() = (applicationContext as TunitApp).studio
