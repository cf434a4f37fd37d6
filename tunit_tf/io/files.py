"""Files and folders that are either whole or absent: write to a temporary name, then rename."""

import contextlib
import errno
import fcntl
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tunit_tf.errors import NotWrittenError, UserError

WRITING = ".writing-"  # prefix of temporary folders
RANDOM_PART = re.compile(r"[a-z0-9_]{8}")  # that tempfile puts behind a prefix
HALF_WRITTEN = re.compile(r"\.\d+-\d+\.tmp(\.\w+)?")  # names that `renamed` gives at first
STALE_AFTER = 60.0  # seconds; a younger folder may not have been locked yet
FREE, OPEN = "free space there", "change its permissions"
# What helps against reasons why a file cannot be written.
CURES = {
    errno.ENOSPC: FREE, errno.EDQUOT: FREE, errno.EFBIG: FREE,
    errno.EACCES: OPEN, errno.EPERM: OPEN,
}  # fmt: skip
_numbers = itertools.count()


@contextlib.contextmanager
def writing(what: str, cure: str) -> Iterator[None]:
    """Turns the failure of a write in its block into a sentence for the user.

    Args:
      what: What is written, as the beginning of the sentence: "The run folder runs/mine".
      cure: What the user can do whatever the reason is, as the end of the sentence, without a full
        stop: "name another folder".

    Raises:
      NotWrittenError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        first = CURES.get(error.errno or 0)
        cure = f"{first} or {cure}" if first else cure
        raise NotWrittenError(f"{what} cannot be written ({reason}); {cure}.") from None


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes `content` to `path`, replacing what was there in one step."""
    with renamed(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def renamed(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A name for a file that the block writes; it is at `path` after the block, or nowhere.

    SIGTERM ends the process only after what was written of it was deleted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Short, since `path` may have the longest name that the file system permits.
    temporary = path.with_name(f".{os.getpid()}-{next(_numbers)}.tmp{path.suffix}")
    with _unwound_by_sigterm():
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A name for a file that the block writes; it is at `path`, where nothing may be, after it.

    Raises:
      FileExistsError: Something is there.
      OSError: It cannot be written.
    """
    with temporary_folder(path.parent) as folder:
        temporary = folder / f"new{path.suffix}"
        yield temporary
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # file systems without hard links
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "File exists", str(path)) from None
            temporary.rename(path)


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes `value` as indented JSON, by rename."""
    write_bytes(path, as_json(value))


def as_json(value: Any) -> bytes:
    """A file of indented JSON."""
    return (json.dumps(value, indent=2) + "\n").encode()


def is_temporary(name: str) -> bool:
    """Whether a file or folder has a name under which something is being written."""
    rest = name.removeprefix(WRITING)
    return bool(HALF_WRITTEN.fullmatch(name) or (rest != name and RANDOM_PART.fullmatch(rest)))


@contextlib.contextmanager
def temporary_folder(parent: pathlib.Path, prefix: str = WRITING) -> Iterator[pathlib.Path]:
    """A hidden folder in `parent`, which is created if missing; deleted at the end.

    What is finished in it is moved out by rename. Its owner holds a lock on it, so folders that
    killed processes left behind are recognized, and deleted here. SIGTERM ends the process only
    after the folder was deleted.

    Args:
      parent: Where the folder is created, on the file system of what is written.
      prefix: Start of its name.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _delete_stale(parent, prefix)
    with (
        _unwound_by_sigterm(),
        tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name,
    ):
        lock = _locked(pathlib.Path(name))
        try:
            yield pathlib.Path(name)
        finally:
            if lock is not None:
                os.close(lock)


@contextlib.contextmanager
def _unwound_by_sigterm() -> Iterator[None]:
    """Lets SIGTERM raise SystemExit in the block, as Ctrl-C raises KeyboardInterrupt.

    By default it ends a process at once. Nothing changes where the program handles it otherwise,
    and in threads, which cannot.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _unwind(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # launchers repeat it; let cleanup finish
    raise SystemExit(128 + number)


def _delete_stale(parent: pathlib.Path, prefix: str) -> None:
    """Deletes the temporary folders of processes that are gone."""
    for path in parent.glob(f"{prefix}*"):
        if not RANDOM_PART.fullmatch(path.name.removeprefix(prefix)) or path.is_symlink():
            continue
        with contextlib.suppress(OSError):  # another process may delete it at the same time
            if time.time() - path.stat().st_mtime < STALE_AFTER:
                continue
            lock = _locked(path)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _locked(folder: pathlib.Path) -> int | None:
    """A descriptor that holds the lock of a folder, or None if it cannot be locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by its owner, or the file system has no locks
        os.close(descriptor)
        return None
    return descriptor


@contextlib.contextmanager
def filled_array(
    path: pathlib.Path, shape: tuple[int, ...], dtype: DTypeLike, prefix: str
) -> Iterator[np.memmap]:
    """A memory-mapped array that the block fills; it is at `path` after the block.

    Its space on the disk is reserved first: writing to the map of a full disk would end the
    process (SIGBUS).

    Args:
      path: Its .npy file, replaced if it exists.
      shape: Shape of the array.
      dtype: Type of its numbers.
      prefix: Start of the name of the temporary folder beside it, as for `temporary_folder`.

    Raises:
      OSError: There is not enough space, or the folder cannot be written.
    """
    with temporary_folder(path.parent, prefix) as folder:
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


def opened_array(path: pathlib.Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray | None:
    """The memory map of an array file; None if it is damaged or of another shape or type."""
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return array if (array.shape, array.dtype) == (shape, dtype) else None


def check_writable(folder: pathlib.Path, what: str, cure: str) -> None:
    """Checks, without a change on disk, that files can be made in a folder or the folder itself.

    Args:
      folder: Folder that need not exist.
      what: What will be written, as the beginning of the sentence.
      cure: As in `writing`.

    Raises:
      UserError: The folder is a file, is below a file, or is not writable.
    """
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise UserError(f"{what} cannot be written ({existing} is not a folder); {cure}.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(
            f"{what} cannot be written (no permission for {existing}); {OPEN} or {cure}."
        )


def replace_folder(folder: pathlib.Path, new: pathlib.Path) -> None:
    """Renames a finished folder to `folder`; an earlier one there is moved to where `new` was.

    Args:
      folder: Absolute path, links resolved; it need not exist.
      new: A folder in a temporary folder on the same file system.

    Raises:
      OSError: It cannot be renamed; what was at `folder` is there again.
    """
    old = new.with_name("old")
    try:
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:  # Ctrl-C too: `old` would be deleted with its temporary folder
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
