"""A picture file redrawn with an exported pair. Needs no TensorFlow."""

import contextlib
import pathlib
from collections.abc import Iterator

import numpy as np

from export.mobile.runtime import ModelError, Pair
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.inference.redrawing import Draw, Redrawing
from tunit_tf.io import picture_files, pixels
from tunit_tf.io.picture_files import MaskFiles

STILL_SUFFIXES = (".png", ".jpg", ".jpeg")
SUFFIXES = (*STILL_SUFFIXES, ".gif", ".webp")


def redrawn(
    pair: Pair,
    source: pathlib.Path,
    reference: pathlib.Path,
    suffix: str,
    request: photographs.Request,
    mask: str = "",
    resize: str = "crop",
) -> bytes:
    """The content of the result, a picture or an animation as the source is one.

    Args:
      pair: Draws squares.
      source: The file.
      reference: A picture of the look.
      suffix: Of the result, one of `SUFFIXES`.
      request: The result that is asked for.
      mask: Mask of the source, or `alpha`; see `MaskFiles`.
      resize: How pictures become squares, one of `pixels.RESIZE`.

    Raises:
      UserError: A picture cannot be read, the mask or region does not fit it, or the result would
        be of another kind.
    """
    with _reading(reference):
        look = pixels.square(pixels.open_rgb(reference), pair.image_size, resize)
    style = pair.style(look)

    def draw(squares: np.ndarray) -> np.ndarray:
        return np.stack([pair.generate(square, style) for square in squares])

    with _reading(source):
        masks = MaskFiles(mask, str(source), [source]) if mask else None
        redrawing = Redrawing(request, pair.image_size, resize, masks=masks)
        if is_animated(source):
            return _animation(source, suffix, redrawing, draw)
        if suffix not in STILL_SUFFIXES:
            raise UserError(f"{source} is no animation; let --output end with .png or .jpg.")
        (result,) = redrawing.results([redrawing.read(source)], draw, in_place=True)
    return photographs.encoded(result, suffix, request.quality)


def _animation(source: pathlib.Path, suffix: str, redrawing: Redrawing, draw: Draw) -> bytes:
    animation = Animation(source)
    if suffix != animation.suffix:
        raise UserError(
            f"{source} is an animation, and so is its result; let --output end with "
            f"{animation.suffix}."
        )
    return animation.encoded(redrawing.frames(source, animation.frames(), draw))


@contextlib.contextmanager
def _reading(path: pathlib.Path) -> Iterator[None]:
    """Turns the failure to read a picture in its block into a sentence."""
    try:
        yield
    except (ModelError, UserError):
        raise
    except picture_files.UNREADABLE as error:
        raise UserError(f"{path} is not a readable picture ({error}).") from None
