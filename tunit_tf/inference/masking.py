"""Blends translations into their sources inside masks."""

import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import scipy.ndimage
from PIL import Image

from tunit_tf.io import picture_files, pixels

# Squares of the networks' size, pictures of any kind, or "alpha" for the channel of the sources.
Masks = np.ndarray | Sequence[str | pathlib.Path | Image.Image] | str

FEATHER_SHARE = 32  # by default, a mask is feathered over this part of the side of the images


def default_feather(size: int) -> int:
    """Pixels over which a mask of images with side `size` is feathered by default."""
    return size // FEATHER_SHARE


def weights(masks: np.ndarray, feather: int) -> np.ndarray:
    """How much of the translation each pixel takes.

    The weight is 0 where the mask is black, so nothing outside the painted area changes. It grows
    linearly with the distance from there, and reaches the mask's own value `feather` + 1 pixels
    away. The border of the image does not count as an edge of the mask.

    Args:
      masks: uint8 `(N, S, S)`, 255 for pixels that are to be redrawn wholly.
      feather: Number of pixels inside of the mask's edge that are mixed, at least 0.

    Returns:
      float32 `(N, S, S)` in [0, 1].

    Raises:
      ValueError: `feather` is negative.
    """
    if feather < 0:
        raise ValueError(f"A feather must be at least 0 pixels wide; received {feather}.")
    return np.stack([_feathered(mask, feather) for mask in masks])


def _feathered(mask: np.ndarray, feather: int) -> np.ndarray:
    share = mask.astype(np.float32) / np.float32(255)
    if not feather or mask.all():
        return share
    distance = scipy.ndimage.distance_transform_edt(mask).astype(np.float32)
    return share * np.minimum(distance / np.float32(feather + 1), np.float32(1))


def blend(sources: np.ndarray, translations: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mixes the values of pixels: sources where the share is 0, translations where it is 1.

    Args:
      sources: uint8 `(N, S, S, 3)`.
      translations: The same.
      shares: float32 `(N, S, S)` in [0, 1], from `weights`.

    Returns:
      uint8 `(N, S, S, 3)`; no value is outside of those of source and translation.
    """
    start, end = sources.astype(np.float32), translations.astype(np.float32)
    return np.rint(start + shares[..., None] * (end - start)).astype(np.uint8)


def read(
    masks: Masks,
    sources: np.ndarray | Sequence[str | pathlib.Path | Image.Image],
    size: int,
    resize: str,
) -> np.ndarray:
    """Reads the masks of N sources as squares.

    Args:
      masks: uint8 or bool `(N, S, S)`; N files or opened pictures, which become squares as their
        sources do; or `"alpha"`.
      sources: uint8 `(N, S, S, 3)`, or N files or opened pictures.
      size: Side S of the squares.
      resize: How pictures become squares, one of `pixels.RESIZE`.

    Returns:
      uint8 `(N, S, S)`, 255 where a source is to be redrawn.

    Raises:
      UserError: A mask has another aspect ratio than its source, or a source has no alpha channel.
      ValueError: An array has the wrong shape or dtype, or arrays are asked for an alpha channel.
    """
    if isinstance(masks, np.ndarray):
        if masks.shape != (len(sources), size, size) or masks.dtype not in (np.uint8, np.bool_):
            raise ValueError(
                f"An array of masks must be uint8 or bool ({len(sources)}, {size}, {size}); "
                f"received {masks.dtype} {masks.shape}."
            )
        return masks if masks.dtype == np.uint8 else masks.astype(np.uint8) * np.uint8(255)
    if isinstance(masks, str):
        if masks != picture_files.ALPHA or isinstance(sources, np.ndarray):
            raise ValueError(
                'Masks are an array, a list of pictures, or "alpha" where the sources are '
                f"pictures; received {masks!r} for {type(sources).__name__}."
            )
        channels = [_opened(source, picture_files.alpha_of) for source in sources]
        return np.stack([pixels.square(channel, size, resize) for channel in channels])
    squares = []
    for mask, source in zip(masks, sources, strict=True):
        if isinstance(source, np.ndarray):
            shown = (size, size)
        else:
            shown = _opened(source, pixels.upright_rgb).size
        name = getattr(mask, "filename", "") if isinstance(mask, Image.Image) else str(mask)
        fitting = picture_files.fitted(_opened(mask, picture_files.gray), shown, name)
        squares.append(pixels.square(fitting, size, resize))
    return np.stack(squares)


def _opened(
    picture: str | pathlib.Path | Image.Image, converted: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    return (
        converted(picture)
        if isinstance(picture, Image.Image)
        else pixels.open_as(picture, converted)
    )
