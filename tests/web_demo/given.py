"""Writes what the browser's translations are compared with.

`python -m tests.web_demo.given FOLDER [MODELS]`: FOLDER gets `expected.json` and pictures; without
MODELS, an exported pair, a tiny one is made in FOLDER/mobile.
"""

import base64
import json
import pathlib
import sys

import numpy as np
from PIL import Image

from export.manifest import read_mobile
from export.mobile.runtime import Pair
from tests import tiny_export
from tunit_tf.data import synthetic
from tunit_tf.io import pixels

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "images"
VARIANTS = ("dynamic_int8", "float32")
EXIF_ORIENTATION = 0x0112


def write(output: pathlib.Path, models: pathlib.Path | None) -> None:
    output.mkdir(parents=True, exist_ok=True)
    if models is None:
        tiny_export.write(output)
        models = output / "mobile"
    exported = read_mobile(models)
    size = exported.image_size
    sources, looks = (
        {path.name: cut(path, size) for path in sorted((EXAMPLES / role).glob("*.png"))}
        for role in ("shapes", "looks")
    )
    expected = {"size": size, "translated": {}}
    for variant in VARIANTS:
        entry = exported.variants[variant]
        pair = Pair(*(models / getattr(entry, role) for role in ("encoder", "generator")))
        styles = {name: pair.style(look) for name, look in looks.items()}
        expected["translated"][variant] = {
            source: {look: text(pair.generate(square, style)) for look, style in styles.items()}
            for source, square in sources.items()
        }
    rotated = write_rotated(output / "rotated.jpg")
    expected["rotated"] = text(cut(rotated, size))
    (output / "expected.json").write_text(json.dumps(expected))
    (output / "not_a_picture.png").write_text("no picture")


def cut(path: pathlib.Path, size: int) -> np.ndarray:
    return pixels.square(pixels.open_rgb(path), size, "crop")


def write_rotated(path: pathlib.Path) -> pathlib.Path:
    """A wide photograph-like picture, stored lying on its side."""
    square = synthetic.generate(1, 128, 4).pixels()[0]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # turn by 90 degrees to see it
    picture = Image.fromarray(square).resize((180, 120))
    picture.save(path, quality=95, subsampling=0, exif=exif)
    return path


def text(square: np.ndarray) -> str:
    return base64.b64encode(square.tobytes()).decode()


if __name__ == "__main__":
    folder, *named = map(pathlib.Path, sys.argv[1:])
    write(folder, named[0] if named else None)
