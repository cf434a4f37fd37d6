"""Translates a picture with an exported pair: a phone's pre- and postprocessing, in Python.

Needs ai-edge-litert, numpy and pillow, nothing else: `python -m export.run_tflite --encoder=...
--generator=... --source=me.jpg --reference=look.jpg --output=translated.png`.
"""

import argparse
import pathlib
import sys
from typing import NoReturn

import numpy as np

from export import manifest
from export.mobile.runtime import ModelError, Pair
from tunit_tf.errors import UserError
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
        "--resize", choices=pixels.RESIZE, default="crop", help="how to make squares"
    )
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
        for path in (flags.encoder, flags.generator):
            manifest.verify_beside(path)
        pair = Pair(flags.encoder, flags.generator, flags.threads)
        source, reference = (
            read(path, pair.image_size, flags.resize) for path in (flags.source, flags.reference)
        )
        translated = pair.generate(source, pair.style(reference))
    except (ModelError, UserError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("Interrupted. Nothing was written.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    try:
        suffix = flags.output.suffix.lower()
        files.write_bytes(flags.output, pixels.encode(translated, suffix))
    except OSError as error:
        fail(f"{flags.output} cannot be written ({error.strerror or error}).")
    print(f"Wrote {flags.output}.")


def read(path: pathlib.Path, size: int, resize: str) -> np.ndarray:
    """Reads a picture file as a uint8 `(size, size, 3)` square."""
    try:
        return pixels.square(pixels.open_rgb(path), size, resize)
    except (OSError, ValueError) as error:
        fail(f"{path} is not a readable picture ({error}).")


def fail(message: str) -> NoReturn:
    """Prints one sentence to stderr and exits with 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
