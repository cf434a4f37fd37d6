"""Decoded, resized images in one memory-mapped file, made once per set and size."""

import contextlib
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tqdm
from absl import logging
from PIL import Image

from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.io import files, picture_files, pixels

DECODING = ".decoding-"  # prefix of the folder in which a set is decoded
CHUNK = 256  # pictures in flight
READING = 2  # increased when `pixels` reads other colors from the same files


class Decoded(NamedTuple):
    """`images`: `(M, S, S, 3)` uint8 memory map; `good`: int64 rows that could be read."""

    images: np.ndarray
    good: np.ndarray


def key(*identity: Any) -> str:
    """A file name that changes with what identifies a set of images, and how they are read."""
    return hashlib.sha256(repr((READING, *identity)).encode()).hexdigest()[:20]


def decoded(
    openers: Iterable[Callable[[], Image.Image]],
    names: Sequence[str],
    set_key: str,
    config: Config,
) -> Decoded:
    """Decodes pictures to squares in parallel, or finds them decoded by an earlier run.

    Unreadable ones are counted, named once in the log, and left out of `good`. They are tried again
    each time: permissions and mounts are repaired without a change to the files.

    Args:
      openers: Functions that open the pictures, one each; not called if they are decoded already.
      names: As many names, for the log.
      set_key: Result of `key`.
      config: Gives image size, resizing and the cache folder.

    Raises:
      UserError: The cache cannot be written, or too many pictures cannot be read.
    """
    folder = config.cache_path
    stem = folder / f"{set_key}-{config.image_size}-{config.resize}"
    array_path, bad_path = stem.with_suffix(".npy"), stem.with_suffix(".json")
    found = _found(array_path, bad_path, (len(names), config.image_size, config.image_size, 3))
    if found is None:
        cure = "name another folder with --cache_dir"
        with files.writing(f"The image cache {folder}", cure):
            bad_path.unlink(
                missing_ok=True
            )  # written last: its presence marks the array as complete
            reasons = _decode_to_file(openers, len(names), array_path, config)
            bad = {names[i]: reason for i, reason in sorted(reasons.items())}
            files.write_json(bad_path, bad)
        array = np.load(array_path, mmap_mode="r")
    else:
        array, bad = found
        if bad:
            bad = _retried(openers, names, bad, array_path, config)
            with contextlib.suppress(OSError):  # they are tried again the next time, too
                files.write_json(bad_path, bad)
    return Decoded(array, _good(names, bad, config))


def _found(
    array_path: pathlib.Path, bad_path: pathlib.Path, shape: tuple[int, ...]
) -> tuple[np.ndarray, dict[str, str]] | None:
    """What an earlier run has decoded; None if that is missing or damaged."""
    if not (array_path.exists() and bad_path.exists()):
        return None
    array = files.opened_array(array_path, shape, np.uint8)
    try:
        bad = json.loads(bad_path.read_bytes())
    except (OSError, ValueError, RecursionError):
        bad = None
    if isinstance(bad, dict) and array is not None:
        return array, bad
    logging.warning("The image cache %s is damaged; the images are decoded again.", array_path)
    return None


def _good(names: Sequence[str], bad: dict[str, str], config: Config) -> np.ndarray:
    """Rows of the readable pictures, int64; logs the others, and raises if there are too many."""
    if bad:
        limit = picture_files.MAX_NAMED
        shown = "; ".join(f"{name} ({reason})" for name, reason in list(bad.items())[:limit])
        more = f"; and {len(bad) - limit} more" if len(bad) > limit else ""
        logging.warning(
            "Skipped %d unreadable of %d images: %s%s", len(bad), len(names), shown, more
        )
    good = np.array([i for i, name in enumerate(names) if name not in bad], np.int64)
    if not len(good):
        raise UserError(f"None of the {len(names)} images can be read; see the warning above.")
    if len(bad) > config.max_unreadable * len(names):
        raise UserError(
            f"{len(bad)} of {len(names)} images cannot be read, more than "
            f"--max_unreadable={config.max_unreadable:g} of them; see the warning above, and "
            "repair or remove these files, or raise the limit."
        )
    return good


def _retried(
    openers: Iterable[Callable[[], Image.Image]],
    names: Sequence[str],
    bad: dict[str, str],
    array_path: pathlib.Path,
    config: Config,
) -> dict[str, str]:
    """Decodes pictures again that could not be read; returns those that still cannot."""
    try:
        array = np.load(array_path, mmap_mode="r+")
    except OSError:  # a cache that is only readable stays as it is
        return bad
    left = {}
    for name, opener, row in zip(names, openers, array, strict=True):
        if name in bad and (reason := _decode(opener, row, config)):
            left[name] = reason
    array.flush()
    return left


def _decode(opener: Callable[[], Image.Image], row: np.ndarray, config: Config) -> str:
    """Decodes a picture into its row `(S, S, 3)`; returns why it cannot be read, or ''."""
    try:
        with opener() as picture:
            row[...] = pixels.square(pixels.open_rgb(picture), config.image_size, config.resize)
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        return picture_files.reason_of(error)
    return ""


def _decode_to_file(
    openers: Iterable[Callable[[], Image.Image]],
    count: int,
    array_path: pathlib.Path,
    config: Config,
) -> dict[int, str]:
    """Writes `count` pictures to `array_path` by rename; returns reasons of failures by index."""
    size = config.image_size
    bad: dict[int, str] = {}
    with (
        files.filled_array(array_path, (count, size, size, 3), np.uint8, DECODING) as array,
        tqdm.tqdm(
            total=count,
            desc="decoding images",
            unit="image",
            disable=None if config.progress else True,
        ) as bar,
    ):

        def decode(indexed_opener: tuple[int, Callable[[], Image.Image]]) -> tuple[int, str]:
            index, opener = indexed_opener
            return index, _decode(opener, array[index], config)

        chunks = picture_files.chunks(enumerate(openers), CHUNK)
        for decoded_part in picture_files.in_threads(decode, chunks):
            bad |= {index: reason for index, reason in decoded_part if reason}
            bar.update(len(decoded_part))
    return bad
