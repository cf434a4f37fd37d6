"""Compares a SavedModel with the run it was made of, signature by signature.

`python -m export.compare --model=models/tunit/1 --run_dir=runs/mine` prints a table and writes it
as `comparison.md` into the run folder.
"""

import io
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import flags
from PIL import Image

from export.serving import c_api
from tunit_tf import cli, files, images
from tunit_tf.config import ConfigError
from tunit_tf.data import synthetic
from tunit_tf.translator import Translator

MODEL = flags.DEFINE_string("model", "models/tunit/1", "Folder of one version of the model.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Which state of it.")
COUNT = flags.DEFINE_integer("count", 8, "Images compared.")


class Difference(NamedTuple):
    """Absolute differences of an output, in units of `unit`."""

    signature: str
    output: str
    largest: float
    mean: float
    unit: str


def differences(model: c_api.Model, translator: Translator, count: int) -> list[Difference]:
    """Runs every signature in the C++ loader and the eager networks on the same images."""
    squares = synthetic.generate(2 * count, translator.image_size, 0).pixels()
    sources, references = squares[:count], squares[count:]
    x, x_ref = (images.to_float(s).numpy() for s in (sources, references))
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
                wanted = images.to_bytes(expected["translated"])
            else:
                wanted = expected[name]
            gap = np.abs(value - wanted)
            found.append(Difference(signature, name, float(gap.max()), float(gap.mean()), unit))

    encoded = [[images.encode(square, ".png") for square in part] for part in (sources, references)]
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


def main() -> None:
    folder = pathlib.Path(MODEL.value).expanduser()
    if not (folder / "saved_model.pb").is_file():
        raise ConfigError(
            f"--model={MODEL.value} is not a SavedModel; name a version that export.saved_model "
            "wrote."
        )
    if COUNT.value < 1:
        raise ConfigError(f"--count must be at least 1; received {COUNT.value}.")
    translator = Translator.load(RUN_DIR.value, CHECKPOINT.value)
    try:
        model = c_api.Model(folder)
    except c_api.Error as error:
        raise ConfigError(f"{folder} does not load in C++: {error}") from None
    text = table(differences(model, translator, COUNT.value))
    files.write_bytes(translator.run_dir / "comparison.md", (text + "\n").encode())
    print(text)


if __name__ == "__main__":
    cli.run(main)
