"""Array files that are filled in place: whole or absent, and checked when they are opened."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from tunit_tf.io import files


@contextlib.contextmanager
def filled(
    path: pathlib.Path, shape: tuple[int, ...], dtype: DTypeLike, prefix: str
) -> Iterator[np.memmap]:
    """A memory-mapped array that the block fills; it is at `path` after the block.

    Its space on the disk is reserved first: writing to the map of a full disk would end the
    process (SIGBUS).

    Args:
      path: Its .npy file, replaced if it exists.
      shape: Shape of the array.
      dtype: Type of its numbers.
      prefix: Start of the name of the temporary folder beside it, as for `files.temporary_folder`.

    Raises:
      OSError: There is not enough space, or the folder cannot be written.
    """
    with files.temporary_folder(path.parent, prefix) as folder:
        temporary = folder / path.name
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.posix_fallocate(descriptor, 0, temporary.stat().st_size)
        finally:
            os.close(descriptor)
        yield array
        array.flush()
        temporary.replace(path)


def opened(path: pathlib.Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray | None:
    """The memory map of an array file; None if it is damaged or of another shape or type."""
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return array if (array.shape, array.dtype) == (shape, dtype) else None
