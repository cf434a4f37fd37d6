"""Files that are either whole or absent: write to a temporary name, then rename."""

import json
import os
import pathlib


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
