"""One trainer per run folder: a lock that the operating system releases when its owner exits."""

import contextlib
import fcntl
import json
import os
import pathlib
import socket
import time
from collections.abc import Iterator

from absl import logging

from tunit_tf.errors import UserError
from tunit_tf.io import files

FILE_NAME = "lock"


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[None]:
    """Holds a run folder, made if missing, and releases it at the end.

    The lock is `flock`'s, so a killed trainer holds no lock, whatever the file says; the file
    names the owner. Network file systems that do not share `flock` do not protect.

    Raises:
      UserError: Another process holds the folder, or it cannot be written.
    """
    path = folder / FILE_NAME
    cure = "free space there, change its permissions, or name another folder with --run_dir"
    with files.writing(f"The run folder {folder}", cure):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = _open_locked(path)
        except BlockingIOError:
            raise UserError(
                f"{folder} is being trained by {_owner(path)}; wait for it, stop it, or name "
                "another --run_dir."
            ) from None
    try:
        if os.fstat(descriptor).st_size:
            logging.warning(
                "The last trainer of %s, %s, ended without removing its lock.", folder, _owner(path)
            )
        # The lock holds without the name of its owner, which a full disk cannot take.
        with contextlib.suppress(OSError):
            _write_owner(descriptor)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        with contextlib.suppress(OSError):
            folder.rmdir()  # only if it is empty: the run wrote nothing


def _open_locked(path: pathlib.Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner removed it between our two calls


def _write_owner(descriptor: int) -> None:
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": started}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(owner).encode(), 0)


def _owner(path: pathlib.Path) -> str:
    """The process that wrote a lock, in words."""
    try:
        owner = json.loads(path.read_bytes())
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
