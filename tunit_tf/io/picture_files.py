"""A user's picture files: found, read with their masks, and written under names that differ."""

import collections
import concurrent.futures
import contextlib
import functools
import itertools
import logging
import os
import pathlib
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from tunit_tf.errors import UserError
from tunit_tf.io import files, output_folder, pixels
from tunit_tf.io.output_folder import OutputFolder
from tunit_tf.paths import user_path

HEIC = (".heic", ".heif", ".hif")  # of iPhones; read where the extra `heic` is installed
EXTENSIONS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif",
    *(HEIC if pixels.READS_HEIC else ()),
)  # fmt: skip
# Kinds of pictures that are not read.
OTHER_KINDS = (
    *(() if pixels.READS_HEIC else HEIC), ".jxl", ".jp2", ".psd", ".xcf", ".svg", ".tga", ".exr",
    ".hdr", ".ppm", ".pgm", ".dng", ".arw", ".cr2", ".cr3", ".nef", ".orf", ".raf", ".rw2",
)  # fmt: skip
LEFT_OUT = ("@eaDir", "__MACOSX")  # folders of a file server and an archiver, beside hidden ones
MAX_NAMED = 10  # folders or files that cannot be read and are named in the log
ALPHA = "alpha"  # in place of a folder of masks
MASK_SUFFIX = ".png"  # JPEG changes pixels around edges, also those that are not to be redrawn
NOTHING = (0, 0, 0)  # color in a mask of what is not redrawn
PATTERN_SIGNS = "*?["  # characters that turn a path into a pattern
MAX_NAME_BYTES = 240  # a name without suffix; file systems take 255 with it

# Errors of a picture that cannot be read.
UNREADABLE = (OSError, ValueError, MemoryError)

Item = TypeVar("Item")
Made = TypeVar("Made")


class Picture(NamedTuple):
    """A picture that was read.

    Attributes:
      path: Its file.
      square: uint8 `(S, S, 3)`.
      mask: Where the picture is to be redrawn, uint8 `(S, S)`, 255 for wholly; None if everywhere.
    """

    path: pathlib.Path
    square: np.ndarray
    mask: np.ndarray | None = None


def find(path: str, flag: str, more: tuple[str, ...] = ()) -> list[pathlib.Path]:
    """The file, or the images of the folder, that a flag names.

    Args:
      path: What the user named.
      flag: Name of the flag.
      more: Suffixes of other files of a folder that count as images.

    Raises:
      UserError: It does not exist, is neither a file nor a folder, cannot be read, or is a folder
        without images.
    """
    place = user_path(path, f"--{flag}")
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
    found = below(place, more)
    if not found:
        raise UserError(f"--{flag}={path} is a folder without images ({', '.join(EXTENSIONS)}).")
    return found


def below(folder: pathlib.Path, more: tuple[str, ...] = ()) -> list[pathlib.Path]:
    """Files below a folder that are named like pictures, sorted; hidden ones are left out.

    Files with one of the suffixes in `more` are found too.

    Links to folders are followed, except those that lead back to a folder on the way. What looks
    like a picture and is left out is counted and named in the log: links that lead nowhere,
    pictures of kinds that are not read, and folders without access.

    Raises:
      UserError: The folder itself cannot be read.
    """
    search = _Search(EXTENSIONS + more)
    search.enter(folder, ())
    if folder in search.closed:
        raise UserError(
            f"{folder} cannot be read ({search.closed[folder]}); change its permissions."
        )
    search.report()
    return sorted(search.found)


