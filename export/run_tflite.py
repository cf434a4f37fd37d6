"""Translates a picture with an exported pair: a phone's pre- and postprocessing, in Python.

Needs ai-edge-litert, numpy, pillow and pydantic only: `python -m export.run_tflite --encoder=...
--generator=... --source=me.jpg --reference=look.jpg --output=translated.png`.
"""

import argparse
import contextlib
import pathlib
import sys
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from export import manifest
from export.mobile.runtime import ModelError, Pair
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.inference.redrawing import Draw, Redrawing
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.picture_files import MaskFiles

INTERRUPTED = 130  # as a shell reports a process that SIGINT ended
STILL_SUFFIXES = (".png", ".jpg", ".jpeg")
SUFFIXES = (*STILL_SUFFIXES, ".gif", ".webp")
MAX_THREADS = 256  # LiteRT starts as many as it is asked for, and crashes where the system refuses


def main() -> None:
    """Parses the command line and translates one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--encoder", type=pathlib.Path, required=True, help="encoder_*.tflite")
    parser.add_argument("--generator", type=pathlib.Path, required=True, help="generator_*.tflite")
    parser.add_argument("--source", type=pathlib.Path, required=True, help="picture to redraw")
    parser.add_argument("--reference", type=pathlib.Path, required=True, help="picture of the look")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        required=True,
        help=".png or .jpg to write; of an animation, a file of its own kind",
    )
    parser.add_argument(
        "--size",
        default=photographs.SOURCE,
        help="of the result: source, model (the square that the generator draws), or longer side",
    )
    parser.add_argument("--region", default="", help="redraw only x,y,width,height, or in percent")
    parser.add_argument("--detail", type=float, help="0 (enlarged) to 1; by default the run's")
    parser.add_argument("--colors_only", action="store_true", help="take only colors")
    parser.add_argument(
        "--mask", default="", help="picture, white where to redraw; or alpha, that of the source"
    )
    parser.add_argument("--feather", type=int, help="pixels inside of region or mask that fade")
    parser.add_argument(
        "--quality", type=int, default=pixels.JPEG_QUALITY, help="of JPEG, 1 to 100"
    )
    parser.add_argument("--resize", choices=pixels.RESIZE, default="crop", help="to a square")
    parser.add_argument("--threads", type=int, default=1, help="number of CPU threads")
    flags = parser.parse_args()
    try:
        check(flags)
        content = translated(flags)
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


def check(flags: argparse.Namespace) -> None:
    """Raises UserError if a path or number is wrong."""
    output = flags.output
    if output.suffix.lower() not in SUFFIXES:
        raise UserError(f"--output={output} must end with .png or .jpg.")
    for path in (flags.source, flags.reference, pathlib.Path(flags.mask)):
        if path.expanduser().resolve() == output.expanduser().resolve():
            raise UserError(
                f"--output={output} would replace one of the pictures; name another file."
            )
    if not 1 <= flags.threads <= MAX_THREADS:
        raise UserError(f"--threads must be from 1 to {MAX_THREADS}; received {flags.threads}.")
    if flags.feather is not None and not (flags.mask or flags.region):
        raise UserError("--feather softens the edges of --mask or --region; give one of them too.")


def translated(flags: argparse.Namespace) -> bytes:
    """The content of the result.

    Raises:
      UserError: A picture cannot be read, or a flag does not fit it.
      ModelError: The files are no pair.
    """
    request = photographs.Request.checked(
        flags.size, flags.region, flags.detail, flags.colors_only, flags.feather, flags.quality
    )
    described = [manifest.verify_beside(path) for path in (flags.encoder, flags.generator)]
    if flags.detail is None and described[1] and not flags.colors_only:
        request = request.with_detail(described[1].detail)
    pair = Pair(flags.encoder, flags.generator, flags.threads)
    with reading(flags.reference):
        look = pixels.open_rgb(flags.reference)
    style = pair.style(pixels.square(look, pair.image_size, flags.resize))

    def draw(squares: np.ndarray) -> np.ndarray:
        return np.stack([pair.generate(square, style) for square in squares])

    source, suffix = flags.source.expanduser(), flags.output.suffix.lower()
    with reading(source):
        masks = MaskFiles(flags.mask, str(source), [source]) if flags.mask else None
        redrawing = Redrawing(request, pair.image_size, flags.resize, masks=masks)
        if is_animated(source):
            return animated(source, suffix, redrawing, draw)
        if suffix not in STILL_SUFFIXES:
            raise UserError(f"--output={flags.output} must end with .png or .jpg.")
        (result,) = redrawing.results([redrawing.read(source)], draw, in_place=True)
    return photographs.encoded(result, suffix, request.quality)


def animated(source: pathlib.Path, suffix: str, redrawing: Redrawing, draw: Draw) -> bytes:
    """An animation with every frame redrawn. Raises UserError if `suffix` is of another kind."""
    animation = Animation(source)
    if suffix != animation.suffix:
        raise UserError(
            f"{source} is an animation, and so is its result; let --output end with "
            f"{animation.suffix}."
        )
    return animation.encoded(redrawing.frames(source, animation.frames(), draw))


@contextlib.contextmanager
def reading(path: pathlib.Path) -> Iterator[None]:
    """Turns the failure to read a picture in its block into a sentence."""
    try:
        yield
    except (ModelError, UserError):
        raise
    except picture_files.UNREADABLE as error:
        raise UserError(f"{path} is not a readable picture ({error}).") from None


def fail(message: str) -> NoReturn:
    """Prints one sentence to stderr and exits with 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
