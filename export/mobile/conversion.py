"""TensorFlow functions to .tflite: one signature per file, static shapes, built-in operations."""

import tempfile
from collections.abc import Callable

import keras
import tensorflow as tf

from export.mobile import flatbuffer
from tunit_tf.inference.translator import Translator

ENCODE, GENERATE = "encode", "generate"  # signatures
ROLES = {ENCODE: "encoder", GENERATE: "generator"}  # which network has which


def input_shapes(translator: Translator) -> dict[str, dict[str, tuple[int, ...]]]:
    """{signature: {input: shape}} of a pair."""
    image = (1, translator.image_size, translator.image_size, 3)
    return {
        ENCODE: {"image": image},
        GENERATE: {"image": image, "style": (1, translator.style_dim)},
    }


def convert(
    function: Callable[..., dict[str, tf.Tensor]], signature: str, shapes: dict[str, tuple]
) -> bytes:
    """A float32 .tflite file of a function of tensors.

    Args:
      function: Takes tensors by position, returns named ones. Variables become constants.
      signature: Name of the file's only signature.
      shapes: Inputs in order, by name.

    Returns:
      The file, whose inputs and outputs have the function's names, in the signature and as tensors.
    """
    specs = [tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()]
    archive = keras.export.ExportArchive()
    archive.add_endpoint(signature, function, input_signature=specs)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[signature])
        model = flatbuffer.read(converter.convert())
    flatbuffer.name_by_signature(model)
    return flatbuffer.write(model)
