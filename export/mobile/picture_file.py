"""A picture or video redrawn with an exported pair. Needs no TensorFlow."""

import contextlib
import pathlib
from collections.abc import Iterator

import numpy as np

from export.mobile.runtime import ModelError, Pair
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.inference.redrawing import Draw, Redrawing
from tunit_tf.inference.video import CODECS, Video, is_video
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.picture_files import MaskFiles

STILL_SUFFIXES = (".png", ".jpg", ".jpeg")
SUFFIXES = (*STILL_SUFFIXES, ".gif", ".webp", *CODECS)


def redraw(
    pair: Pair,
    source: pathlib.Path,
    reference: pathlib.Path,
    output: pathlib.Path,
    request: photographs.Request,
    mask: str = "",
    resize: str = "crop",
) -> None:
    """Writes the result, a picture, an animation or a video as the source is one.

    Args:
      pair: Draws squares.
      source: The file.
      reference: A picture of the look.
      output: File that does not exist yet; its suffix is one of `SUFFIXES`.
      request: The result that is asked for.
      mask: Mask of the source, or `alpha`; see `MaskFiles`.
      resize: How pictures become squares, one of `pixels.RESIZE`.

    Raises:
      UserError: A picture cannot be read, the mask or region does not fit it, or the result would
        be of another kind.
      OSError: The result cannot be written.
    """
    with _reading(reference):
        look = pixels.square(pixels.open_rgb(reference), pair.image_size, resize)
    style = pair.style(look)

    def draw(squares: np.ndarray) -> np.ndarray:
        return np.stack([pair.generate(square, style) for square in squares])

    masks = MaskFiles(mask, str(source), [source]) if mask else None
    redrawing = Redrawing(request, pair.image_size, resize, masks=masks)
    if is_video(source):
        _write_video(source, output, redrawing, draw)
        return
    suffix = output.suffix.lower()
    with _reading(source):
        if is_animated(source):
            animation = Animation(source)
            _check(suffix, (animation.suffix,), f"{source} is an animation, and so is its result")
            content = animation.encoded(redrawing.frames(source, animation.frames(), draw))
        else:
            _check(suffix, STILL_SUFFIXES, f"{source} is a single picture")
            (result,) = redrawing.results([redrawing.read(source)], draw, in_place=True)
            content = photographs.encoded(result, suffix, request.quality)
    with files.new(output) as target:
        target.write_bytes(content)


def _write_video(
    source: pathlib.Path, output: pathlib.Path, redrawing: Redrawing, draw: Draw
) -> None:
    suffix = source.suffix.lower()
    _check(output.suffix.lower(), (suffix,), f"{source} is a video, and so is its result")
    with _reading(source, "video"):
        video = Video(source)
    with files.new(output) as target, _reading(source, "video"):
        video.write(target, lambda frames: redrawing.frames(source, frames, draw))


def _check(suffix: str, allowed: tuple[str, ...], reason: str) -> None:
    """Raises UserError if a result would be of another kind than its source."""
    if suffix not in allowed:
        raise UserError(f"{reason}; let --output end with {' or '.join(allowed[:2])}.")


@contextlib.contextmanager
def _reading(path: pathlib.Path, kind: str = "picture") -> Iterator[None]:
    """Turns the failure to read a picture or video in its block into a sentence."""
    try:
        yield
    except (ModelError, UserError):
        raise
    except picture_files.UNREADABLE as error:
        raise UserError(f"{path} is not a readable {kind} ({error}).") from None
