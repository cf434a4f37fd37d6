"""Writes `detail_vectors.json`: small photographs redrawn, for the page's and the app's arithmetic.

`python -m tests.inference.write_detail_vectors`. Pictures are base64 of their bytes, rows from top
to bottom, RGB. A case has the photograph, the region (`box`: left, top, right, bottom), what the
network saw of it (`source`) and drew (`translation`), and the result, which other implementations
must meet within 1 of 255:

1. The region is redrawn as `tunit_tf/inference/detail.py` defines it: by `detail`, or with
   `colors_only`.
2. The share of a pixel is `min(1, d / (feather + 1))`, where `d` is its distance to the nearest
   pixel that is outside of the region or black in the mask; what is outside of the photograph does
   not count. With a mask (gray, of the photograph's size), times its value / 255.
3. The result is `photograph + share * (redrawn - photograph)`, rounded; where the share is 0, the
   photograph's own byte.
"""

import base64
import json
import pathlib

import numpy as np
from PIL import Image

from tunit_tf.inference import masking
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.photograph import Region, Settings

FILE = pathlib.Path(__file__).with_name("detail_vectors.json")
# Width and height of the photograph, and of the part of the network's square that shows it.
SIZES = (
    ((31, 17), (8, 5)),
    ((9, 40), (3, 8)),
    ((24, 24), (8, 8)),
    ((5, 3), (8, 5)),
    ((1, 13), (1, 8)),
)


def noise(rng: np.random.Generator, size: tuple[int, int], cell: int) -> np.ndarray:
    """Waves of about `cell` pixels, uint8 `(height, width, 3)`."""
    width, height = size
    cells = rng.integers(0, 256, (max(1, height // cell), max(1, width // cell), 3))
    small = Image.fromarray(cells.astype(np.uint8))
    return np.array(small.resize(size, Image.Resampling.BICUBIC))


def text(array: np.ndarray) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def cases() -> list[dict]:
    """Every size with every setting, and regions and masks."""
    rng = np.random.default_rng(0)
    found = []
    for size, small in SIZES:
        for detail, colors_only in ((1.0, False), (0.5, False), (0.0, False), (0.0, True)):
            found.append(case(rng, size, small, Settings(detail, colors_only, 0)))
    for box, small, feather in (
        ((0, 5, 20, 33), (6, 8), 3), ((7, 9, 28, 30), (8, 8), 0), ((10, 1, 29, 33), (5, 8), 5),
    ):  # fmt: skip
        for masked in (False, True):
            found.append(case(rng, (29, 33), small, Settings(1.0, False, feather), box, masked))
    return found


def case(
    rng: np.random.Generator,
    size: tuple[int, int],
    small: tuple[int, int],
    settings: Settings,
    box: tuple[int, int, int, int] | None = None,
    masked: bool = False,
) -> dict:
    """One photograph with its result."""
    left, top, right, bottom = box = box or (0, 0, *size)
    picture = Image.fromarray(noise(rng, size, 2))
    photograph = photographs.Photograph(picture, Region((left, top, right - left, bottom - top)))
    source = np.array(picture.crop(box).resize(small, Image.Resampling.BICUBIC))
    translation = noise(rng, small, 2)
    kept = rng.random(small[::-1]) < 0.4  # where the network changes little
    translation[kept] = source[kept] // 16 * 15
    square = photographs.Square(source, photographs.Box(0, 0, *small))
    mask = shares = None
    if masked:
        mask = np.zeros(size[::-1], np.uint8)
        mask[4:28, 6:27] = 255
        mask[10:14, 2:9] = 130
        shares = masking.shares_of(Image.fromarray(mask), photograph, settings.feather)
    result = photograph.redrawn(square, translation, settings, shares)
    return {
        "size": size,
        "box": box,
        "network_size": small,
        "detail": settings.detail,
        "colors_only": settings.colors_only,
        "feather": settings.feather,
        "photograph": text(np.asarray(picture)),
        "source": text(source),
        "translation": text(translation),
        "mask": None if mask is None else text(mask),
        "result": text(np.asarray(result)),
    }


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(entry) for entry in cases())
    FILE.write_text(f"[\n{lines}\n]\n")
