"""A user's picture files: find them, read them and count the bad ones, name and write results."""

import collections
import concurrent.futures
import functools
import itertools
import os
import pathlib
import stat
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tunit_tf.errors import UserError
from tunit_tf.io import files, folders, pixels
from tunit_tf.io.mask_files import Masks

MAX_NAME_BYTES = 240  # a name without suffix; file systems take 255 with it


class Picture(NamedTuple):
    """A picture that was read.

    Attributes:
      path: Its file.
      square: uint8 `(S, S, 3)`.
      box: Part of the square that shows the picture: left, top, right, bottom. Smaller than the
        square only for `letterbox`.
      mask: Where the picture is to be redrawn, uint8 `(S, S)`, 255 for wholly; None if everywhere.
    """

    path: pathlib.Path
    square: np.ndarray
    box: tuple[int, int, int, int]
    mask: np.ndarray | None = None


def find(path: str, flag: str) -> list[pathlib.Path]:
    """The file, or the images of the folder, that a flag names.

    Raises:
      UserError: It does not exist, is neither a file nor a folder, cannot be read, or is a folder
        without images.
    """
    place = pathlib.Path(path).expanduser()
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        raise UserError(
            f"--{flag}={path} does not exist; name an image or a folder of images."
        ) from None
    except OSError as error:
        raise UserError(
            f"--{flag}={path} cannot be read ({error.strerror or error}); name an image or a "
            "folder of images."
        ) from None
    if stat.S_ISREG(mode):
        return [place]
    if not stat.S_ISDIR(mode):
        raise UserError(
            f"--{flag}={path} is neither a file nor a folder; name an image or a folder of images."
        )
    found = pixels.find(place)
    if not found:
        raise UserError(
            f"--{flag}={path} is a folder without images ({', '.join(pixels.EXTENSIONS)})."
        )
    return found


class Reader:
    """Reads pictures as squares, several at a time, and collects those that cannot be read.

    Args:
      size: Side of the squares.
      resize: One of `pixels.RESIZE`.

    Attributes:
      bad: Why pictures cannot be read, by path.
    """

    def __init__(self, size: int, resize: str) -> None:
        self.bad: dict[pathlib.Path, str] = {}
        self._size = size
        self._resize = resize

    def batches(
        self, paths: Sequence[pathlib.Path], count: int, masks: Masks | None = None
    ) -> Iterator[list[Picture]]:
        """Yields up to `count` pictures at once, in order, without the unreadable ones.

        Args:
          paths: Files of the pictures.
          count: Pictures at once.
          masks: Their masks, if they have any; a picture without a mask that fits is unreadable.
        """
        read = functools.partial(self._read, masks=masks)
        remaining = iter(paths)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            while chunk := list(itertools.islice(remaining, count)):
                pictures = [picture for picture in pool.map(read, chunk) if picture]
                if pictures:
                    yield pictures

    def require(self, read: Sequence | int, flag: str) -> None:
        """Raises UserError if nothing was `read` of what a flag names."""
        if not read:
            path, reason = next(iter(self.bad.items()))
            raise UserError(f"--{flag}: no picture can be read; {path}: {reason}.")

    def _read(self, path: pathlib.Path, masks: Masks | None) -> Picture | None:
        size = self._size
        try:
            rgb = pixels.open_rgb(path)
            mask = masks.open(path, rgb.size) if masks else None
        except UserError as error:
            self.bad[path] = str(error)
            return None
        except (OSError, ValueError, MemoryError) as error:
            self.bad[path] = f"{type(error).__name__}: {error}"
            return None
        letterbox = self._resize == "letterbox"
        box = pixels.letterbox_box(rgb.size, size) if letterbox else (0, 0, size, size)
        shown = None if mask is None else pixels.square(mask, size, self._resize)
        return Picture(path, pixels.square(rgb, size, self._resize), box, shown)


