"""Output folders: which command owns one, and which of its files that command wrote.

A command writes into a new or an empty folder, or into one that it has marked as its own. The mark
is a hidden file, which also has the checksum of everything that was written: a file is replaced or
deleted only if its content is still one of these.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from tunit_tf.errors import UserError
from tunit_tf.io import files
from tunit_tf.paths import user_path

MARKER = ".tunit_tf.jsonl"  # a line with the owner, then one for every file that was written
OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini", "lost+found")  # in any folder
BLOCK = 2**20  # bytes read at once


class OutputFolder:
    """A folder that one command writes into.

    Nothing changes on disk before something is written.

    Args:
      path: The folder, which need not exist.
      command: Module of the command, such as `tunit_tf.translate`.
      flag: Name of the flag that names the folder, for messages.
      recognized: Whether the folder is the command's by its content, though its mark is lost.
    """

    def __init__(
        self, path: pathlib.Path, command: str, flag: str, recognized: bool = False
    ) -> None:
        self.path = path
        self._command = command
        self._flag = flag
        self._recognized = recognized
        self._marker = path / MARKER
        lines = list(_lines(self._marker))
        self._owner = next((x["written_by"] for x in lines if "written_by" in x), None)
        self._written = _checksums(lines)

    @property
    def is_own(self) -> bool:
        """Whether the command has written into the folder before."""
        return self._owner == self._command or (self._owner is None and self._recognized)

    def check(self, besides: Iterable[str] = ()) -> None:
        """Checks that the command may write into the folder.

        Args:
          besides: Names in the folder that do not count.

        Raises:
          UserError: It has other content, which the message names; it is a file, or it cannot be
            read or written.
        """
        name = f"--{self._flag}={self.path}"
        if os.path.lexists(self.path) and not self.path.is_dir():
            what = "a file" if self.path.exists() else "a link that leads nowhere"
            raise UserError(f"{name} is {what}; name a folder.")
        try:
            found = sorted(set(_entries(self.path)) - set(besides) - {MARKER})
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{name} cannot be read ({reason}); name another folder.") from None
        is_plain = self._marker.is_file() and not self._marker.is_symlink()
        if os.path.lexists(self._marker) and not is_plain:
            raise UserError(
                f"{self._marker} is no plain file; name another folder with --{self._flag}."
            )
        if self.is_own or not found:
            files.check_writable(self.path, name, f"name another --{self._flag}")
            return
        if self._owner:
            raise UserError(
                f"{name} is a folder of {self._owner}, not of {self._command}; name a new or an "
                "empty folder."
            )
        raise UserError(
            f"{name} holds files that {self._command} did not write, the first is {found[0]}; name "
            "a new or an empty folder."
        )

    def check_unchanged(self, names: Iterable[str]) -> None:
        """Checks that files may be replaced: they are missing, or as the command wrote them.

        Raises:
          UserError: One is not; the message names it.
        """
        for name in names:
            if os.path.lexists(self.path / name) and not self.is_unchanged(name):
                done = "was changed after" if name in self._written else "was not written by"
                by = f"{self._command} wrote it" if name in self._written else self._command
                raise UserError(
                    f"{self.path / name} {done} {by}, and would be replaced; move it away, or name "
                    f"another --{self._flag}."
                )

    def check_whole(self) -> None:
        """Checks that the folder may be replaced as a whole: the command wrote everything in it.

        Raises:
          UserError: As `check` and `check_unchanged`.
        """
        self.check()
        if self.path.resolve() == pathlib.Path.cwd():
            raise UserError(
                f"--{self._flag}={self.path} is the current folder, which cannot be replaced; name "
                "another one."
            )
        self.check_unchanged(sorted(_names_below(self.path)))

    def is_unchanged(self, name: str) -> bool:
        """Whether a file is there, and is one that the command wrote."""
        path, known = self.path / name, self._written.get(name)
        if not known or path.is_symlink() or not path.is_file():  # reading a pipe would block
            return False
        try:
            return checksum(path) in known
        except OSError:
            return False

    def written(self) -> list[str]:
        """Names of all files that were written, in order; some may be gone."""
        return list(self._written)

    def wrote(self, name: str, content: bytes) -> bool:
        """Whether this content was written under this name at any time."""
        return hashlib.sha256(content).hexdigest() in self._written.get(name, ())

    def write(self, name: str, content: bytes) -> None:
        """Writes a file by rename. What is there is not checked; see `check_unchanged`.

        Raises:
          OSError: It cannot be written.
        """
        with self.writing(name) as path:
            path.write_bytes(content)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[pathlib.Path]:
        """A temporary path for the block to write, as `write`; it becomes the file after the block.

        Raises:
          OSError: It cannot be written.
        """
        with files.renamed(self.path / name) as path:
            yield path
            self.note(name, checksum(path))

    def write_over(self, name: str, content: bytes) -> None:
        """Writes a file by rename; what the command did not write there is kept beside it.

        Raises:
          OSError: It cannot be written.
        """
        path = self.path / name
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(errno.EISDIR, "Is a folder", str(path))
        if os.path.lexists(path) and not self.is_unchanged(name):
            kept = _unused(path)
            path.rename(kept)
            logging.warning(
                "%s is not as %s wrote it; it is kept as %s.", path, self._command, kept.name
            )
        self.write(name, content)

    def delete(self, name: str) -> None:
        """Deletes a file, if it is there and as the command wrote it."""
        if self.is_unchanged(name):
            (self.path / name).unlink()

    def note(self, name: str, digest: str, **more: Any) -> None:
        """Notes what is about to be written, or was.

        Args:
          name: Name of the file in the folder.
          digest: SHA-256 of its content.
          **more: Kept with it, for `noted`.

        Raises:
          OSError: It cannot be written.
        """
        if digest in self._written.get(name, ()) and not more:
            return
        self.claim()
        _append(self._marker, {"file": name, "sha256": digest, **more})
        self._written.setdefault(name, set()).add(digest)

    def noted(self, name: str, key: str) -> Any:
        """What was last noted with a file; None if nothing was."""
        values = [
            line[key] for line in _lines(self._marker) if line.get("file") == name and key in line
        ]
        return values[-1] if values else None

    def claim(self) -> None:
        """Marks the folder, which is made if it is missing. Raises OSError."""
        if self._owner is None:
            self.path.mkdir(parents=True, exist_ok=True)
            _append(self._marker, {"written_by": self._command})
            self._owner = self._command

    def release(self) -> None:
        """Removes the mark, and the folder, if there is nothing else in it."""
        with contextlib.suppress(OSError):
            if os.listdir(self.path) == [MARKER]:
                self._marker.unlink()
            self.path.rmdir()

    @contextlib.contextmanager
    def replacing(self) -> Iterator[pathlib.Path]:
        """An empty folder that takes the place of this one when its block ends.

        After an error in the block this one is as it was before. A link to a folder stays a link.

        Raises:
          UserError: As `check_whole`, before the block, or after it if something was changed since.
          NotWrittenError: It cannot be written or renamed.
        """
        self.check_whole()
        place = self.path.resolve()
        with (
            files.writing(str(self.path), f"name another --{self._flag}"),
            files.temporary_folder(place.parent) as temporary,
        ):
            new = temporary / "new"
            new.mkdir()
            yield new
            OutputFolder(self.path, self._command, self._flag).check_whole()
            mark(new, self._command)
            files.replace_folder(place, new)


def named(name: str, flag: str, command: str) -> OutputFolder:
    """The folder that a flag names, which the command may write into.

    Raises:
      UserError: As `OutputFolder.check`, or the name is empty.
    """
    output = OutputFolder(user_path(name, f"--{flag}"), command, flag)
    output.check()
    return output


def mark(folder: pathlib.Path, command: str, below: str = "") -> None:
    """Marks all files of a finished folder, or those `below` a part of it, as written by a command.

    Raises:
      OSError: The mark cannot be written.
    """
    output = OutputFolder(folder, command, "")
    output.claim()
    for name in sorted(_names_below(folder / below)):
        output.note(
            (pathlib.PurePosixPath(below) / name).as_posix(), checksum(folder / below / name)
        )


def written_in(folder: pathlib.Path) -> dict[pathlib.Path, set[str]]:
    """Files in a folder that any command of this program wrote, with their checksums."""
    found = _checksums(_lines(folder / MARKER))
    return {folder / name: digests for name, digests in found.items()}


def checksum(path: pathlib.Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _entries(folder: pathlib.Path) -> list[str]:
    """Names in a folder, without files that the system or killed processes leave in any folder."""
    if not folder.exists():
        return []
    left_out = set(OF_THE_SYSTEM)
    return [n for n in os.listdir(folder) if n not in left_out and not files.is_temporary(n)]


def _names_below(folder: pathlib.Path) -> Iterator[str]:
    """Names of all files and links below a folder, with slashes; the mark is left out."""
    for top, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(top, name))]
        for name in (*names, *links):
            if name != MARKER and name not in OF_THE_SYSTEM and not files.is_temporary(name):
                yield pathlib.Path(top, name).relative_to(folder).as_posix()


def _unused(path: pathlib.Path) -> pathlib.Path:
    """A name beside a path at which there is nothing."""
    number = 1
    while os.path.lexists(free := path.with_name(f"kept-{number}-{path.name}")):
        number += 1
    return free


def _lines(marker: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The lines of a mark; damaged ones are left out, as of a process that was killed."""
    try:
        content = marker.read_bytes() if marker.is_file() else b""
    except OSError:
        return
    for line in content.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            read = json.loads(line)
            if isinstance(read, dict):
                yield read


def _checksums(lines: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """{name: checksums of all that was written under it}."""
    found: dict[str, set[str]] = {}
    for line in lines:
        name, digest = line.get("file"), line.get("sha256")
        if isinstance(name, str) and isinstance(digest, str) and _is_inside(name):
            found.setdefault(name, set()).add(digest)
    return found


def _is_inside(name: str) -> bool:
    """Whether a name stays in its folder: a mark may have been made by anybody."""
    path = pathlib.PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _append(path: pathlib.Path, line: dict[str, Any]) -> None:
    """Adds a line to a file, behind the end of a line that a full disk has cut."""
    with path.open("a+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        is_cut = file.read() not in (b"", b"\n")
        file.write((b"\n" if is_cut else b"") + json.dumps(line).encode() + b"\n")
