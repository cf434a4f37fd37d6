"""Files that are either whole or absent: write to a temporary name, then rename."""

import contextlib
import json
import os
import pathlib
import tempfile
import zlib
from collections.abc import Iterator
from typing import Any

from tunit_tf.errors import UserError


@contextlib.contextmanager
def writing(what: str, cure: str) -> Iterator[None]:
    """Turns the failure of a write in its block into a sentence for the user.

    Args:
      what: What is written, as the beginning of the sentence: "The run folder runs/mine".
      cure: What the user can do, as the end of the sentence, without a full stop.

    Raises:
      UserError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{what} cannot be written ({reason}); {cure}.") from None


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes `content` to `path`, replacing what was there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The checksum instead of the name, which may be as long as the file system permits.
    checksum = zlib.crc32(os.fsencode(path.name))
    temporary = path.with_name(f".{path.name[:40]}.{checksum:08x}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: pathlib.Path, value: Any) -> None:
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
