"""TensorFlow functions to .tflite files, and these files as objects that can be changed.

A file has one signature, static shapes and built-in operations. No other module parses one.
"""

import tempfile
from collections.abc import Callable

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from export.mobile.runtime import ENCODE, GENERATE
from tunit_tf.inference.translator import Translator

ALIGNMENT = 16  # alignment of constants in the schema; the generated writer omits it


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
        model = read(converter.convert())
    name_by_signature(model)
    return write(model)


class _AlignedBuffer(schema.BufferT):
    """Constants of a model, written at an aligned place."""

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802, the name that generated code calls
        data = None
        if self.data is not None:
            content = np.asarray(self.data, np.uint8).tobytes()
            builder.StartVector(1, len(content), ALIGNMENT)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def read(content: bytes) -> schema.ModelT:
    """A model with all constants inside of it, also those that lay behind the flatbuffer."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.buffers = [_inlined(buffer, content) for buffer in model.buffers]
    return model


def name_by_signature(model: schema.ModelT) -> None:
    """Gives the tensors of inputs and outputs the names that the only signature has for them."""
    (signature,) = model.signatureDefs
    for tensor in [*signature.inputs, *signature.outputs]:
        model.subgraphs[0].tensors[tensor.tensorIndex].name = tensor.name


def write(model: schema.ModelT) -> bytes:
    """The bytes of a model."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def buffer_of(data: bytes | np.ndarray | None) -> schema.BufferT:
    """A buffer with content, or an empty one."""
    buffer = _AlignedBuffer()
    if data is not None and len(data):
        buffer.data = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    return buffer


def _inlined(buffer: schema.BufferT, content: bytes) -> schema.BufferT:
    if buffer.offset > 1:  # behind the flatbuffer; such files need a recent runtime
        return buffer_of(content[buffer.offset : buffer.offset + buffer.size])
    return buffer_of(buffer.data)
