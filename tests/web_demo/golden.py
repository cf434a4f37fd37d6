"""Golden vectors of pre- and postprocessing: `python -m tests.web_demo.golden` writes them."""

import json
import pathlib

import numpy as np
from PIL import Image

from tunit_tf.inference import photograph as photographs
from tunit_tf.io import pixels

PATH = pathlib.Path(__file__).parents[2] / "web_demo" / "test" / "golden.json"
PICTURES = [((9, 5), 4), ((20, 33), 8), ((33, 20), 32), ((8, 8), 8), ((6, 7), 16)]  # size, square


def vectors() -> dict:
    """Pictures with squares of their middle and of all of them; bytes and floats both ways."""
    rng = np.random.default_rng(0)
    squares = []
    for (width, height), size in PICTURES:
        picture = rng.integers(0, 256, (height, width, 3), np.uint8)
        square = pixels.square(Image.fromarray(picture), size, "crop")
        squares.append(
            {
                "width": width,
                "height": height,
                "size": size,
                "rgb": picture.ravel().tolist(),
                "square": square.ravel().tolist(),
            }
        )
    seen = [
        {"picture": number, "fit": fit, "square": _square(square, fit)}
        for number, square in enumerate(squares)
        for fit in ("stretch", "letterbox")
    ]
    every = np.arange(256, dtype=np.uint8)
    # Between bytes and beyond the range, but for halves, which rounding errors decide.
    floats = np.float32(rng.uniform(-1.2, 1.2, 64))
    return {
        "squares": squares,
        "seen": seen,
        "from_bytes": pixels.from_bytes(every).tolist(),
        "floats": floats.tolist(),
        "to_bytes": pixels.to_bytes(floats).tolist(),
    }


def _square(case: dict, fit: str) -> list[int]:
    """The whole picture of a case as the model sees it."""
    rgb = np.array(case["rgb"], np.uint8).reshape(case["height"], case["width"], 3)
    photograph = photographs.read(rgb)
    return photograph.square(case["size"], fit).image.ravel().tolist()


if __name__ == "__main__":
    PATH.write_text(json.dumps(vectors()) + "\n")
