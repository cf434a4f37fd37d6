"""Manifests with one field changed, as `cases.json` lists them for the readers of all clients.

Each case has a `path` of keys in `good.json`, and the `value` to put there; without one, the field
is deleted. A case with `words` must be refused with a sentence that contains them, others be read.
"""

import copy
import json
import pathlib
from typing import Any, NamedTuple

FOLDER = pathlib.Path(__file__).parent
GOOD = json.loads((FOLDER / "good.json").read_text())


class Case(NamedTuple):
    """A manifest, and the words of the sentence that refuses it; None if it is read."""

    name: str
    content: bytes
    words: str | None


def changed(path: list[str | int], *value: Any) -> bytes:
    """The good manifest with a value at a path of keys, or without the field there."""
    manifest = copy.deepcopy(GOOD)
    parent = manifest
    for key in path[:-1]:
        parent = parent[key]
    if value:
        (parent[path[-1]],) = value
    else:
        del parent[path[-1]]
    return json.dumps(manifest).encode()


CASES = [
    Case(
        one["name"],
        changed(one["path"], *([one["value"]] if "value" in one else [])),
        one.get("words"),
    )
    for one in json.loads((FOLDER / "cases.json").read_text())
]
