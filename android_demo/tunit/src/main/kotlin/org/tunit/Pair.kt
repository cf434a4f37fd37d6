// Encoder and generator of one variant on TensorFlow Lite's (or LiteRT's) Interpreter.
package org.tunit

import java.io.Closeable
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tunit.core.Manifest
import org.tunit.core.Pixels
import org.tunit.core.Problem
import org.tunit.core.Refused
import org.tunit.core.Variant

/** How a pair is computed. */
data class Lane(val variant: String, val threads: Int, val gpu: Boolean = false)

/**
 * A loaded pair; not for use by several threads at once.
 *
 * Throws [Refused] where a file is not the model that the manifest describes.
 */
class Pair(place: ModelPlace, private val manifest: Manifest, val lane: Lane) : Closeable {
    private val variant: Variant = manifest.variant(lane.variant)
    private val encoder: Model
    private val generator: Model

    init {
        val image = intArrayOf(1, manifest.imageSize, manifest.imageSize, 3)
        val style = intArrayOf(1, manifest.styleDim)
        encoder = Model(
            place, variant.encoder, ENCODE, mapOf(IMAGE to image),
            mapOf(STYLE to style, PROBABILITIES to intArrayOf(1, manifest.numDomains)), lane,
        )
        try {
            generator = Model(
                place, variant.generator, GENERATE, mapOf(IMAGE to image, STYLE to style),
                mapOf(TRANSLATED to image), lane,
            )
        } catch (error: Throwable) {
            encoder.close()
            throw error
        }
    }

    /** Style code of a square of RGB bytes. */
    fun style(square: ByteArray): FloatArray {
        Pixels.toFloats(square, encoder.input(IMAGE))
        encoder.run()
        return FloatArray(manifest.styleDim).also { encoder.output(STYLE).get(it) }
    }

    /** A square of RGB bytes redrawn in a style. */
    fun generate(square: ByteArray, style: FloatArray): ByteArray {
        Pixels.toFloats(square, generator.input(IMAGE))
        generator.input(STYLE).put(style)
        generator.run()
        return Pixels.toBytes(generator.output(TRANSLATED), square.size)
    }

    override fun close() {
        encoder.close()
        generator.close()
    }

    private companion object {
        const val ENCODE = "encode"
        const val GENERATE = "generate"
        const val IMAGE = "image"
        const val STYLE = "style"
        const val PROBABILITIES = "domain_probabilities"
        const val TRANSLATED = "translated"
    }
}

/** A .tflite file with one signature, called with named tensors of known shapes. */
private class Model(
    place: ModelPlace,
    private val file: String,
    private val signature: String,
    inputs: Map<String, IntArray>,
    outputs: Map<String, IntArray>,
    lane: Lane,
) : Closeable {
    private val delegate: Delegate? = if (lane.gpu) Gpu.delegate() else null
    private val interpreter: Interpreter
    private val inputs = inputs.mapValues { buffer(it.value) }
    private val outputs = outputs.mapValues { buffer(it.value) }

    init {
        val options = Interpreter.Options().setNumThreads(lane.threads)
        delegate?.let(options::addDelegate)
        interpreter = try {
            Interpreter(place.map(file), options)
        } catch (_: IllegalArgumentException) {
            closeDelegate()
            throw Refused(if (lane.gpu) Problem.GPU_FAILED else Problem.FILE_NOT_A_MODEL, file)
        }
        try {
            check(inputs, outputs)
        } catch (refused: Refused) {
            close()
            throw refused
        }
    }

    fun input(name: String): FloatBuffer = floats(inputs.getValue(name))

    fun output(name: String): FloatBuffer = floats(outputs.getValue(name))

    fun run() {
        (inputs.values + outputs.values).forEach(::rewind)
        try {
            interpreter.runSignature(inputs as Map<String, Any>, outputs as Map<String, Any>, signature)
        } catch (_: IllegalArgumentException) {
            throw Refused(Problem.FILE_NOT_A_MODEL, file)
        } catch (_: IllegalStateException) {
            throw Refused(Problem.FILE_NOT_A_MODEL, file)
        }
    }

    override fun close() {
        interpreter.close()
        closeDelegate()
    }

    private fun closeDelegate() = (delegate as? Closeable)?.close()

    private fun check(inputs: Map<String, IntArray>, outputs: Map<String, IntArray>) {
        val found = interpreter.signatureKeys.toList()
        if (found != listOf(signature)) {
            val has = found.joinToString().ifEmpty { "-" }
            throw Refused(Problem.OTHER_SIGNATURE, file, signature, has)
        }
        for ((names, expected) in listOf(
            interpreter.getSignatureInputs(signature) to inputs,
            interpreter.getSignatureOutputs(signature) to outputs,
        )) {
            for ((name, shape) in expected) {
                val tensor = when {
                    name !in names -> null
                    expected === inputs -> interpreter.getInputTensorFromSignature(name, signature)
                    else -> interpreter.getOutputTensorFromSignature(name, signature)
                }
                if (tensor == null || !tensor.shape().contentEquals(shape)) {
                    val has = tensor?.shape()?.joinToString(" x ") ?: "-"
                    throw Refused(Problem.OTHER_SHAPE, file, name, shape.joinToString(" x "), has)
                }
            }
        }
    }

    private fun buffer(shape: IntArray): ByteBuffer =
        ByteBuffer.allocateDirect(4 * shape.fold(1, Int::times)).order(ByteOrder.nativeOrder())

    private fun floats(buffer: ByteBuffer): FloatBuffer {
        rewind(buffer)
        return buffer.asFloatBuffer()
    }

    /** As a Buffer: the same method of ByteBuffer is newer than Android 9. */
    private fun rewind(buffer: Buffer) {
        buffer.rewind()
    }
}

/** The GPU delegate, in builds that have its library: Gradle's. */
object Gpu {
    private const val CLASS = "org.tensorflow.lite.gpu.GpuDelegate"

    val available: Boolean by lazy {
        try {
            Class.forName(CLASS)
            true
        } catch (_: ClassNotFoundException) {
            false
        }
    }

    /** Throws [Refused] where the phone has no GPU that it can use. */
    fun delegate(): Delegate = try {
        Class.forName(CLASS).getDeclaredConstructor().newInstance() as Delegate
    } catch (_: ReflectiveOperationException) {
        throw Refused(Problem.GPU_FAILED)
    } catch (_: LinkageError) {
        throw Refused(Problem.GPU_FAILED)
    }
}
