"""One trainer a run folder: a lock that the operating system drops with its owner."""

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

FILE_NAME = "lock"


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[None]:
    """Holds a run folder, made if missing, and lets go of it at the end.

    The lock is `flock`'s, so that of a killed trainer is void, whatever its file says; the file
    names the owner. Network file systems that do not share `flock` do not protect.

    Raises:
      UserError: Another process holds the folder, or it cannot be written.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _open_locked(path)
    except BlockingIOError:
        raise UserError(
            f"{folder} is being trained by {_owner(path)}; wait for it, stop it, or name another "
            "--run_dir."
        ) from None
    except OSError as error:
        raise UserError(
            f"The run folder {folder} cannot be written ({error.strerror or error}); name another "
            "with --run_dir or change its permissions."
        ) from None
    with os.fdopen(descriptor, "r+") as file:
        if file.read():
            logging.warning(
                "The last trainer of %s, %s, ended without a word.", folder, _owner(path)
            )
        _write_owner(file)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()  # if nothing came of the run


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
        os.close(descriptor)  # its owner removed it just before we had it


def _write_owner(file) -> None:
    file.seek(0)
    file.truncate()
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": started}, file)
    file.flush()


def _owner(path: pathlib.Path) -> str:
    try:
        owner = json.loads(path.read_text())
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
