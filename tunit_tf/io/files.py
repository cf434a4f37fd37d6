"""Files that are either whole or absent: write to a temporary name, then rename."""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes `content` to `path`, replacing what was there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: pathlib.Path, value) -> None:
    """Writes `value` as indented JSON, by rename."""
    write_bytes(path, (json.dumps(value, indent=2) + "\n").encode())


@contextlib.contextmanager
def temporary_folder(parent: pathlib.Path) -> Iterator[pathlib.Path]:
    """A hidden folder in `parent`, which is made if missing; gone at the end.

    What is finished in it is moved out by rename.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".writing-", dir=parent, ignore_cleanup_errors=True
    ) as name:
        yield pathlib.Path(name)
