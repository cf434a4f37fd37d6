"""TensorFlow Lite metadata: what a file's inputs and outputs mean, readable by Android's extractor.

The format is a flatbuffer of its own (TensorFlow Lite support library, metadata_schema.fbs), kept
as a buffer of the model; label files are a zip archive behind the model. The library that writes it
cannot be installed beside a current TensorFlow, so its few tables are written here by field number;
`make compat` reads the result with the original library.
"""

import io
import json
import zipfile
from typing import Any, NamedTuple

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.manifest import SCHEMA_VERSION, PairSignatures, Signature
from export.mobile import conversion
from export.mobile.runtime import ENCODE, ROLES
from tunit_tf.inference.translator import Translator

VALUE_RANGE = (-1.0, 1.0)
AUTHOR = "made with tunit_tf"
BUFFER_NAME = "TFLITE_METADATA"
IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"  # the features used are those of the first version
FEATURES, IMAGE = 1, 2  # union ContentProperties
NORMALIZATION = 1  # union ProcessUnitOptions
RGB = 1  # enum ColorSpaceType
AXIS_LABELS = 2  # enum AssociatedFileType: one line for each element of an axis
HALF_RANGE = 127.5  # (byte - 127.5) / 127.5 is in [-1, 1]


class Tensor(NamedTuple):
    """Meaning of an input or output.

    Attributes:
      description: One sentence.
      image_size: Side of an RGB image in [-1, 1]; 0 for other tensors.
      value_range: Smallest and largest value, if bounded.
      labels: A line for each element; () for none.
    """

    description: str
    image_size: int = 0
    value_range: tuple[float, float] | None = None
    labels: tuple[str, ...] = ()


class Description(NamedTuple):
    """Meaning of a file."""

    name: str
    text: str
    version: str
    author: str
    license: str
    tensors: dict[str, Tensor]  # by name, inputs and outputs


def signatures(translator: Translator) -> PairSignatures:
    """Inputs and outputs of a pair, as the manifest has them."""
    image = [1, translator.image_size, translator.image_size, 3]
    style = [1, translator.style_dim]
    outputs = {"style": style, "domain_probabilities": [1, translator.num_domains]}
    return PairSignatures(
        encode=Signature(inputs={"image": image}, outputs=outputs),
        generate=Signature(inputs={"image": image, "style": style}, outputs={"translated": image}),
    )


def describe(described: dict[str, Any], signature: str, variant: str) -> Description:
    """The metadata of one file.

    Args:
      described: Fields of the manifest, as `run_description.describe` returns them.
      signature: `encode` or `generate`.
      variant: One of `VARIANTS`.
    """
    size, step = described["image_size"], json.dumps(described["step"])
    if signature == ENCODE:
        text = "Style code and pseudo-domain of an image (TUNIT's guiding network)."
    else:
        text = "Redraws an image in a style (TUNIT's generator)."
    return Description(
        name=f"TUNIT {ROLES[signature]}, {variant}",
        text=f"{text} {size} px, step {step}.",
        version=f"{SCHEMA_VERSION}.{step}",
        author=AUTHOR,
        license=described["license"] or "not stated",
        tensors=_tensors_of(described, signature),
    )


def _tensors_of(described: dict[str, Any], signature: str) -> dict[str, Tensor]:
    unit = VALUE_RANGE if described["style_on_unit_sphere"] else None
    style = Tensor("Style code: a look, computed once for a reference.", value_range=unit)

    def image(text: str) -> Tensor:
        size = described["image_size"]
        return Tensor(text, image_size=size, value_range=VALUE_RANGE)

    if signature == ENCODE:
        labels = tuple(f"domain {k}" for k in range(described["num_domains"]))
        return {
            "image": image("Square RGB picture whose look is wanted, in [-1, 1]."),
            "style": style,
            "domain_probabilities": Tensor(
                "Probability of every pseudo-domain.", value_range=(0.0, 1.0), labels=labels
            ),
        }
    return {
        "image": image("Square RGB picture to redraw, in [-1, 1]."),
        "style": style,
        "translated": image("The picture redrawn, in [-1, 1]."),
    }


