"""Writes what the browser's translations are compared with.

`python -m tests.web_demo.write_expected FOLDER [MODELS]`: FOLDER gets `expected.json` and pictures;
without MODELS, an exported pair, a tiny one is made in FOLDER/mobile.
"""

import base64
import json
import pathlib
import sys

import numpy as np
from PIL import Image
from sklearn import datasets

from export.manifest import read_mobile
from export.mobile.runtime import Pair
from tests import tiny_export
from tunit_tf.data import synthetic
from tunit_tf.io import pixels

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "images"
VARIANTS = ("dynamic_int8", "float32")
EXIF_ORIENTATION = 0x0112
PHOTOGRAPH = 200  # pixels, side of a square cut out of scikit-learn's two sample photographs
CORNERS = ((20, 10), (110, 200), (200, 400))  # top and left of the squares in both photographs


def write(output: pathlib.Path, models: pathlib.Path | None) -> None:
    """Translates examples and photographs with `export.run_tflite`'s code."""
    output.mkdir(parents=True, exist_ok=True)
    if models is None:
        tiny_export.write(output)
        models = output / "mobile"
    exported = read_mobile(models)
    size = exported.image_size
    photographs = write_photographs(output / "photographs")
    expected = {"size": size, "translated": {}, "photographs": {}}
    for variant in VARIANTS:
        entry = exported.variants[variant]
        pair = Pair(*(models / getattr(entry, role) for role in ("encoder", "generator")))
        shapes, looks = (
            squares(sorted((EXAMPLES / f).glob("*.png")), size) for f in ("shapes", "looks")
        )
        expected["translated"][variant] = translated(pair, shapes, looks)
        cut = squares(photographs, size)
        expected["photographs"][variant] = translated(pair, cut, cut)
    rotated = write_rotated(output / "rotated.jpg")
    expected["rotated"] = text(square(rotated, size))
    (output / "expected.json").write_text(json.dumps(expected))
    (output / "not_a_picture.png").write_text("no picture")
    (output / "nor_this.png").write_bytes(b"\x89PNG, but cut off")


def translated(
    pair: Pair, sources: dict[str, np.ndarray], looks: dict[str, np.ndarray]
) -> dict[str, dict[str, str]]:
    """{source: {look: uint8 RGB of the translation as base64}}."""
    styles = {name: pair.style(look) for name, look in looks.items()}
    return {
        name: {look: text(pair.generate(source, style)) for look, style in styles.items()}
        for name, source in sources.items()
    }


def write_photographs(folder: pathlib.Path) -> list[pathlib.Path]:
    """Squares of the photographs that come with scikit-learn, as PNG."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, photograph in zip(
        ("temple", "flower"), datasets.load_sample_images().images, strict=True
    ):
        for i, (top, left) in enumerate(CORNERS):
            written.append(folder / f"{name}_{i}.png")
            part = photograph[top : top + PHOTOGRAPH, left : left + PHOTOGRAPH]
            Image.fromarray(part).save(written[-1])
    return written


def squares(paths: list[pathlib.Path], size: int) -> dict[str, np.ndarray]:
    """{file name: uint8 (size, size, 3)}."""
    return {path.name: square(path, size) for path in paths}


def square(path: pathlib.Path, size: int) -> np.ndarray:
    """The middle of a picture, uint8 (size, size, 3)."""
    return pixels.square(pixels.open_rgb(path), size, "crop")


def write_rotated(path: pathlib.Path) -> pathlib.Path:
    """A wide photograph-like picture, stored lying on its side."""
    drawn = synthetic.generate(1, 128, 4).pixels()[0]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # turn by 90 degrees to see it
    Image.fromarray(drawn).resize((180, 120)).save(path, quality=95, subsampling=0, exif=exif)
    return path


def text(drawn: np.ndarray) -> str:
    """Bytes as base64."""
    return base64.b64encode(drawn.tobytes()).decode()


if __name__ == "__main__":
    folder, *named = map(pathlib.Path, sys.argv[1:])
    write(folder, named[0] if named else None)