class _Search:
    """A search for pictures: what was found, and what was left out."""

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self._suffixes = suffixes
        self.found: list[pathlib.Path] = []
        self.closed: dict[pathlib.Path, str] = {}  # reasons by folder
        self._other_kinds: list[pathlib.Path] = []
        self._written: dict[pathlib.Path, set[str]] = {}  # results of this program
        self._results: list[pathlib.Path] = []
        self._dangling: list[pathlib.Path] = []

    def enter(self, folder: pathlib.Path, above: tuple[tuple[int, int], ...]) -> None:
        """Searches a folder; `above` has device and inode of every folder on the way."""
        try:
            status = os.stat(f"{folder}/.")  # fails where files could be listed but not opened
            here = (status.st_dev, status.st_ino)
            if here in above:
                return
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries]
        except OSError as error:
            self.closed[folder] = error.strerror or str(error)
            return
        if above:  # a folder that the user names is searched even if it holds results
            self._written |= output_folder.written_in(folder)
        for name in names:
            if not name.startswith(".") and name not in LEFT_OUT:
                self._look_at(folder / name, (*above, here))

    def _look_at(self, path: pathlib.Path, above: tuple[tuple[int, int], ...]) -> None:
        try:
            mode = path.stat().st_mode
        except OSError:
            # A link that leads nowhere or to itself, not a file that was deleted meanwhile.
            if path.is_symlink() and (is_picture(path.name) or not path.suffix):
                self._dangling.append(path)
            return
        if stat.S_ISDIR(mode):
            self.enter(path, above)
        elif stat.S_ISREG(mode) and is_picture(path.name, self._suffixes):
            (self._results if self._is_result(path) else self.found).append(path)
        elif stat.S_ISREG(mode) and path.suffix.lower() in OTHER_KINDS:
            self._other_kinds.append(path)

    def _is_result(self, path: pathlib.Path) -> bool:
        known = self._written.get(path, ())
        with contextlib.suppress(OSError):  # the reader reports a picture that cannot be read
            return bool(known) and output_folder.checksum(path) in known
        return False

    def report(self) -> None:
        """Logs what was left out."""
        _warn_of("pictures that this program has written itself", self._results)
        closed = [f"{path} ({reason})" for path, reason in self.closed.items()]
        _warn_of("folders that cannot be read", closed)
        _warn_of("links that lead nowhere; is a disk not mounted?", self._dangling)
        kinds = sorted({path.suffix.lower() for path in self._other_kinds})
        reader = " (pip install pillow-heif reads .heic)" if {*kinds} & {*HEIC} else ""
        cure = f"convert them to JPEG or PNG to use them{reader}"
        _warn_of(
            f"files of kinds that are not read ({', '.join(kinds)}); {cure}", self._other_kinds
        )


def _warn_of(what: str, names: Sequence[str | pathlib.Path]) -> None:
    """Logs how many were left out, and the first of their names."""
    if names:
        shown = "; ".join(map(str, sorted(names)[:MAX_NAMED]))
        more = f"; and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        logging.warning("Skipped %d %s: %s%s", len(names), what, shown, more)


def is_picture(path: str, suffixes: tuple[str, ...] = EXTENSIONS) -> bool:
    """Whether a file is named like a picture, and is not hidden."""
    name = path.rpartition("/")[2]
    return name.lower().endswith(suffixes) and not name.startswith(".")


class MaskFiles:
    """The masks of sources, from a folder with a file per source or from the sources themselves.

    Args:
      mask: `alpha`, a folder that has `a/cat.png` for the source `a/cat.jpg`, or the mask of a
        single source.
      source: The sources as the user named them, a picture or a folder.
      sources: Files of the sources.

    Raises:
      UserError: The folder is missing, no folder, or in that of the sources; or a source has no
        mask in it.
    """

    def __init__(self, mask: str, source: str, sources: Sequence[pathlib.Path]) -> None:
        self._files: dict[pathlib.Path, pathlib.Path] | None = None
        if mask != ALPHA:
            self._files = _find_masks(mask, user_path(source, "--source"), sources)

    @property
    def files(self) -> list[pathlib.Path]:
        """Files of masks, none where the sources have them."""
        return list((self._files or {}).values())

    def of(self, path: pathlib.Path, picture: Image.Image) -> Image.Image:
        """The mask of a source as a gray picture of its size, white where it is redrawn.

        Args:
          path: File of the source.
          picture: The source as `pixels.upright` makes it; or a frame of it, if it is an animation
            or a video: one file serves all frames.

        Raises:
          UserError: It cannot be read, has another aspect ratio than the source, or there is no
            alpha channel.
        """
        if self._files is None:
            return alpha_of(picture)
        return mask_of(self._files[path], picture.size, str(self._files[path]))


def mask_of(file: pixels.Picture, size: tuple[int, int], name: str) -> Image.Image:
    """A file of a mask as a gray picture.

    Args:
      file: Path, or the open file.
      size: Width and height of its picture.
      name: Name of the file, for messages.

    Raises:
      UserError: It cannot be read, is no PNG, or has another aspect ratio than the picture.
    """
    try:
        return fitted(pixels.open_as(file, _gray_png), size, name)
    except UserError:
        raise
    except UNREADABLE as error:
        raise UserError(f"its mask {name} cannot be read: {error}") from None