def output_stems(paths: Sequence[pathlib.Path], root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Names of results, without suffix: the place of each source below `root`.

    `a/cat.jpg` becomes `a/cat`; beside `a/cat.png` it becomes `a/cat_jpg`, and beside
    `a/cat_jpg.gif` as well, `a/cat_jpg_`. Names differ in more than capitals, for file systems
    that ignore these.
    """
    base = root if root.is_dir() else root.parent
    stems = [str(path.relative_to(base).with_suffix("")) for path in paths]
    uses = collections.Counter(stem.lower() for stem in stems)
    names = [
        stem if uses[stem.lower()] == 1 else f"{stem}_{path.suffix[1:]}"
        for path, stem in zip(paths, stems, strict=True)
    ]
    # A name that was not changed goes before one that was, so `cat_jpg.png` stays `cat_jpg`.
    order = sorted(range(len(paths)), key=lambda i: names[i] != stems[i])
    unique = unique_names([names[i] for i in order])
    by_position = dict(zip(order, unique, strict=True))
    return {path: by_position[i] for i, path in enumerate(paths)}


def unique_names(names: Sequence[str]) -> list[str]:
    """Names of results, without suffix, changed so that all are valid and differ.

    The first of names that are alike keeps its name, later ones get `_` at the end. Case does not
    count, as on some file systems. A part between slashes that is too long ends in a checksum.
    """
    taken: set[str] = set()
    unique = []
    for name in names:
        name = "/".join(map(shortened, name.split("/")))
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        unique.append(name)
    return unique


def shortened(part: str) -> str:
    """A part of a name between slashes; one that is too long ends in a checksum instead."""
    encoded = part.encode(errors="surrogateescape")
    if len(encoded) <= MAX_NAME_BYTES:
        return part
    start = encoded[: MAX_NAME_BYTES - 9].decode(errors="ignore")
    return f"{start}~{zlib.crc32(encoded):08x}"


class Writer:
    """Writes pictures below a folder, by rename.

    Args:
      folder: Folder of the results, created if missing.
      overwrite: Whether existing files may be replaced.
    """

    def __init__(self, folder: str, overwrite: bool) -> None:
        self.folder = folders.named(folder, "output")
        self.written = 0
        self._overwrite = overwrite

    def check(self, names: Sequence[str], inputs: Sequence[pathlib.Path] = ()) -> None:
        """Checks, before any work is done, that nothing is in the way of the results.

        Args:
          names: Names of all results.
          inputs: Files that must not be replaced, even with --overwrite.

        Raises:
          UserError: A file of these names exists, the folder cannot be written, or two results
            need the same name, one as a file and one as a folder.
        """
        cure = "name another folder with --output, or free space there"
        folders.check_writable(self.folder, f"The folder {self.folder}", cure)
        parents = {str(parent) for name in names for parent in pathlib.PurePath(name).parents}
        clashes = sorted(parents.intersection(names))
        if clashes:
            raise UserError(
                f"{clashes[0]} would be the name of a result and of a folder of results; rename "
                "one of the pictures."
            )
        kept = {path.resolve() for path in inputs}
        for name in names:
            if (self.folder / name).resolve() in kept:
                raise UserError(
                    f"{self.folder / name} is one of the inputs and would be replaced by a "
                    "result; name another folder with --output."
                )
        if self._overwrite:
            return
        existing = [name for name in names if (self.folder / name).exists()]
        if existing:
            raise UserError(
                f"{len(existing)} of {len(names)} outputs already exist, the first is "
                f"{self.folder / existing[0]}; give --overwrite, or another --output."
            )

    def write(self, name: str, content: bytes) -> None:
        """Writes one file.

        Raises:
          UserError: The folder cannot be written.
        """
        cure = "name another folder with --output, or free space there"
        with files.writing(str(self.folder / name), cure):
            files.write_bytes(self.folder / name, content)
        self.written += 1
