"""Folders that the processes of a test session share: `make test` runs several."""

import fcntl
import os
import pathlib
import shutil
from collections.abc import Callable

import pytest


def make(
    factory: pytest.TempPathFactory, name: str, fill: Callable[[pathlib.Path], object]
) -> pathlib.Path:
    """Folder that the first process to ask fills, while the others wait.

    Args:
      factory: Pytest's `tmp_path_factory`.
      name: Name of the folder in the session.
      fill: Called with the folder, which exists and is empty.

    Returns:
      The folder, for reading only.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # a folder per process, all of them in one
        root = root.parent
    folder = root / name
    with (root / f"{name}.lock").open("a+") as lock:  # released when its process ends, too
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if lock.read() != "filled":
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            folder.mkdir()
            fill(folder)
            lock.write("filled")
    return folder
