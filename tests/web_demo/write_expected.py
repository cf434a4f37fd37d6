"""Writes what the browser's translations are compared with.

`python -m tests.web_demo.write_expected FOLDER [MODELS]`: FOLDER gets `expected.json` and pictures;
without MODELS, an exported pair, a tiny one is made in FOLDER/mobile.
"""

import base64
import functools
import json
import pathlib
import sys

import numpy as np
from PIL import Image
from sklearn import datasets

from export.manifest import MobileManifest, read_mobile
from export.mobile.runtime import Pair
from tests import tiny_export
from tunit_tf.data import synthetic
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.photograph import Settings
from tunit_tf.io import pixels

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "images"
VARIANTS = ("dynamic_int8", "float32")
EXIF_ORIENTATION = 0x0112
PHOTOGRAPH = 200  # pixels, side of a square cut out of scikit-learn's two sample photographs
CORNERS = ((20, 10), (110, 200))  # top and left of the squares in both photographs


def write(output: pathlib.Path, models: pathlib.Path | None) -> None:
    """Translates examples and photographs with `export.run_tflite`'s code."""
    output.mkdir(parents=True, exist_ok=True)
    if models is None:
        tiny_export.write(output)
        models = output / "mobile"
    exported = read_mobile(models)
    size = exported.image_size
    pictures = write_photographs(output / "photographs")
    rotated = write_rotated(output / "rotated.jpg")
    shapes, looks = (sorted((EXAMPLES / folder).glob("*.png")) for folder in ("shapes", "looks"))
    expected = {"size": size, "translated": {}, "photographs": {}}
    for variant in VARIANTS:
        entry = exported.variants[variant]
        pair = Pair(*(models / getattr(entry, role) for role in ("encoder", "generator")))
        draw = functools.partial(translated, pair, exported)
        expected["translated"][variant] = draw(shapes, looks)
        expected["photographs"][variant] = draw(pictures, pictures)
    expected["rotated"] = draw([rotated], looks[:1])  # float32
    (output / "expected.json").write_text(json.dumps(expected))
    (output / "not_a_picture.png").write_text("no picture")
    (output / "nor_this.png").write_bytes(b"\x89PNG, but cut off")


def translated(
    pair: Pair, exported: MobileManifest, sources: list[pathlib.Path], looks: list[pathlib.Path]
) -> dict[str, dict[str, str]]:
    """{source: {look: uint8 RGB of the result, of the source's size, as base64}}."""
    size, resize = exported.image_size, exported.resize
    settings = Settings(detail=exported.detail)
    styles = {path.name: pair.style(square(path, size, resize)) for path in looks}
    found: dict[str, dict[str, str]] = {}
    for path in sources:
        photograph = photographs.read(path)
        seen = photograph.square(size, resize)
        found[path.name] = {
            look: text(photograph.redrawn(seen, pair.generate(seen.image, style), settings))
            for look, style in styles.items()
        }
    return found


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


def square(path: pathlib.Path, size: int, resize: str) -> np.ndarray:
    """A look as the model sees it, uint8 (size, size, 3)."""
    return pixels.square(pixels.open_rgb(path), size, resize)


def write_rotated(path: pathlib.Path) -> pathlib.Path:
    """A wide photograph-like picture, stored lying on its side."""
    drawn = synthetic.generate(1, 128, 4).pixels()[0]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # turn by 90 degrees to see it
    Image.fromarray(drawn).resize((180, 120)).save(path, quality=95, subsampling=0, exif=exif)
    return path


def text(drawn: Image.Image) -> str:
    """RGB bytes as base64."""
    return base64.b64encode(np.asarray(drawn).tobytes()).decode()


if __name__ == "__main__":
    folder, *named = map(pathlib.Path, sys.argv[1:])
    write(folder, named[0] if named else None)
