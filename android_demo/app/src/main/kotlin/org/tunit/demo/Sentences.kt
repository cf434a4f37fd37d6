// Problems as sentences in the user's language.
package org.tunit.demo

import android.content.Context
import org.tunit.core.Problem
import org.tunit.core.Refused

object Sentences {
    fun of(context: Context, refused: Refused): String =
        context.getString(resource(refused.problem), *refused.arguments)

    private fun resource(problem: Problem): Int = when (problem) {
        Problem.MANIFEST_MISSING -> R.string.problem_manifest_missing
        Problem.MANIFEST_NOT_JSON -> R.string.problem_manifest_not_json
        Problem.MANIFEST_OF_OTHER_KIND -> R.string.problem_manifest_of_other_kind
        Problem.MANIFEST_TOO_NEW -> R.string.problem_manifest_too_new
        Problem.MANIFEST_FIELD -> R.string.problem_manifest_field
        Problem.MANIFEST_NO_VARIANT -> R.string.problem_manifest_no_variant
        Problem.FILE_MISSING -> R.string.problem_file_missing
        Problem.FILE_SIZE -> R.string.problem_file_size
        Problem.FILE_CHECKSUM -> R.string.problem_file_checksum
        Problem.FILE_NOT_A_MODEL -> R.string.problem_file_not_a_model
        Problem.OTHER_SIGNATURE -> R.string.problem_other_signature
        Problem.OTHER_SHAPE -> R.string.problem_other_shape
        Problem.OUTSIDE_OF_FOLDER -> R.string.problem_outside_of_folder
        Problem.EXAMPLE_MISSING -> R.string.problem_example_missing
        Problem.EXAMPLE_DAMAGED -> R.string.problem_example_damaged
        Problem.NOT_A_FOLDER -> R.string.problem_not_a_folder
        Problem.NO_MODEL -> R.string.problem_no_model
        Problem.NO_AVERAGES -> R.string.problem_no_averages
        Problem.PICTURE_UNREADABLE -> R.string.problem_picture_unreadable
        Problem.PICTURE_TOO_BIG -> R.string.problem_picture_too_big
        Problem.PICTURE_GONE -> R.string.problem_picture_gone
        Problem.DISK_FULL -> R.string.problem_disk_full
        Problem.CANNOT_SAVE -> R.string.problem_cannot_save
        Problem.NO_CAMERA -> R.string.problem_no_camera
        Problem.NO_PICKER -> R.string.problem_no_picker
        Problem.OUT_OF_MEMORY -> R.string.problem_out_of_memory
        Problem.GPU_DIFFERS -> R.string.problem_gpu_differs
        Problem.GPU_FAILED -> R.string.problem_gpu_failed
        Problem.VARIANT_CRASHED -> R.string.problem_variant_crashed
    }
}
