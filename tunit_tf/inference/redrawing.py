"""Picture files redrawn in the size that is asked for, by whatever draws the networks' squares.

What draws them is a run, an exported pair or a server. NumPy and Pillow only, so that none of these
needs TensorFlow here.
"""

import math
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from PIL import Image

from tunit_tf.inference import masking
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import pixels

MAX_HELD_PIXELS = 2**24  # of photographs that are redrawn at once; one may be larger

# Squares, uint8 `(n, S, S, 3)`, to their translations of the same shape.
Draw = Callable[[np.ndarray], np.ndarray]
Item = TypeVar("Item")


class Masks(Protocol):
    """Masks of picture files, gray, white where a picture is redrawn."""

    def of(self, path: pathlib.Path, picture: Image.Image) -> Image.Image:
        """The mask of an upright picture, which may be one of many of a file.

        Raises:
          UserError: There is none, or it does not fit.
        """


class Subject(NamedTuple):
    """A picture that is redrawn.

    Attributes:
      path: Its file.
      photograph: The picture.
      square: What the networks see of it.
      shares: How much of it is redrawn, by its mask; None where there is none.
    """

    path: pathlib.Path
    photograph: photographs.Photograph
    square: photographs.Square
    shares: masking.MaskShares | None


class Redrawing:
    """How picture files are redrawn.

    Args:
      request: The results that are asked for.
      size: Side of the networks' squares.
      resize: How pictures become squares, one of `pixels.RESIZE`.
      batch_size: Squares drawn at once.
      masks: Masks of the files; None redraws everything.
    """

    def __init__(
        self,
        request: photographs.Request,
        size: int,
        resize: str,
        batch_size: int = 1,
        masks: Masks | None = None,
    ) -> None:
        self._request, self._size, self._resize = request, size, resize
        self._batch_size = batch_size
        self._masks = masks
        self._marked: dict[pathlib.Path, bool] = {}  # files whose masks were read

    @property
    def unchanged(self) -> list[pathlib.Path]:
        """Files that were read and whose masks are all black, in every frame; sorted."""
        return sorted(path for path, marked in self._marked.items() if not marked)

    def note_mask(self, path: pathlib.Path, marked: bool) -> None:
        """Remembers that a mask of a file was read, and whether it marks anything."""
        self._marked[path] = self._marked.get(path, False) or marked

    def read(self, path: pathlib.Path) -> Subject:
        """A picture file with its mask.

        Raises:
          UserError: The mask or the region does not fit.
          OSError: It cannot be read.
          ValueError: It has too many pixels.
        """
        return self.subject(path, photographs.open_upright(path))

    def subject(self, path: pathlib.Path, picture: Image.Image) -> Subject:
        """An upright picture of a file, RGB or RGBA, with its mask.

        Raises:
          UserError: The mask or the region does not fit.
        """
        photograph = self._request.photograph(picture, self._size, self._resize)
        shares = None
        if self._masks:
            mask = self._masks.of(path, picture)
            self.note_mask(path, mask.getbbox() is not None)
            if self._request.size.kind == photographs.MODEL:
                mask = photographs.reduced(mask, self._size, self._resize)
            shares = masking.shares_of(mask, photograph, self._request.settings.feather)
        square = photograph.square(self._size, self._resize)
        return Subject(path, photograph, square, shares)

    def groups(self, paths: Iterable[pathlib.Path]) -> Iterator[list[pathlib.Path]]:
        """Files in order, as many together as are redrawn at once."""
        return self._together(paths, self._held_pixels)

    def together(self, subjects: Iterable[Subject]) -> Iterator[list[Subject]]:
        """Pictures in order, as many together as are redrawn at once."""
        return self._together(subjects, lambda held: math.prod(held.photograph.size))

    def results(
        self, subjects: list[Subject], draw: Draw, in_place: bool = False
    ) -> Iterator[Image.Image]:
        """Every picture in the size that is asked for.

        Args:
          subjects: The pictures.
          draw: Draws their squares.
          in_place: Draws into the pictures themselves, which saves the memory of other ones.
        """
        drawn = draw(np.stack([subject.square.image for subject in subjects]))
        for subject, translation in zip(subjects, drawn, strict=True):
            yield self.result(subject, translation, in_place)

    def result(
        self, subject: Subject, translation: np.ndarray, in_place: bool = False
    ) -> Image.Image:
        """One picture by the translation of its square, uint8 `(S, S, 3)`; see `results`."""
        return self._request.result(
            subject.photograph, subject.square, translation, subject.shares, in_place
        )

    def frames(
        self, path: pathlib.Path, frames: Iterable[Image.Image], draw: Draw
    ) -> Iterator[Image.Image]:
        """Every upright frame of an animation or a video, redrawn by itself.

        Raises:
          UserError: Its mask or the region does not fit.
        """
        for held in self.together(self.subject(path, frame) for frame in frames):
            yield from self.results(held, draw, in_place=True)

    def _held_pixels(self, path: pathlib.Path) -> int:
        """Pixels that a file takes until it is redrawn."""
        if self._request.size.kind == photographs.MODEL:
            return self._size**2
        return pixels.count(path)

    def _together(
        self, items: Iterable[Item], pixels_of: Callable[[Item], int]
    ) -> Iterator[list[Item]]:
        """Up to `batch_size` items at once, and no more than memory permits; one at least."""
        held: list[Item] = []
        area = 0
        for item in items:
            added = pixels_of(item)
            if held and (len(held) == self._batch_size or area + added > MAX_HELD_PIXELS):
                yield held
                held, area = [], 0
            held.append(item)
            area += added
        if held:
            yield held
