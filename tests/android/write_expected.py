"""Writes what the app's tests on the JVM compare with.

`python -m tests.android.write_expected FOLDER [MODELS]`: FOLDER gets golden vectors, pictures, a
pair (that of MODELS, else a tiny one) with known examples in FOLDER/mobile, and what
`export.run_tflite` makes of the pictures.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
from PIL import Image, ImageDraw
from sklearn import datasets

from export.manifest import read_mobile
from export.mobile.runtime import Pair
from tests import tiny_export
from tests.android import golden
from tunit_tf.inference import masking
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import pixels

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "images"
EXIF_ORIENTATION = 0x0112
VARIANTS = ("float32", "float16", "weight_int8", "dynamic_int8")
LOOK = EXAMPLES / "looks" / "reef.png"
STRENGTHS = (0.0, 0.5, 1.5)
REGION = (60, 20, 180, 180)  # x, y, width, height
COLORS = photographs.Settings(colors_only=True)
MASKED = photographs.Settings(feather=6)
LARGE = {"megapixels_12.jpg": (4000, 3000), "megapixels_50.jpg": (8165, 6124)}


def write(output: pathlib.Path, models: pathlib.Path | None) -> None:
    output.mkdir(parents=True, exist_ok=True)
    mobile = output / "mobile"
    if models is None:
        tiny_export.write(output)
    else:
        shutil.rmtree(mobile, ignore_errors=True)
        shutil.copytree(models, mobile)
    add_examples(mobile)
    size = read_mobile(mobile).image_size
    (output / "golden.json").write_text(json.dumps(golden.vectors()))
    write_pictures(output)
    style = pair(mobile, "float32").style(pixels.square(pixels.open_rgb(LOOK), size, "crop"))
    expected = {
        "size": size,
        "squares": {
            name: text(seen(output / name, size))
            for name in ("photo.png", "alpha.png", "rotated.jpg")
        },
        "translated": {v: text(translated(output, mobile, v)) for v in VARIANTS},
        "strengths": {str(s): text(strengthened(output, mobile, s)) for s in STRENGTHS},
        "photograph": text(redrawn(output, mobile, style, None)),
        "region": REGION,
        "cut": text(redrawn(output, mobile, style, photographs.Region(REGION))),
        "colors": text(redrawn(output, mobile, style, None, COLORS)),
        "masked": text(redrawn(output, mobile, style, None, MASKED, output / "mask.png")),
    }
    (output / "expected.json").write_text(json.dumps(expected))


def add_examples(mobile: pathlib.Path) -> None:
    """Replaces the pair's examples by pictures whose names the tests know."""
    file = mobile / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["examples"] = []
    for role, folder in (("picture", "shapes"), ("look", "looks")):
        for picture in sorted((EXAMPLES / folder).glob("*.png")):
            name = f"{role}_{picture.name}"
            content = picture.read_bytes()
            (mobile / name).write_bytes(content)
            sum_ = hashlib.sha256(content).hexdigest()
            manifest["files"][name] = {"bytes": len(content), "sha256": sum_}
            example = {"file": name, "role": role, "caption": picture.stem}
            manifest["examples"].append(example)
    file.write_text(json.dumps(manifest))


def pair(models: pathlib.Path, variant: str) -> Pair:
    entry = read_mobile(models).variants[variant]
    return Pair(models / entry.encoder, models / entry.generator)


def photograph(
    path: pathlib.Path, region: photographs.Region | None = None
) -> photographs.Photograph:
    return photographs.Photograph(photographs.open_upright(path), region)


def seen(path: pathlib.Path, size: int) -> np.ndarray:
    """The square that a network sees of a whole picture."""
    return photograph(path).square(size, "crop").image


def translated(output: pathlib.Path, models: pathlib.Path, variant: str) -> np.ndarray:
    """The photograph's square in the look of an example."""
    model = pair(models, variant)
    style = model.style(pixels.square(pixels.open_rgb(LOOK), model.image_size, "crop"))
    return model.generate(seen(output / "photo.png", model.image_size), style)


def strengthened(output: pathlib.Path, models: pathlib.Path, strength: float) -> np.ndarray:
    """The same with so much of the look."""
    model = pair(models, "float32")
    square = seen(output / "photo.png", model.image_size)
    look = model.style(pixels.square(pixels.open_rgb(LOOK), model.image_size, "crop"))
    style = np.float32(1 - strength) * model.style(square) + np.float32(strength) * look
    if read_mobile(models).style_on_unit_sphere:
        style /= np.maximum(np.linalg.norm(style), 1e-12)
    return model.generate(square, style.astype(np.float32))


def redrawn(
    output: pathlib.Path,
    models: pathlib.Path,
    style: np.ndarray,
    region: photographs.Region | None,
    settings: photographs.Settings = photographs.DEFAULTS,
    mask: pathlib.Path | None = None,
) -> np.ndarray:
    """The photograph at its own size, or with a region or what is white in a mask redrawn."""
    model = pair(models, "float32")
    path = output / "photo.png"
    whole = photograph(path, region)
    square = whole.square(model.image_size, "crop")
    shares = None
    if mask is not None:
        opened = masking.opened(mask, path, whole.size)
        shares = masking.shares_of(opened, whole, settings.feather)
    translation = model.generate(square.image, style)
    return np.asarray(whole.redrawn(square, translation, settings, shares))


def text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def write_pictures(output: pathlib.Path) -> None:
    """A photograph of scikit-learn's in every form that a phone may receive, and broken ones."""
    scene = datasets.load_sample_images().images[1]
    photo = Image.fromarray(scene).crop((130, 60, 431, 277))
    photo.save(output / "photo.png")
    faded = photo.copy()
    faded.putalpha(Image.linear_gradient("L").resize(photo.size))
    faded.save(output / "alpha.png")
    photo.convert("P").save(output / "still.gif")
    mask = Image.new("L", photo.size)
    ImageDraw.Draw(mask).ellipse((70, 30, 230, 190), fill=255)
    mask.save(output / "mask.png")
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # turn by 90 degrees to see it
    photo.save(output / "rotated.jpg", quality=95, subsampling=0, exif=exif)
    Image.fromarray(scene).resize((12_500, 8_000)).save(output / "huge.jpg", quality=60)
    for name, size in LARGE.items():
        photo.resize(size, Image.Resampling.BICUBIC).save(output / name, quality=80)
    (output / "not_a_picture.png").write_text("no picture")
    (output / "cut_off.png").write_bytes((output / "photo.png").read_bytes()[:2000])


if __name__ == "__main__":
    folder, *named = map(pathlib.Path, sys.argv[1:])
    write(folder, named[0] if named else None)
