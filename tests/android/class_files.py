"""What Java class files refer to, and what they declare."""

import struct
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

TEXT, CLASS, REFERENCES = 1, 7, (9, 10, 11)
# {tag of a constant: bytes behind it}
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 18: 4}
TWO_PLACES = (5, 6)


class Member(NamedTuple):
    """A field or method: the class it is looked up in, its name, its types."""

    owner: str
    name: str
    types: str


def _constants(content: bytes) -> tuple[list[Any], int]:
    """Constants by number, and where they end."""
    (count,) = struct.unpack_from(">H", content, 8)
    constants: list[Any] = [None] * count
    at, number = 10, 1
    while number < count:
        tag = content[at]
        if tag == TEXT:
            (length,) = struct.unpack_from(">H", content, at + 1)
            constants[number] = content[at + 3 : at + 3 + length].decode("utf-8", "replace")
            at += 3 + length
        else:
            fields = struct.unpack_from(">HH", content, at + 1)
            constants[number] = (tag, *fields)
            at += 1 + SIZES[tag]
        number += 2 if tag in TWO_PLACES else 1
    return constants, at


def references(content: bytes) -> Iterator[Member]:
    """Fields and methods of classes that a class file uses."""
    constants, _ = _constants(content)
    for constant in constants:
        if isinstance(constant, tuple) and constant[0] in REFERENCES:
            owner, (_, name, types) = constants[constant[1]], constants[constant[2]]
            yield Member(constants[owner[1]], constants[name], constants[types])


class Library:
    """The classes of a JAR."""

    def __init__(self, jar: str):
        self._jar = zipfile.ZipFile(jar)
        self._names = set(self._jar.namelist())
        self._known: dict[str, tuple[list[str], set[tuple[str, str]]] | None] = {}

    def declares(self, member: Member) -> bool:
        """Whether a class or what it inherits from has a member."""
        found = self._class(member.owner)
        if found is None:
            return False
        parents, members = found
        return (member.name, member.types) in members or any(
            self.declares(member._replace(owner=parent)) for parent in parents
        )

    def _class(self, name: str) -> tuple[list[str], set[tuple[str, str]]] | None:
        """Names of what a class inherits from, and its members; None where it is not there."""
        if name not in self._known:
            file = f"{name}.class"
            self._known[name] = self._read(file) if file in self._names else None
        return self._known[name]

    def _read(self, file: str) -> tuple[list[str], set[tuple[str, str]]]:
        content = self._jar.read(file)
        constants, at = _constants(content)
        _, _, parent, count = struct.unpack_from(">HHHH", content, at)
        parents = struct.unpack_from(f">{count}H", content, at + 8)
        at += 8 + 2 * count
        members = set()
        for _ in ("fields", "methods"):
            (count,) = struct.unpack_from(">H", content, at)
            at += 2
            for _ in range(count):
                _, name, types, attributes = struct.unpack_from(">HHHH", content, at)
                members.add((constants[name], constants[types]))
                at += 8
                for _ in range(attributes):
                    at += 6 + struct.unpack_from(">I", content, at + 2)[0]
        names = [constants[constants[p][1]] for p in (parent, *parents) if p]
        return names, members
