"""Writes what the app's tests on the JVM compare with.

`python -m tests.android.write_expected FOLDER [MODELS]`: FOLDER gets golden vectors, pictures and
what `export.run_tflite` makes of them; without MODELS, an exported pair, a tiny one is made in
FOLDER/mobile.
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
from tests.android import golden
from tunit_tf.io import pixels

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "images"
EXIF_ORIENTATION = 0x0112
VARIANTS = ("float32", "float16", "weight_int8", "dynamic_int8")
LOOK = EXAMPLES / "looks" / "reef.png"
STRENGTHS = (0.0, 0.5, 1.5)


def write(output: pathlib.Path, models: pathlib.Path | None) -> None:
    output.mkdir(parents=True, exist_ok=True)
    if models is None:
        tiny_export.write(output)
        models = output / "mobile"
    size = read_mobile(models).image_size
    (output / "golden.json").write_text(json.dumps(golden.vectors()))
    write_pictures(output)
    expected = {
        "size": size,
        "squares": {
            name: text(cut(output / name, size))
            for name in ("photo.png", "alpha.png", "rotated.jpg")
        },
        "translated": {variant: translated(output, models, variant) for variant in VARIANTS},
        "strengths": {str(s): text(strengthened(output, models, s)) for s in STRENGTHS},
    }
    (output / "expected.json").write_text(json.dumps(expected))


def pair(models: pathlib.Path, variant: str) -> Pair:
    entry = read_mobile(models).variants[variant]
    return Pair(models / entry.encoder, models / entry.generator)


def translated(output: pathlib.Path, models: pathlib.Path, variant: str) -> str:
    """The photograph in the look of an example, as `export.run_tflite` draws it."""
    model = pair(models, variant)
    style = model.style(cut(LOOK, model.image_size))
    return text(model.generate(cut(output / "photo.png", model.image_size), style))


def strengthened(output: pathlib.Path, models: pathlib.Path, strength: float) -> np.ndarray:
    """The photograph with so much of the look."""
    model = pair(models, "float32")
    square = cut(output / "photo.png", model.image_size)
    own, look = model.style(square), model.style(cut(LOOK, model.image_size))
    style = np.float32(1 - strength) * own + np.float32(strength) * look
    if read_mobile(models).style_on_unit_sphere:
        style /= np.maximum(np.linalg.norm(style), 1e-12)
    return model.generate(square, style.astype(np.float32))


def cut(path: pathlib.Path, size: int) -> np.ndarray:
    return pixels.square(pixels.open_rgb(path), size, "crop")


def text(square: np.ndarray) -> str:
    return base64.b64encode(square.tobytes()).decode()


def write_pictures(output: pathlib.Path) -> None:
    """A photograph of scikit-learn's in every form that a phone may receive, and broken ones."""
    scene = datasets.load_sample_images().images[1]
    photo = Image.fromarray(scene).crop((130, 60, 431, 277))
    photo.save(output / "photo.png")
    faded = photo.copy()
    faded.putalpha(Image.linear_gradient("L").resize(photo.size))
    faded.save(output / "alpha.png")
    photo.convert("P").save(output / "still.gif")
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # turn by 90 degrees to see it
    photo.save(output / "rotated.jpg", quality=95, subsampling=0, exif=exif)
    Image.fromarray(scene).resize((12_500, 8_000)).save(output / "huge.jpg", quality=60)
    (output / "not_a_picture.png").write_text("no picture")
    (output / "cut_off.png").write_bytes((output / "photo.png").read_bytes()[:2000])


if __name__ == "__main__":
    folder, *named = map(pathlib.Path, sys.argv[1:])
    write(folder, named[0] if named else None)
