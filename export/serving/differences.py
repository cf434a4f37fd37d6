"""Differences between an exported model and the networks it was exported from."""

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from export.serving import session
from tunit_tf.data import synthetic
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels


class MismatchError(Exception):
    """A model cannot be compared with a run, because its signatures differ."""


class Difference(NamedTuple):
    """Absolute differences of an output of a signature, in units of `unit`."""

    signature: str
    output: str
    largest: float
    mean: float
    unit: str


def measure(model: session.Model, translator: Translator, count: int) -> list[Difference]:
    """Runs every signature in a session and the eager networks on the same images.

    Args:
      model: The exported model.
      translator: Networks that it was exported from.
      count: Number of images.

    Raises:
      MismatchError: They have different signatures or sizes.
    """
    _check_sizes(model, translator)
    squares = synthetic.generate(2 * count, translator.image_size, 0).pixels()
    sources, references = squares[:count], squares[count:]
    x, x_ref = (pixels.from_bytes(s) for s in (sources, references))
    guided = translator.guiding(x_ref, training=False)
    expected = {
        "style": guided.style.numpy(),
        "domain_probabilities": tf.nn.softmax(guided.domain_logits).numpy(),
        "translated": translator.generator(x, guided.style).numpy(),
    }
    found: list[Difference] = []

    def compare(signature: str, inputs: Mapping[str, session.Value]) -> None:
        for name, value in model.run(signature, inputs).items():
            unit = "levels of 255" if name.endswith("_bytes") else "1"
            if name.endswith("_bytes"):
                given = np.stack([_pixels(content) for content in value]).astype(np.float64)
                wanted = pixels.to_bytes(expected["translated"])
            else:
                given, wanted = np.asarray(value), expected[name]
            gap = np.abs(given - wanted)
            found.append(Difference(signature, name, float(gap.max()), float(gap.mean()), unit))

    encoded = [[pixels.encode(square, ".png") for square in part] for part in (sources, references)]
    compare("encode", {"image": x_ref})
    compare("generate", {"image": x, "style": expected["style"]})
    compare("translate", {"image": x, "reference": x_ref})
    compare("serving_default", {"image_bytes": encoded[0], "reference_bytes": encoded[1]})
    return found


def _check_sizes(model: session.Model, translator: Translator) -> None:
    size = translator.image_size
    wanted = {
        ("encode", "inputs", "image"): (None, size, size, 3),
        ("encode", "outputs", "style"): (None, translator.style_dim),
        ("encode", "outputs", "domain_probabilities"): (None, translator.num_domains),
        ("generate", "inputs", "style"): (None, translator.style_dim),
        ("generate", "outputs", "translated"): (None, size, size, 3),
        ("translate", "inputs", "reference"): (None, size, size, 3),
        ("serving_default", "inputs", "image_bytes"): (None,),
    }
    for (name, side, tensor), shape in wanted.items():
        signature = model.signatures.get(name)
        info = getattr(signature, side).get(tensor) if signature else None
        if info is None:
            raise MismatchError(f"the model has no {tensor} in a signature '{name}'")
        if info.shape[1:] != shape[1:]:
            raise MismatchError(
                f"{tensor} of its signature '{name}' has the shape {info.shape}, and {shape} in "
                "the run"
            )


def table(found: list[Difference]) -> str:
    """The differences as Markdown."""
    lines = ["| signature | output | largest | mean | unit |", "|---|---|---|---|---|"]
    lines += [f"| {d[0]} | {d[1]} | {d.largest:.2g} | {d.mean:.2g} | {d.unit} |" for d in found]
    return "\n".join(lines)


def _pixels(content: bytes) -> np.ndarray:
    return np.asarray(pixels.open_rgb(io.BytesIO(content)))
