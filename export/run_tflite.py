"""Translates a picture with an exported pair: a phone's pre- and postprocessing, in Python.

Needs ai-edge-litert, numpy, pillow and pydantic only: `python -m export.run_tflite --encoder=...
--generator=... --source=me.jpg --reference=look.jpg --output=translated.png`.
"""

import argparse
import pathlib
import sys
from typing import NoReturn

import numpy as np
from PIL import Image

from export import manifest
from export.mobile.runtime import ModelError, Pair
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import files, pixels

INTERRUPTED = 130  # as a shell reports a process that SIGINT ended
MAX_THREADS = 256  # LiteRT starts as many as it is asked for, and crashes where the system refuses


def main() -> None:
    """Parses the command line and translates one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--encoder", type=pathlib.Path, required=True, help="encoder_*.tflite")
    parser.add_argument("--generator", type=pathlib.Path, required=True, help="generator_*.tflite")
    parser.add_argument("--source", type=pathlib.Path, required=True, help="picture to redraw")
    parser.add_argument("--reference", type=pathlib.Path, required=True, help="picture of the look")
    parser.add_argument("--output", type=pathlib.Path, required=True, help=".png or .jpg to write")
    parser.add_argument(
        "--size",
        default=photographs.SOURCE,
        help="of the result: source, model (the square that the generator draws), or longer side",
    )
    parser.add_argument("--region", default="", help="redraw only x,y,width,height, or in percent")
    parser.add_argument("--detail", type=float, help="0 (enlarged) to 1; by default the run's")
    parser.add_argument("--colors_only", action="store_true", help="take only colors")
    parser.add_argument("--feather", type=int, help="pixels inside of the region's edge that fade")
    parser.add_argument(
        "--quality", type=int, default=pixels.JPEG_QUALITY, help="of JPEG, 1 to 100"
    )
    parser.add_argument("--resize", choices=pixels.RESIZE, default="crop", help="to a square")
    parser.add_argument("--threads", type=int, default=1, help="number of CPU threads")
    flags = parser.parse_args()
    if flags.output.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        fail(f"--output={flags.output} must end with .png or .jpg.")
    for path in (flags.source, flags.reference):
        if path.expanduser().resolve() == flags.output.expanduser().resolve():
            fail(f"--output={flags.output} would replace one of the pictures; name another file.")
    if not 1 <= flags.threads <= MAX_THREADS:
        fail(f"--threads must be from 1 to {MAX_THREADS}; received {flags.threads}.")
    try:
        request = photographs.Request.checked(
            flags.size, flags.region, flags.detail, flags.colors_only, flags.feather, flags.quality
        )
        described = [manifest.verify_beside(path) for path in (flags.encoder, flags.generator)]
        if flags.detail is None and described[1] and not flags.colors_only:
            request = request.with_detail(described[1].detail)
        pair = Pair(flags.encoder, flags.generator, flags.threads)
        style = pair.style(square(flags.reference, pair.image_size, flags.resize))
        photograph = request.photograph(opened(flags.source), pair.image_size, flags.resize)
        seen = photograph.square(pair.image_size, flags.resize)
        result = request.result(photograph, seen, pair.generate(seen.image, style))
        content = photographs.encoded(result, flags.output.suffix.lower(), request.quality)
    except (ModelError, UserError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("Interrupted. Nothing was written.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    try:
        files.write_bytes(flags.output, content)
    except OSError as error:
        fail(f"{flags.output} cannot be written ({error.strerror or error}).")
    print(f"Wrote {flags.output}.")


def square(path: pathlib.Path, size: int, resize: str) -> np.ndarray:
    """Reads a picture file as a uint8 `(size, size, 3)` square."""
    return pixels.square(pixels.flattened(opened(path)), size, resize)


def opened(path: pathlib.Path) -> Image.Image:
    """Reads a picture file as RGB or RGBA, upright."""
    try:
        return photographs.open_upright(path)
    except (OSError, ValueError) as error:
        fail(f"{path} is not a readable picture ({error}).")


def fail(message: str) -> NoReturn:
    """Prints one sentence to stderr and exits with 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
