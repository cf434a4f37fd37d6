"""Writes an exported pair, inputs and what they gave here, for the other environment to compare."""

import pathlib
import sys

import keras
import numpy as np

from export.mobile.runtime import Model
from export.options import VARIANTS
from tests import tiny_export
from tunit_tf.data import synthetic
from tunit_tf.io import pixels
from tunit_tf.networks.layers import FilterResponseNorm

IMAGES = 16


def write(output: pathlib.Path) -> None:
    """Fills a folder: `mobile/`, `tflite.npz`, `frn.npz`."""
    translator = tiny_export.write(output).translator
    rng = np.random.default_rng(0)
    squares = synthetic.generate(IMAGES, translator.image_size, 1).pixels()
    image, style = pixels.from_bytes(squares)[:, None], translator.style(squares)[:, None]
    found = {"image": image, "style": style}
    for variant in VARIANTS:
        encoder = Model(output / "mobile" / f"encoder_{variant}.tflite", "encode")
        generator = Model(output / "mobile" / f"generator_{variant}.tflite", "generate")
        found[f"encoder_{variant}"] = [encoder(image=x)["style"] for x in image]
        found[f"generator_{variant}"] = [
            generator(image=x, style=s)["translated"] for x, s in zip(image, style, strict=True)
        ]
    np.savez(output / "tflite.npz", **found)
    np.savez(output / "frn.npz", **filter_response_norm(rng))


def filter_response_norm(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Input, parameters and output of our layer."""
    x = rng.standard_normal((3, 6, 5, 4)).astype(np.float32)
    layer = FilterResponseNorm()
    layer.build(x.shape)
    parameters = {
        name: rng.standard_normal(4).astype(np.float32) for name in ("gamma", "beta", "tau")
    }
    for name, value in parameters.items():
        getattr(layer, name).assign(value)
    output = keras.ops.convert_to_numpy(layer(x))
    return {"x": x, "output": output, "epsilon": layer.epsilon, **parameters}


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
