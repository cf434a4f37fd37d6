"""Translates a picture with an exported pair: a phone's pre- and postprocessing, in Python.

Needs ai-edge-litert, numpy, pillow and pydantic only: `python -m export.run_tflite --encoder=...
--generator=... --source=me.jpg --reference=look.jpg --output=translated.png`.
"""

import argparse
import os
import sys

from export import manifest
from export.mobile import picture_file
from export.mobile.runtime import ModelError, Pair
from tunit_tf import standard_streams
from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import pixels
from tunit_tf.paths import user_path

USER_ERROR, INTERRUPTED = 2, 130  # exit codes
PATHS = ("encoder", "generator", "source", "reference", "mask", "output")
MAX_THREADS = 256  # LiteRT starts as many as it is asked for, and crashes where the system refuses


def main() -> None:
    """Parses the command line and translates one picture."""
    standard_streams.prepare()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--encoder", required=True, help="encoder_*.tflite")
    parser.add_argument("--generator", required=True, help="generator_*.tflite")
    parser.add_argument("--source", required=True, help="picture or video to redraw")
    parser.add_argument("--reference", required=True, help="picture of the look")
    output_help = ".png or .jpg to write; of an animation or video, a file of its own kind"
    parser.add_argument("--output", required=True, help=output_help)
    size_help = "of the result: source, model (a square, as drawn), or the longer side in pixels"
    parser.add_argument("--size", default=photographs.SOURCE, help=size_help)
    parser.add_argument("--region", default="", help="redraw only x,y,width,height, or in percent")
    parser.add_argument("--detail", type=float, help="0 (enlarged) to 1; by default the run's")
    parser.add_argument("--colors_only", action="store_true", help="take only colors")
    mask_help = "picture, white where to redraw; or alpha, that of the source"
    parser.add_argument("--mask", help=mask_help)
    parser.add_argument("--feather", type=int, help="pixels inside of region or mask that fade")
    parser.add_argument(
        "--quality", type=int, default=pixels.JPEG_QUALITY, help="of JPEG, 1 to 100"
    )
    parser.add_argument("--resize", choices=pixels.RESIZE, default="crop", help="to a square")
    parser.add_argument("--threads", type=int, default=1, help="number of CPU threads")
    flags = parser.parse_args()
    try:
        translate(flags)
    except (ModelError, UserError) as error:
        sys.exit(refused(str(error)))
    except OSError as error:
        sys.exit(refused(f"{flags.output} cannot be written ({error.strerror or error})."))
    except KeyboardInterrupt:
        print("Interrupted. Nothing was written.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    print(f"Wrote {flags.output}.")
    if standard_streams.lost():
        sys.exit(refused(standard_streams.lost()))


def translate(flags: argparse.Namespace) -> None:
    """Checks the flags and writes the result."""
    given = [name for name in PATHS if getattr(flags, name) is not None]
    for name in given:
        setattr(flags, name, user_path(getattr(flags, name), f"--{name}"))
    output = flags.output
    if output.suffix.lower() not in picture_file.SUFFIXES:
        raise UserError(
            f"--output={output} must end with .png or .jpg, or as an animation or video that is "
            "redrawn does."
        )
    if os.path.lexists(output):
        raise UserError(f"--output={output} exists already; name another file, or delete it first.")
    Bounds(1, MAX_THREADS).check("--threads", flags.threads)
    mask = str(flags.mask or "")
    request = photographs.Request.checked(
        flags.size, flags.region, flags.detail, flags.colors_only, flags.feather, flags.quality,
        mask=mask,
    )  # fmt: skip
    described = [manifest.verify_beside(path) for path in (flags.encoder, flags.generator)]
    if flags.detail is None and described[1] and not flags.colors_only:
        request = request.with_detail(described[1].detail)
    pair = Pair(flags.encoder, flags.generator, flags.threads)
    picture_file.redraw(pair, flags.source, flags.reference, output, request, mask, flags.resize)


def refused(message: str) -> int:
    """Prints one sentence to stderr, and returns the exit code of wrong usage."""
    print(f"error: {message}", file=sys.stderr)
    return USER_ERROR


if __name__ == "__main__":
    main()
