"""Decoded, resized images in one memory-mapped file, made once for a set and a size."""

import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging
from PIL import Image

from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.io import files, pixels

MAX_NAMED = 10  # unreadable files named in the log
CHUNK = 256  # pictures in flight


class Decoded(NamedTuple):
    """`images`: `(M, S, S, 3)` uint8 memory map; `good`: int64 rows that could be read."""

    images: np.ndarray
    good: np.ndarray


def key(*identity) -> str:
    """A file name that changes with what identifies a set of images."""
    return hashlib.sha256(repr(identity).encode()).hexdigest()[:20]


def decoded(
    openers: Iterable[Callable[[], Image.Image]],
    names: Sequence[str],
    set_key: str,
    config: Config,
) -> Decoded:
    """Decodes pictures to squares in parallel, or finds them decoded by an earlier run.

    Unreadable ones are counted, named once in the log, and left out of `good`.

    Args:
      openers: Functions that open the pictures, one each; read only if not decoded yet.
      names: As many names, for the log.
      set_key: From `key`.
      config: Gives image size, resizing and the cache folder.

    Raises:
      UserError: The cache cannot be written, or too many pictures cannot be read.
    """
    folder = pathlib.Path(config.cache_dir).expanduser()
    stem = folder / f"{set_key}-{config.image_size}-{config.resize}"
    array_path, bad_path = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not (array_path.exists() and bad_path.exists()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            bad = _decode_to_file(openers, len(names), array_path, config)
            files.write_json(bad_path, {names[i]: reason for i, reason in sorted(bad.items())})
        except OSError as error:
            raise UserError(
                f"The image cache {folder} cannot be written ({error.strerror or error}); free "
                "space there or name another folder with --cache_dir."
            ) from None
    bad = json.loads(bad_path.read_text())
    if bad:
        shown = "; ".join(f"{name} ({reason})" for name, reason in list(bad.items())[:MAX_NAMED])
        more = f"; and {len(bad) - MAX_NAMED} more" if len(bad) > MAX_NAMED else ""
        logging.warning(
            "Skipped %d unreadable of %d images: %s%s", len(bad), len(names), shown, more
        )
    good = np.array([i for i, name in enumerate(names) if name not in bad], np.int64)
    if not len(good):
        raise UserError(f"None of the {len(names)} images can be read; see the warning above.")
    if len(bad) > config.max_unreadable * len(names):
        raise UserError(
            f"{len(bad)} of {len(names)} images cannot be read, more than "
            f"--max_unreadable={config.max_unreadable:g} of them; see the warning above, and mend "
            "or remove these files, or allow more."
        )
    return Decoded(np.load(array_path, mmap_mode="r"), good)


def _decode_to_file(
    openers: Iterable[Callable[[], Image.Image]],
    count: int,
    array_path: pathlib.Path,
    config: Config,
) -> dict[int, str]:
    """Writes `count` pictures to `array_path` by rename; returns reasons of failures by index."""
    size, bad = config.image_size, {}
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix=".decoding-", dir=array_path.parent) as folder,
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm.tqdm(
            total=count,
            desc="decoding images",
            unit="image",
            disable=None if config.progress else True,
        ) as bar,
    ):
        # Pillow warns of pictures that may be decompression bombs; take none.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        temporary = pathlib.Path(folder) / array_path.name
        array = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.uint8, shape=(count, size, size, 3)
        )

        def decode(indexed_opener) -> str | None:
            index, opener = indexed_opener
            try:
                with opener() as picture:
                    array[index] = pixels.square(pixels.upright_rgb(picture), size, config.resize)
            # Pillow's decoders raise many kinds of errors on broken files.
            except Exception as error:
                return f"{type(error).__name__}: {error}"
            return None

        remaining = enumerate(openers)
        while chunk := list(itertools.islice(remaining, CHUNK)):
            for (index, _), reason in zip(chunk, pool.map(decode, chunk), strict=True):
                if reason:
                    bad[index] = reason
            bar.update(len(chunk))
        array.flush()
        temporary.replace(array_path)
    return bad
