"""Pictures from and to a user's files: finding, reading with faults counted, naming, writing."""

import collections
import concurrent.futures
import itertools
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tunit_tf.errors import UserError
from tunit_tf.io import files, pixels


class Picture(NamedTuple):
    """A picture that was read.

    Attributes:
      path: Where from.
      square: uint8 `(S, S, 3)`.
      box: Part of the square that shows the picture: left, top, right, bottom. All of it, but
        for `letterbox`.
    """

    path: pathlib.Path
    square: np.ndarray
    box: tuple[int, int, int, int]


def find(path: str, flag: str) -> list[pathlib.Path]:
    """The file, or the images of the folder, that a flag names.

    Raises:
      UserError: It does not exist, or the folder has no images.
    """
    place = pathlib.Path(path).expanduser()
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UserError(f"--{flag}={path} does not exist; name an image or a folder of images.")
    found = pixels.find(place)
    if not found:
        raise UserError(
            f"--{flag}={path} is a folder without images ({', '.join(pixels.EXTENSIONS)})."
        )
    return found


class Reader:
    """Reads pictures as squares, several at a time, and remembers those that cannot be read.

    Args:
      size: Side of the squares.
      resize: One of `images.RESIZE`.

    Attributes:
      bad: Reasons by path.
    """

    def __init__(self, size: int, resize: str):
        self.bad: dict[pathlib.Path, str] = {}
        self._size = size
        self._resize = resize

    def batches(self, paths: Sequence[pathlib.Path], count: int) -> Iterator[list[Picture]]:
        """Yields up to `count` pictures at once, in order, without the unreadable ones."""
        remaining = iter(paths)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            while chunk := list(itertools.islice(remaining, count)):
                pictures = [picture for picture in pool.map(self._read, chunk) if picture]
                if pictures:
                    yield pictures

    def require(self, read: Sequence | int, flag: str) -> None:
        """Raises UserError if nothing was `read` of what a flag names."""
        if not read:
            path, reason = next(iter(self.bad.items()))
            raise UserError(f"--{flag}: no picture can be read; {path}: {reason}.")

    def _read(self, path: pathlib.Path) -> Picture | None:
        size = self._size
        try:
            rgb = pixels.open_rgb(path)
        # Pillow's decoders raise many kinds of errors on broken files.
        except Exception as error:
            self.bad[path] = f"{type(error).__name__}: {error}"
            return None
        letterbox = self._resize == "letterbox"
        box = pixels.letterbox_box(rgb.size, size) if letterbox else (0, 0, size, size)
        return Picture(path, pixels.square(rgb, size, self._resize), box)


def output_stems(paths: Sequence[pathlib.Path], root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Output names without suffix: a source's place below `root`, told apart if two are alike.

    `a/cat.jpg` becomes `a/cat`; beside `a/cat.png` it becomes `a/cat_jpg`.
    """
    base = root if root.is_dir() else root.parent
    stems = {path: path.relative_to(base).with_suffix("") for path in paths}
    uses = collections.Counter(str(stem).lower() for stem in stems.values())
    return {
        path: str(stem) if uses[str(stem).lower()] == 1 else f"{stem}_{path.suffix[1:]}"
        for path, stem in stems.items()
    }


class Writer:
    """Writes pictures below a folder, by rename.

    Args:
      folder: Made if missing.
      overwrite: Whether existing files may be replaced.
    """

    def __init__(self, folder: str, overwrite: bool):
        self.folder = pathlib.Path(folder).expanduser()
        self.written = 0
        self._overwrite = overwrite

    def check(self, names: Sequence[str]) -> None:
        """Raises UserError, before any work is done, if files of these names are in the way."""
        if self._overwrite:
            return
        existing = [name for name in names if (self.folder / name).exists()]
        if existing:
            raise UserError(
                f"{len(existing)} of {len(names)} outputs exist already, the first is "
                f"{self.folder / existing[0]}; give --overwrite, or another --output."
            )

    def write(self, name: str, content: bytes) -> None:
        """Writes one file.

        Raises:
          UserError: The folder cannot be written.
        """
        try:
            files.write_bytes(self.folder / name, content)
        except OSError as error:
            raise UserError(
                f"{self.folder / name} cannot be written ({error.strerror or error}); name "
                "another folder with --output or free space there."
            ) from None
        self.written += 1
