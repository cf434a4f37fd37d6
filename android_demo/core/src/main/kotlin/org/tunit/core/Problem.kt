// What can be wrong with a model or a picture. The sentences are the app's string resources
// `problem_...`, in every language; the arguments fill their places in order.
package org.tunit.core

enum class Problem {
    MANIFEST_MISSING, // no arguments
    MANIFEST_NOT_JSON, // none
    MANIFEST_OF_OTHER_KIND, // none
    MANIFEST_TOO_NEW, // its schema version, the major version that this app reads
    MANIFEST_FIELD, // the field's name
    MANIFEST_NO_VARIANT, // none
    FILE_MISSING, // file
    FILE_SIZE, // file, bytes it should have, bytes it has
    FILE_CHECKSUM, // file
    FILE_NOT_A_MODEL, // file
    OTHER_SIGNATURE, // file, the signature it should have, what it has
    OTHER_SHAPE, // file, tensor, the shape it should have, the shape it has
    OUTSIDE_OF_FOLDER, // file
    EXAMPLE_MISSING, // file
    EXAMPLE_DAMAGED, // file
    NOT_A_FOLDER, // none
    NO_MODEL, // none
    NO_AVERAGES, // none
    PICTURE_UNREADABLE, // its name
    PICTURE_TOO_BIG, // its name
    PICTURE_GONE, // its name
    DISK_FULL, // none
    CANNOT_SAVE, // none
    CANNOT_WRITE, // none
    NO_CAMERA, // none
    CAMERA_BUSY, // none
    CAMERA_REFUSED, // none
    NO_PICKER, // none
    OUT_OF_MEMORY, // none
    GPU_DIFFERS, // none
    GPU_FAILED, // none
    VARIANT_CRASHED, // variant
    ;

    /** Name of the string resource. */
    val resource: String get() = "problem_" + name.lowercase()
}

/** Something is refused; the app turns it into a sentence. */
class Refused(val problem: Problem, vararg val arguments: Any) :
    Exception("$problem ${arguments.joinToString()}")
