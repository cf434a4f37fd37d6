"""How far an exported model is from the networks it was made of."""

import io
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from export.serving import c_api
from tunit_tf.data import synthetic
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels


class Difference(NamedTuple):
    """Absolute differences of an output, in units of `unit`."""

    signature: str
    output: str
    largest: float
    mean: float
    unit: str


def of_saved_model(model: c_api.Model, translator: Translator, count: int) -> list[Difference]:
    """Runs every signature in the C++ loader and the eager networks on the same images."""
    squares = synthetic.generate(2 * count, translator.image_size, 0).pixels()
    sources, references = squares[:count], squares[count:]
    x, x_ref = (pixels.from_bytes(s) for s in (sources, references))
    guided = translator.guiding(x_ref, training=False)
    expected = {
        "style": guided.style.numpy(),
        "domain_probabilities": tf.nn.softmax(guided.domain_logits).numpy(),
        "translated": translator.generator(x, guided.style).numpy(),
    }
    found = []

    def compare(signature: str, inputs: dict) -> None:
        for name, value in model.run(signature, inputs).items():
            unit = "levels of 255" if name.endswith("_bytes") else "1"
            if name.endswith("_bytes"):
                value = np.stack([_pixels(content) for content in value]).astype(np.float64)
                wanted = pixels.to_bytes(expected["translated"])
            else:
                wanted = expected[name]
            gap = np.abs(value - wanted)
            found.append(Difference(signature, name, float(gap.max()), float(gap.mean()), unit))

    encoded = [[pixels.encode(square, ".png") for square in part] for part in (sources, references)]
    compare("encode", {"image": x_ref})
    compare("generate", {"image": x, "style": expected["style"]})
    compare("translate", {"image": x, "reference": x_ref})
    compare("serving_default", {"image_bytes": encoded[0], "reference_bytes": encoded[1]})
    return found


def table(found: list[Difference]) -> str:
    """The differences as Markdown."""
    lines = ["| signature | output | largest | mean | unit |", "|---|---|---|---|---|"]
    lines += [f"| {d[0]} | {d[1]} | {d.largest:.2g} | {d.mean:.2g} | {d.unit} |" for d in found]
    return "\n".join(lines)


def _pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))
