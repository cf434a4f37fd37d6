// What all screens share: room for the system's bars, the studio's state, a bar with a way back, menus.
package org.tunit.demo

import android.app.Activity
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.WindowInsets
import android.widget.PopupMenu
import android.widget.SeekBar
import android.widget.TextView
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

abstract class Screen : Activity() {
    /** Ends with the screen. */
    protected val scope by lazy { CoroutineScope(studio.main) }

    /** Puts a layout on the screen; views inside of `root` stay clear of the system's bars. */
    protected fun layout(id: Int) {
        setContentView(id)
        val root = findViewById<View>(R.id.root)
        root.setOnApplyWindowInsetsListener { view, insets ->
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
                val types = WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout()
                val bars = insets.getInsets(types)
                view.setPadding(bars.left, bars.top, bars.right, bars.bottom)
            } else {
                @Suppress("DEPRECATION")
                view.setPadding(
                    insets.systemWindowInsetLeft, insets.systemWindowInsetTop,
                    insets.systemWindowInsetRight, insets.systemWindowInsetBottom,
                )
            }
            insets
        }
        findViewById<TextView>(R.id.title)?.text = title
        findViewById<View>(R.id.back)?.setOnClickListener { finish() }
    }

    override fun onPostCreate(savedInstanceState: Bundle?) {
        super.onPostCreate(savedInstanceState)
        scope.launch { studio.states.collect { show(it) } }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** Brings the screen to a state. */
    protected abstract fun show(state: State)

    /** Shows the state's sentence, or none. */
    protected fun showMessage(message: Message?) {
        val view = findViewById<TextView>(R.id.message)
        view.visibility = if (message == null) View.GONE else View.VISIBLE
        val isProblem = message?.isProblem == true
        view.backgroundTintList = getColorStateList(if (isProblem) R.color.problem else R.color.tonal)
        view.setTextColor(getColor(if (isProblem) R.color.on_problem else R.color.on_tonal))
        if (view.text.toString() != message?.text.orEmpty()) view.text = message?.text.orEmpty()
    }

    /** Calls [moved] with the new position when the user moves a slider. */
    protected fun SeekBar.onMove(moved: (Int) -> Unit) {
        setOnSeekBarChangeListener(
            object : SeekBar.OnSeekBarChangeListener {
                override fun onProgressChanged(bar: SeekBar, progress: Int, fromUser: Boolean) {
                    if (fromUser) moved(progress)
                }

                override fun onStartTrackingTouch(bar: SeekBar) = Unit

                override fun onStopTrackingTouch(bar: SeekBar) = Unit
            },
        )
    }
}

/** Fills a menu. */
class MenuItems(private val menu: PopupMenu) {
    private val actions = ArrayList<() -> Unit>()

    fun item(text: Int, action: () -> Unit) {
        menu.menu.add(0, actions.size, actions.size, text)
        actions.add(action)
    }

    fun item(text: String, action: () -> Unit) {
        menu.menu.add(0, actions.size, actions.size, text)
        actions.add(action)
    }

    fun chosen(id: Int) = actions[id]()
}

/** Opens a menu at a view; returns true, as listeners do that used a tap. */
fun menu(anchor: View, fill: MenuItems.() -> Unit): Boolean {
    val popup = PopupMenu(anchor.context, anchor)
    val items = MenuItems(popup).apply(fill)
    popup.setOnMenuItemClickListener {
        items.chosen(it.itemId)
        true
    }
    popup.show()
    return true
}
