// Frames of one of the phone's cameras, by Camera2.
package org.tunit.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Size
import android.view.Surface
import android.view.WindowManager
import kotlin.math.abs
import org.tunit.core.Problem
import org.tunit.core.Refused
import org.tunit.core.YuvFrame
import org.tunit.core.YuvPlane

class Camera(private val context: Context) : FrameSource {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var opened: Opened? = null

    override val canTurn: Boolean get() = find(front = true) != null && find(front = false) != null

    override fun start(front: Boolean, show: (Frame) -> Unit, failed: (Refused) -> Unit) {
        stop()
        val id = find(front) ?: find(!front) ?: return failed(Refused(Problem.NO_CAMERA))
        opened = try {
            Opened(id, show, failed)
        } catch (_: CameraAccessException) {
            return failed(Refused(Problem.CAMERA_BUSY))
        } catch (_: SecurityException) {
            return failed(Refused(Problem.CAMERA_REFUSED))
        }
    }

    override fun stop() {
        opened?.close()
        opened = null
    }

    private fun find(front: Boolean): String? = try {
        val facing =
            if (front) CameraCharacteristics.LENS_FACING_FRONT
            else CameraCharacteristics.LENS_FACING_BACK
        manager.cameraIdList.firstOrNull {
            manager.getCameraCharacteristics(it)[CameraCharacteristics.LENS_FACING] == facing
        }
    } catch (_: CameraAccessException) {
        null
    }

    /** A camera in use; its callbacks come on a thread of their own. */
    private inner class Opened(
        id: String,
        private val show: (Frame) -> Unit,
        private val failed: (Refused) -> Unit,
    ) {
        private val facts = manager.getCameraCharacteristics(id)
        private val isFront =
            facts[CameraCharacteristics.LENS_FACING] == CameraCharacteristics.LENS_FACING_FRONT
        private val reader = size().let {
            ImageReader.newInstance(it.width, it.height, ImageFormat.YUV_420_888, MOST_IMAGES)
        }
        private val thread = HandlerThread("camera").apply { start() }
        private val handler = Handler(thread.looper)
        private var device: CameraDevice? = null

        private val lock = Any() // guards the next two, since frames are given back on other threads

        @Volatile
        private var isClosed = false
        private var lent = 0 // images that were shown and not given back

        init {
            reader.setOnImageAvailableListener({ take()?.let(::show) }, handler)
            try {
                open(id)
            } catch (error: CameraAccessException) {
                close()
                throw error
            } catch (error: SecurityException) {
                close()
                throw error
            }
        }

        @SuppressLint("MissingPermission") // LiveActivity asks for it, and a refusal is caught
        private fun open(id: String) = manager.openCamera(id, Device(), handler)

        /** The one nearest to [WANTED], of the usual 4 by 3 where there are any. */
        private fun size(): Size {
            val map = facts[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP]
            val all = map?.getOutputSizes(ImageFormat.YUV_420_888).orEmpty()
                .ifEmpty { throw CameraAccessException(CameraAccessException.CAMERA_ERROR) }
            val usual = all.filter { 3 * it.width == 4 * it.height }.ifEmpty { all.toList() }
            return usual.minBy { abs(it.height - WANTED) }
        }

        private fun take(): Image? = synchronized(lock) {
            if (isClosed) null else reader.acquireLatestImage()?.also { lent++ }
        }

        private fun giveBack(image: Image) = synchronized(lock) {
            image.close()
            lent--
            freeIfDone()
        }

        /** Closing the reader frees all of its images, so it waits for those that are being read. */
        private fun freeIfDone() {
            if (!isClosed || lent > 0) return
            reader.close()
            thread.quitSafely()
        }

        private fun show(image: Image) =
            show(CameraFrame(image, turns(), isFront) { giveBack(image) })

        /** Quarter turns that make its frames upright. */
        private fun turns(): Int {
            val sensor = facts[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0
            val windows = context.getSystemService(WindowManager::class.java)
            @Suppress("DEPRECATION") // what replaces it is of API 30
            val screen = when (windows.defaultDisplay.rotation) {
                Surface.ROTATION_90 -> 90
                Surface.ROTATION_180 -> 180
                Surface.ROTATION_270 -> 270
                else -> 0
            }
            return (if (isFront) sensor + screen else sensor - screen) / 90
        }

        fun close() {
            handler.post {
                device?.close()
                synchronized(lock) {
                    isClosed = true
                    freeIfDone()
                }
            }
        }

        private inner class Device : CameraDevice.StateCallback() {
            override fun onOpened(camera: CameraDevice) {
                if (isClosed) return camera.close()
                device = camera
                try {
                    @Suppress("DEPRECATION") // what replaces it is of API 30
                    camera.createCaptureSession(listOf(reader.surface), Session(camera), handler)
                } catch (_: CameraAccessException) {
                    fail()
                }
            }

            override fun onDisconnected(camera: CameraDevice) = fail()

            override fun onError(camera: CameraDevice, error: Int) = fail()
        }

        private inner class Session(private val camera: CameraDevice) :
            CameraCaptureSession.StateCallback() {
            override fun onConfigured(session: CameraCaptureSession) {
                if (isClosed) return
                try {
                    val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                    request.addTarget(reader.surface)
                    val focus = CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE
                    request[CaptureRequest.CONTROL_AF_MODE] = focus
                    session.setRepeatingRequest(request.build(), null, handler)
                } catch (_: CameraAccessException) {
                    fail()
                } catch (_: IllegalStateException) { // the session ended meanwhile
                    fail()
                }
            }

            override fun onConfigureFailed(session: CameraCaptureSession) = fail()
        }

        private fun fail() {
            if (isClosed) return
            isClosed = true
            device?.close()
            failed(Refused(Problem.CAMERA_BUSY))
        }
    }

    private class CameraFrame(
        image: Image,
        private val turns: Int,
        private val mirrored: Boolean,
        private val giveBack: () -> Unit,
    ) : Frame {
        private val yuv = image.planes.map { YuvPlane(it.buffer, it.rowStride, it.pixelStride) }
            .let { (y, u, v) -> YuvFrame(y, u, v, image.width, image.height) }

        override fun side(step: Int) = yuv.side(step)

        override fun argb(step: Int) = yuv.middle(turns, mirrored, step)

        override fun close() = giveBack()
    }

    private companion object {
        const val WANTED = 960 // rows: a photo in its own size, every second one on the screen
        const val MOST_IMAGES = 4 // one redrawn, one waiting, two for the camera
    }
}
