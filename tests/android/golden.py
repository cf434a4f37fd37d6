"""Golden vectors of the app's arithmetic, for its Kotlin core."""

import numpy as np
from PIL import Image

from tunit_tf.io import pixels

# Size of a picture, side of the square that is made of it.
PICTURES = (((9, 5), 4), ((20, 33), 8), ((33, 20), 32), ((8, 8), 8), ((6, 7), 16), ((301, 217), 32))


def vectors() -> dict:
    """Pictures with their squares, bytes with their floats and back, styles with their mixtures."""
    rng = np.random.default_rng(0)
    every = np.arange(256, dtype=np.uint8)
    # Between bytes and beyond the range, but for halves, which rounding errors decide.
    floats = np.float32(rng.uniform(-1.2, 1.2, 64))
    return {
        "squares": [_square(rng, *case) for case in PICTURES],
        "from_bytes": pixels.from_bytes(every).tolist(),
        "floats": floats.tolist(),
        "to_bytes": pixels.to_bytes(floats).tolist(),
        "styles": [
            _mixed(rng, on_unit_sphere, share)
            for on_unit_sphere in (False, True)
            for share in (0.0, 0.25, 1.0, 1.5)
        ],
    }


def _square(rng: np.random.Generator, shape: tuple[int, int], size: int) -> dict:
    width, height = shape
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    square = pixels.square(Image.fromarray(picture), size, "crop")
    return {
        "width": width,
        "height": height,
        "size": size,
        "rgb": picture.ravel().tolist(),
        "square": square.ravel().tolist(),
    }


def _mixed(rng: np.random.Generator, on_unit_sphere: bool, share: float) -> dict:
    start, end = np.float32(rng.normal(size=(2, 8)))
    mixed = np.float32(1 - share) * start + np.float32(share) * end
    if on_unit_sphere:
        mixed = mixed / np.linalg.norm(mixed)
    return {
        "on_unit_sphere": on_unit_sphere,
        "share": share,
        "from": start.tolist(),
        "to": end.tolist(),
        "mixed": mixed.tolist(),
    }