def alpha_of(picture: Image.Image) -> Image.Image:
    """The alpha channel of an opened picture as a gray picture, upright.

    Raises:
      UserError: It has none.
    """
    if not picture.has_transparency_data:
        raise UserError("it has no alpha channel to take the mask from")
    return pixels.turned(picture).convert("RGBA").getchannel("A")


def gray(mask: Image.Image) -> Image.Image:
    """An opened mask of any mode as a gray picture, upright; what is transparent is black."""
    mask = mask.copy()
    mask.info.pop("icc_profile", None)  # a mask holds shares, not colors
    return pixels.upright_rgb(mask, NOTHING).convert("L")


def fitted(mask: Image.Image, size: tuple[int, int], name: str) -> Image.Image:
    """A gray mask in the size of its picture.

    Args:
      mask: Gray picture.
      size: Width and height of the picture.
      name: Name of the mask, for the message; '' for one without a file.

    Raises:
      UserError: The aspect ratios differ by more than rounding to whole pixels explains.
    """
    if abs(mask.width * size[1] - mask.height * size[0]) > max(size):
        named = f"its mask {name}".rstrip()
        raise UserError(
            f"{named} is {mask.width} x {mask.height} pixels and the picture {size[0]} x "
            f"{size[1]}, which is a different aspect ratio"
        )
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def _gray_png(opened: Image.Image) -> Image.Image:
    if opened.format != "PNG":
        raise ValueError(f"it is a {opened.format} file by its content, not PNG")
    return gray(opened)


def _find_masks(
    mask: str, source: pathlib.Path, sources: Sequence[pathlib.Path]
) -> dict[pathlib.Path, pathlib.Path]:
    """The file of the mask of every source."""
    folder = user_path(mask, "--mask")
    if folder.is_file() and source.is_file():
        if folder.samefile(source):
            raise UserError(f"--mask={mask} is the source itself; name its mask, or alpha.")
        return {source: folder}
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise UserError(
            f"--mask={mask} {state}; name a folder with a PNG file per source under the source's "
            "name, or alpha."
        )
    base = source if source.is_dir() else source.parent
    found = {path: folder / path.relative_to(base).with_suffix(MASK_SUFFIX) for path in sources}
    inside = source.is_dir() and folder.resolve().is_relative_to(source.resolve())
    if inside or any(path.samefile(file) for path, file in found.items() if file.exists()):
        raise UserError(
            f"--mask={mask} is in the folder of --source, so that masks would count as sources; "
            "move them to a folder of their own."
        )
    missing = [path for path, file in found.items() if not file.exists()]
    if missing:
        wanted = found[missing[0]]
        other = next((p for p in sorted(wanted.parent.glob("*")) if p.stem == wanted.stem), None)
        hint = f" ({other.name} is there: save it as PNG)" if other else ""
        raise UserError(
            f"{len(missing)} of {len(sources)} sources have no mask in --mask={mask}; for "
            f"{missing[0]} there is no {wanted}{hint}. Draw one, white where the picture is to be "
            "redrawn, or leave these sources out."
        )
    return found


def in_threads(
    function: Callable[[Item], Made], groups: Iterable[Sequence[Item]]
) -> Iterator[list[Made]]:
    """Yields the results of a function for groups of items, in order, which threads compute.

    Groups are taken as they are needed. Where the consumer stops or an error is raised, running
    calls finish, and pending ones are canceled.
    """
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        for group in groups:
            yield list(pool.map(function, group))
    finally:
        pool.shutdown(cancel_futures=True)


def chunks(items: Iterable[Item], count: int) -> Iterator[list[Item]]:
    """Up to `count` items at once, in order."""
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, count)):
        yield chunk


def reason_of(error: Exception) -> str:
    """Why a picture cannot be read, in words, without the picture's name."""
    if isinstance(error, MemoryError):
        return "it does not fit into memory; make it smaller"
    if isinstance(error, UnidentifiedImageError):
        return "its content is that of no kind of picture that is read"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, OSError | ValueError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}"


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
        self, paths: Sequence[pathlib.Path], count: int, masks: MaskFiles | None = None
    ) -> Iterator[list[Picture]]:
        """Yields up to `count` pictures at once, in order, without the unreadable ones.

        Args:
          paths: Files of the pictures.
          count: Pictures at once.
          masks: Their masks, if they have any; a picture without a mask that fits is unreadable.
        """
        read = functools.partial(self._read, masks=masks)
        for pictures in in_threads(read, chunks(paths, count)):
            readable = [picture for picture in pictures if picture]
            if readable:
                yield readable

    def require(self, read: Sequence | int, flag: str) -> None:
        """Raises UserError if nothing was `read` of what a flag names."""
        if not read:
            path, reason = next(iter(self.bad.items()))
            raise UserError(f"--{flag}: no picture can be read; {path}: {reason}.")

    def _read(self, path: pathlib.Path, masks: MaskFiles | None) -> Picture | None:
        size = self._size
        try:
            picture = pixels.open_as(path, pixels.upright)
            mask = masks.of(path, picture) if masks else None
        except UNREADABLE as error:
            self.bad[path] = reason_of(error)
            return None
        shown = None if mask is None else pixels.square(mask, size, self._resize)
        return Picture(path, pixels.square(pixels.flattened(picture), size, self._resize), shown)


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


