"""A small disk that fills up quickly: a tmpfs, where the machine allows mounting one."""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterator


@contextlib.contextmanager
def mounted(folder: pathlib.Path, kilobytes: int) -> Iterator[bool]:
    """Makes a folder, the root of a file system of its own while the block runs.

    Args:
      folder: Folder that does not exist.
      kilobytes: Size of the file system.

    Yields:
      Whether it is one; False where mounting is refused and the folder is an ordinary one.
    """
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:  # there is no such command
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: pathlib.Path) -> None:
    """Writes a file until its file system is full to the last byte."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
