"""Masks: how much of a translation each pixel takes."""

import pathlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tunit_tf.inference.photograph import Photograph, feather_of
from tunit_tf.io import picture_files, pixels

# A mask of one picture, and masks of many: arrays of the pictures' size, files or opened pictures,
# or "alpha" for the channel of the pictures themselves.
Mask = np.ndarray | str | pathlib.Path | Image.Image
Masks = np.ndarray | Sequence[str | pathlib.Path | Image.Image] | str
Source = np.ndarray | str | pathlib.Path | Image.Image

TILE = 512  # side of the parts in which large masks are feathered


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
    return np.stack([MaskShares(mask, feather).rows(0, len(mask)) for mask in masks])


class MaskShares:
    """`weights` of one mask of any size, given in strips; exact, and of bounded memory.

    Args:
      mask: uint8 `(h, w)`, 255 for pixels that are to be redrawn wholly.
      feather: At least 0.
      edges: Whether what lies beyond left, top, right and bottom counts as black: the edges of a
        region, but not those of a picture.
    """

    def __init__(
        self,
        mask: np.ndarray,
        feather: int,
        edges: tuple[bool, bool, bool, bool] = (False, False, False, False),
    ) -> None:
        left, top, right, bottom = map(int, edges)
        self._mask = np.pad(mask, ((top, bottom), (left, right)))
        self._origin = left, top
        self._shape = mask.shape
        self._feather = feather
        self._first, self._kept = 0, np.empty((0, mask.shape[1]), np.float32)

    def rows(self, top: int, bottom: int) -> np.ndarray:
        """float32 `(bottom - top, w)` in [0, 1]; fastest if asked for from top to bottom."""
        parts = []
        while top < bottom:
            if not self._first <= top < self._first + len(self._kept):
                self._first = top - top % TILE
                self._kept = self._row_of_tiles(self._first)
            part = self._kept[top - self._first : bottom - self._first]
            parts.append(part)
            top += len(part)
        return np.concatenate(parts)

    def _row_of_tiles(self, top: int) -> np.ndarray:
        height, width = self._shape
        bottom = min(top + TILE, height)
        return np.concatenate(
            [self._tile(x, top, min(x + TILE, width), bottom) for x in range(0, width, TILE)],
            axis=1,
        )

    def _tile(self, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        """Weights of a tile: a black pixel further away than `feather` does not matter."""
        x, y = self._origin
        reach = self._feather + 1
        first_row, first_column = max(0, top + y - reach), max(0, left + x - reach)
        around = self._mask[first_row : bottom + y + reach, first_column : right + x + reach]
        rows = slice(top + y - first_row, bottom + y - first_row)
        columns = slice(left + x - first_column, right + x - first_column)
        inner = around[rows, columns]
        shares = inner.astype(np.float32) / np.float32(255)
        if not self._feather or around.all() or not inner.any():
            return shares
        distance = distances_to_black(around, reach, rows, columns).astype(np.float32)
        return shares * np.minimum(distance / np.float32(reach), np.float32(1))


def distances_to_black(mask: np.ndarray, reach: int, rows: slice, columns: slice) -> np.ndarray:
    """Exact Euclidean distances of pixels to the nearest black one, as far as `reach`.

    The distance along the column comes first. The rest is the smallest sum of its square at
    another place of the row and of the squared distance to that place.

    Args:
      mask: uint8 or bool `(h, w)`.
      reach: Larger distances, and all where nothing is black, become this; at least 1.
      rows: Where distances are wanted, with start and stop.
      columns: Likewise.

    Returns:
      float64 of the shape of `mask[rows, columns]`, in pixels.
    """
    place = np.arange(len(mask))[:, None]
    before = np.maximum.accumulate(np.where(mask, -reach, place), axis=0)
    after = np.where(mask, len(mask) + reach, place)[::-1]
    after = np.minimum.accumulate(after, axis=0)[::-1]
    along_column = np.minimum(np.minimum(place - before, after - place), reach)[rows]
    squares = np.square(along_column.astype(np.int32))
    squares = np.pad(squares, ((0, 0), (reach, reach)), constant_values=reach**2)
    first, last = columns.start + reach, columns.stop + reach
    nearest = squares[:, first:last].copy()
    for step in range(1, reach):
        if step**2 >= nearest.max(initial=0):
            break
        for start, stop in ((first - step, last - step), (first + step, last + step)):
            np.minimum(nearest, squares[:, start:stop] + step**2, out=nearest)
    return np.sqrt(nearest)


def shares_of(mask: Image.Image, photograph: Photograph, feather: int | None) -> MaskShares:
    """How much of a photograph's region is redrawn.

    Args:
      mask: Gray, of the photograph's size.
      photograph: As it was read.
      feather: Pixels; None is a 32nd of the shorter side of the region.
    """
    box = photograph.box
    width, height = photograph.size
    edges = box.left > 0, box.top > 0, box.right < width, box.bottom < height
    return MaskShares(np.asarray(mask.crop(box)), feather_of(box, feather), edges)


def opened(mask: Mask, source: Source, size: tuple[int, int]) -> Image.Image:
    """The mask of one picture as a gray picture of its size.

    Args:
      mask: uint8 or bool `(H, W)`; a file or opened picture of the picture's aspect ratio, white
        where it is redrawn; or `"alpha"`, the alpha channel of `source`.
      source: The picture.
      size: Its width and height, upright.

    Raises:
      UserError: The aspect ratio differs, or there is no alpha channel.
      ValueError: An array has the wrong shape or dtype, or is asked for an alpha channel.
    """
    if isinstance(mask, np.ndarray):
        return Image.fromarray(_bytes(mask, size[::-1], "A mask"))
    if isinstance(mask, str) and mask == picture_files.ALPHA:
        if isinstance(source, np.ndarray):
            raise ValueError('The mask "alpha" needs a picture with an alpha channel.')
        return pixels.open_as(source, picture_files.alpha_of)
    name = getattr(mask, "filename", "") if isinstance(mask, Image.Image) else str(mask)
    return picture_files.fitted(pixels.open_as(mask, picture_files.gray), size, name)


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
        return _bytes(masks, (len(sources), size, size), "An array of masks")
    if isinstance(masks, str):
        if masks != picture_files.ALPHA or isinstance(sources, np.ndarray):
            raise ValueError(
                'Masks are an array, a list of pictures, or "alpha" where the sources are '
                f"pictures; received {masks!r} for {type(sources).__name__}."
            )
        masks = [masks] * len(sources)
    return np.stack(
        [
            pixels.square(opened(mask, source, _size_of(source)), size, resize)
            for mask, source in zip(masks, sources, strict=True)
        ]
    )


def _size_of(source: Source) -> tuple[int, int]:
    """Width and height of a picture, upright."""
    if isinstance(source, np.ndarray):
        return source.shape[1], source.shape[0]
    return pixels.open_as(source, pixels.turned).size


def _bytes(mask: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """As uint8. Raises ValueError if it has another shape, or is neither bytes nor bool."""
    if mask.shape != shape or mask.dtype not in (np.uint8, np.bool_):
        raise ValueError(
            f"{what} must be uint8 or bool {shape}; received {mask.dtype} {mask.shape}."
        )
    return mask if mask.dtype == np.uint8 else mask.astype(np.uint8) * np.uint8(255)
