"""Checkpoints in a folder: which there are, whether their bytes are whole, and restoring them.

Training and every command that reads a run find them here, by their names: TensorFlow's own list,
the file `checkpoint`, may be lost or of another run, and is neither written nor read.
"""

import atexit
import functools
import os
import pathlib
import re
import shutil
import tempfile
from typing import NamedTuple

import tensorflow as tf
from absl import logging

from tunit_tf.errors import UserError
from tunit_tf.io import output_folder

NAME = re.compile(r"ckpt-([0-9]{1,18})\.index")  # TensorFlow writes the index last
SIGNS = set("*?[]\\")  # TensorFlow takes a path with one of these for a pattern

# What restoring a checkpoint raises that is damaged, or of other networks.
UNREADABLE = (AssertionError, ValueError, IndexError, RuntimeError, tf.errors.OpError)


class SavedState(NamedTuple):
    """A checkpoint on disk: its step, and its path without the ends of its files."""

    step: int
    prefix: pathlib.Path


def found_in(folder: pathlib.Path) -> list[SavedState]:
    """The checkpoints in a folder, the oldest first; none if there is no folder.

    Raises:
      UserError: The folder cannot be read.
    """
    matches = filter(None, map(NAME.fullmatch, names_in(folder)))
    steps = sorted(int(match[1]) for match in matches if not os.path.isdir(folder / match[0]))
    return [SavedState(step, folder / f"ckpt-{step}") for step in steps]


def names_in(folder: pathlib.Path) -> list[str]:
    """Names of all that is in a folder of checkpoints; none if there is no folder.

    Raises:
      UserError: The folder cannot be read.
    """
    try:
        return os.listdir(folder)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        if is_missing and not os.path.lexists(folder):
            return []
        raise UserError(
            f"{folder} cannot be read ({error.strerror or error}); change its permissions, or "
            "restore it from a copy."
        ) from None


def files_of(saved: SavedState) -> list[pathlib.Path]:
    """The files of a checkpoint, the index last."""
    start = f"{saved.prefix.name}."
    names = [name for name in os.listdir(saved.prefix.parent) if name.startswith(start)]
    return [saved.prefix.with_name(n) for n in sorted(names, key=lambda n: n.endswith(".index"))]


def restore_newest(checkpoint: tf.train.Checkpoint, folder: pathlib.Path) -> SavedState | None:
    """Restores the newest state whose bytes are whole, for commands that only read.

    Args:
      checkpoint: Receives the values of a part of the state.
      folder: Folder of the states, into which another process may be writing.

    Returns:
      What was restored; None without any state.

    Raises:
      UserError: All are damaged, or the newest whole one does not fit.
    """
    tried: dict[SavedState, str] = {}
    while remaining := [state for state in found_in(folder) if state not in tried]:
        newest = remaining[-1]
        reason = restore(checkpoint, newest, partial=True)
        if not reason:
            return newest
        tried[newest] = reason
        logging.warning("The checkpoint %s is damaged (%s).", newest.prefix, reason)
    if tried:
        raise UserError(
            f"None of the {len(tried)} checkpoints in {folder} can be read; restore them from a "
            "copy."
        )
    return None


def restore(checkpoint: tf.train.Checkpoint, saved: SavedState, partial: bool) -> str:
    """Restores a state.

    Args:
      checkpoint: Receives the values.
      saved: What is restored.
      partial: Whether the state may hold more than `checkpoint` takes.

    Returns:
      Why the state is damaged; '' if it was restored.

    Raises:
      UserError: Its bytes are whole, and it does not fit; or its files cannot be read.
    """
    special = [p for p in files_of(saved) if p.exists() and not (p.is_file() or p.is_dir())]
    if special:  # TensorFlow would wait for what comes through a pipe
        raise UserError(f"{special[0]} is not a file; restore the checkpoint from a copy.")
    try:
        status = checkpoint.restore(os.fspath(plain(saved.prefix)))
        if partial:
            status.expect_partial().assert_existing_objects_matched()
        else:
            status.assert_consumed()
    except UNREADABLE as error:
        reason = damage(saved)
        if reason:
            return reason
        raise UserError(
            f"The checkpoint {saved.prefix} is whole, but is not of these networks "
            f"({_first_line(error)}); restore the config.json that it was trained with."
        ) from None
    return ""


def damage(saved: SavedState) -> str:
    """Why the bytes of a checkpoint are not those that were saved; '' if all checksums are right.

    Raises:
      UserError: They cannot be read, which says nothing about them.
    """
    try:
        for path in files_of(saved):
            output_folder.checksum(path)
    except OSError as error:
        raise UserError(
            f"The checkpoint {saved.prefix} cannot be read ({error.strerror or error}); change its "
            "permissions, or restore it from a copy."
        ) from None
    try:
        reader = tf.train.load_checkpoint(os.fspath(plain(saved.prefix)))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)  # compares checksums
    except UNREADABLE as error:
        return _first_line(error)
    return ""


def plain(prefix: pathlib.Path) -> pathlib.Path:
    """A path to a checkpoint that TensorFlow does not take for a pattern.

    It reads `*`, `?`, `[` and a backslash as signs of a pattern, and takes UTF-8 only; folders with
    such names are reached through a link in the system's temporary folder.
    """
    text = os.fspath(prefix)
    if not SIGNS & set(text) and text.isprintable():
        return prefix
    return _linked(prefix.parent.absolute()) / prefix.name


@functools.cache
def _linked(folder: pathlib.Path) -> pathlib.Path:
    """A link to a folder, which lasts as long as the process."""
    holder = tempfile.mkdtemp(prefix="tunit_tf-")
    atexit.register(shutil.rmtree, holder, ignore_errors=True)
    link = pathlib.Path(holder) / "folder"
    link.symlink_to(folder, target_is_directory=True)
    return link


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