def place(text: str | None, flag: str) -> str:
    """What a flag names, for Beam: an address as it is, or an absolute path of this machine.

    Args:
      text: As the user wrote it; None, where the flag was not given, is ''.
      flag: Name of the flag; `alpha` as mask names no path.

    Raises:
      UserError: It cannot be a path.
    """
    if text is None or "://" in text or (flag, text) == ("mask", ALPHA):
        return text or ""
    return os.path.abspath(user_path(text, f"--{flag}"))


def split_pattern(source: str) -> tuple[str, str]:
    """The folder that results are relative to, and the pattern of all files in question.

    Args:
      source: Folder or pattern. A local one becomes absolute: Beam finds nothing for a pattern
        without a folder, such as `*.jpg`, and its workers may run elsewhere.
    """
    source = place(source, "source")
    if any(sign in source for sign in PATTERN_SIGNS):
        head = source[: min(source.index(sign) for sign in PATTERN_SIGNS if sign in source)]
        return head[: head.rfind("/") + 1], source
    folder = source.rstrip("/") + "/"
    return folder, folder + "**"


def results_among(source: str, output: str) -> str:
    """The folder of the results, with a slash at its end, if it is below that of the sources.

    Args:
      source: Folder that names of results are relative to, as `split_pattern` returns it.
      output: Folder of the results.

    Returns:
      As a search for sources names it; '' if it is elsewhere.
    """
    if "://" not in output:
        output = os.path.abspath(output)
    output = output.rstrip("/") + "/"
    return output if output != source and output.startswith(source) else ""


def result_name(path: str, folder: str, suffix: str = ".png") -> str:
    """Name of the translation of a picture, relative to the folder of the results.

    Args:
      path: The picture.
      folder: Folder that names are relative to, with a slash at its end.
      suffix: Of the result.
    """
    name = path[len(folder) :] if path.startswith(folder) else path.rpartition("/")[2]
    return "/".join(map(shortened, name.split("/"))) + suffix


class Writer:
    """Writes pictures below a folder, by rename.

    Args:
      folder: Folder of the results, created if missing.
      command: Module of the command that writes.
      overwrite: Whether earlier results may be replaced.

    Raises:
      UserError: The folder has other content than earlier results, or cannot be written.
    """

    def __init__(self, folder: str, command: str, overwrite: bool) -> None:
        self.folder = user_path(folder, "--output")
        self.written = 0
        self._output = OutputFolder(self.folder, command, "output")
        self._overwrite = overwrite
        self._output.check()

    def check(self, names: Sequence[str], inputs: Sequence[pathlib.Path] = ()) -> None:
        """Checks, before any work is done, that nothing is in the way of the results.

        Args:
          names: Names of all results.
          inputs: Files that must not be replaced, even with --overwrite.

        Raises:
          UserError: A file of these names exists, or two results need the same name, one as a file
            and one as a folder.
        """
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
        existing = [name for name in names if os.path.lexists(self.folder / name)]
        if existing and not self._overwrite:
            raise UserError(
                f"{len(existing)} of {len(names)} outputs already exist, the first is "
                f"{self.folder / existing[0]}; give --overwrite, or another --output."
            )
        self._output.check_unchanged(existing)

    def write(self, name: str, content: bytes) -> None:
        """Writes one file.

        Raises:
          UserError: The folder cannot be written.
        """
        cure = "name another folder with --output"
        with files.writing(str(self.folder / name), cure), self.writing(name) as path:
            path.write_bytes(content)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[pathlib.Path]:
        """A temporary path for the block to write; it becomes the file after the block."""
        with self._output.writing(name) as path:
            yield path
        self.written += 1