def add(content: bytes, description: Description) -> bytes:
    """A .tflite file with metadata; its graph and constants stay as they are."""
    model = conversion.read(content)
    graph = model.subgraphs[0]
    names = [
        [graph.tensors[i].name.decode() for i in side] for side in (graph.inputs, graph.outputs)
    ]
    entry = schema.MetadataT()
    entry.name, entry.buffer = BUFFER_NAME, len(model.buffers)
    model.buffers.append(conversion.buffer_of(_pack(description, *names)))
    others = [old for old in model.metadata or [] if old.name != BUFFER_NAME.encode()]
    model.metadata = [*others, entry]
    archive = io.BytesIO(conversion.write(model))
    labeled = {n: tensor for n, tensor in description.tensors.items() if tensor.labels}
    if labeled:
        with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as labels:
            for name, tensor in labeled.items():
                file = zipfile.ZipInfo(_label_file(name))  # a fixed date: files are reproducible
                labels.writestr(file, "\n".join(tensor.labels) + "\n")
    return archive.getvalue()


def _label_file(tensor_name: str) -> str:
    return f"{tensor_name}_labels.txt"


def _pack(description: Description, inputs: list[str], outputs: list[str]) -> bytes:
    """The metadata's flatbuffer; tensors in the model's own order."""
    b = flatbuffers.Builder(1024)
    sides = [
        _vector(b, [_tensor(b, name, description.tensors[name], names is inputs) for name in names])
        for names in (inputs, outputs)
    ]
    name, text = b.CreateString(description.name), b.CreateString(description.text)
    graph = _table(b, 10, {0: name, 1: text, 2: sides[0], 3: sides[1]})
    graphs = _vector(b, [graph])
    version, author, license, parser = map(
        b.CreateString,
        (description.version, description.author, description.license, MIN_PARSER_VERSION),
    )
    fields = {0: name, 1: text, 2: version, 3: graphs, 4: author, 5: license, 7: parser}
    b.Finish(_table(b, 8, fields), IDENTIFIER)
    return bytes(b.Output())


def _tensor(b: flatbuffers.Builder, name: str, tensor: Tensor, is_input: bool) -> int:
    fields = {0: b.CreateString(name), 1: b.CreateString(tensor.description)}
    if tensor.image_size:
        side = tensor.image_size
        size = _table(b, 2, {}, uint32={0: side, 1: side})
        properties, kind = _table(b, 2, {1: size}, uint8={0: RGB}), IMAGE
    else:
        properties, kind = _table(b, 0, {}), FEATURES
    fields[3] = _table(b, 3, {1: properties}, uint8={0: kind})
    if tensor.image_size and is_input:  # how bytes become the tensor
        half = [_floats(b, [HALF_RANGE]) for _ in range(2)]
        options = _table(b, 2, {0: half[0], 1: half[1]})  # mean, standard deviation
        unit = _table(b, 2, {1: options}, uint8={0: NORMALIZATION})
        fields[4] = _vector(b, [unit])
    if tensor.value_range:
        low, high = tensor.value_range
        fields[5] = _table(b, 2, {0: _floats(b, [high]), 1: _floats(b, [low])})
    if tensor.labels:
        file = b.CreateString(_label_file(name))
        text = b.CreateString(f"Names of the elements of {name}.")
        fields[6] = _vector(b, [_table(b, 5, {0: file, 1: text}, uint8={2: AXIS_LABELS})])
    return _table(b, 7, fields)


def _table(
    b: flatbuffers.Builder,
    num_fields: int,
    offsets: dict[int, int],
    uint8: dict[int, int] | None = None,
    uint32: dict[int, int] | None = None,
) -> int:
    """A table of fields by number: offsets of what was written before, and numbers."""
    b.StartObject(num_fields)
    for slot, value in offsets.items():
        b.PrependUOffsetTRelativeSlot(slot, value, 0)
    for slot, value in (uint32 or {}).items():
        b.PrependUint32Slot(slot, value, 0)
    for slot, value in (uint8 or {}).items():
        b.PrependUint8Slot(slot, value, 0)
    return b.EndObject()


def _vector(b: flatbuffers.Builder, offsets: list[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _floats(b: flatbuffers.Builder, values: list[float]) -> int:
    return b.CreateNumpyVector(np.array(values, np.float32))
