// The first screen: what the app does, what its model knows, a way to begin; and words for visitors.
package org.tunit.demo

import android.content.Intent
import android.net.Uri
import android.provider.MediaStore
import android.view.View
import android.view.ViewGroup
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@Config(sdk = [36])
class WelcomeTest : ScreenTest() {
    @Before
    fun plain() = choose("float32")

    private fun View.child(id: Int): View = findViewById(id)

    @Test
    @Config(sdk = [28, 36])
    fun itSaysWhatTheAppDoesAndWhatTheModelKnows() {
        val screen = main().get().window.decorView
        val manifest = studio.state.model!!.manifest
        val shown = texts(screen)
        for (words in listOf("Redraw a photo in another look", manifest.title, manifest.description)) {
            assertTrue("$words in $shown", words in shown)
        }
        assertTrue("Your photo" in shown && "Try an example" in shown)
        assertEquals(null, studio.state.picture)
        assertFalse("no result that nobody asked for", screen.child(R.id.editor).isShown)
        assertEquals("examples", 4, (screen.child(R.id.offered) as ViewGroup).childCount)
    }

    @Test
    fun anExampleIsOneTapAway() {
        val screen = main().get().window.decorView
        screen.child(R.id.try_example).performClick()
        settle()
        assertEquals(studio.state.examples[0].name, translation().name)
        assertTrue(screen.child(R.id.editor).isShown)
        assertFalse(screen.child(R.id.welcome).isShown)
        assertTrue("the result can be saved at once", screen.child(R.id.save).isEnabled)
    }

    @Test
    fun yourPhotoAsksForOne() {
        val screen = main()
        screen.get().findViewById<View>(R.id.your_photo).performClick()
        assertEquals(MediaStore.ACTION_PICK_IMAGES, shadowOf(screen.get()).nextStartedActivity.action)
        answer(screen, Requests.PICTURE, uri("photo.png"))
        settle()
        assertEquals("photo.png", translation().name)
    }

    @Test
    fun severalPicturesThatAreSharedAreTaken() {
        val names = listOf("photo.png", "not_a_picture.png", "rotated.jpg", "cut_off.png")
        val uris = ArrayList(names.map(::uri))
        main(
            Intent(Intent.ACTION_SEND_MULTIPLE).setType("image/*")
                .putParcelableArrayListExtra(Intent.EXTRA_STREAM, uris as ArrayList<Uri>),
        )
        assertEquals("photo.png", translation().name)
        assertEquals(listOf("photo.png", "rotated.jpg"), studio.state.sources.map { it.name })
        val message = studio.state.message!!.text
        assertTrue(message, message.startsWith("not_a_picture.png is not a picture"))
        assertTrue(message, message.endsWith("1 other file could not be read either."))
    }

    @Test
    fun theManifestTakesSeveralPictures() {
        val intent = Intent(Intent.ACTION_SEND_MULTIPLE).setType("image/*")
        intent.addCategory(Intent.CATEGORY_DEFAULT)
        val found = app.packageManager.queryIntentActivities(intent, 0)
        assertEquals(listOf(MainActivity::class.java.name), found.map { it.activityInfo.name })
    }

    @Test
    fun numbersOfDevelopersAreOnTheirPageOnly() {
        val main = mainWithExample().get().window.decorView
        studio.setStrength(1.2f)
        settle()
        val screens = listOf(
            EarlierActivity::class.java, ModelActivity::class.java, GridActivity::class.java,
            CropActivity::class.java,
        ).map { open(it).get().window.decorView } + main
        val technical =
            Regex("\\bms\\b|millisecond|\\bdB\\b|float|int8|variant|thread", RegexOption.IGNORE_CASE)
        for (screen in screens) {
            val shown = texts(screen).filter(technical::containsMatchIn)
            assertEquals(emptyList<String>(), shown)
        }
        val developers = texts(open(DeveloperActivity::class.java).get().window.decorView)
        assertTrue("$developers", developers.count(technical::containsMatchIn) > 4)
    }
}
