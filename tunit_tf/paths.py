"""Paths that a user gave: `~` is expanded, and an impossible path is refused with a sentence."""

import errno
import os
import pathlib
import re
import stat

from tunit_tf.errors import UserError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
LONGEST_SHOWN = 80  # characters of a path in a message
# Errors after which nobody knows whether a path exists, and how they are put in a sentence.
UNREACHABLE = {
    errno.EACCES: "a folder on the way to it is closed; change its permissions",
    errno.ELOOP: "its links lead in a circle; correct them",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
}


def user_path(text: str | os.PathLike[str], name: str) -> pathlib.Path:
    """The path that a user gave.

    After it, `exists`, `is_dir` and the like do not raise errors for the path itself.

    Args:
      text: As the user wrote it; it need not exist.
      name: What it is called in messages, such as `--source`.

    Raises:
      UserError: It is empty, an address (`gs://...`), too long, in a home folder that nobody has,
        below a file, behind a closed folder, or a link to itself.
    """
    text = os.fspath(text)
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    if not text.strip():
        raise UserError(
            f"{name} is empty; name a path, or leave it out (a variable of the shell may be unset)."
        )
    if ADDRESS.match(text):
        raise UserError(f"{name}={shown} is an address; name a path on this machine.")
    if "\0" in text:
        raise UserError(f"{name}={shown!r} has a null character, which no path has; correct it.")
    if _home_is_unknown(text):
        home = text.partition("/")[0]
        raise UserError(
            f"{name}={shown}: no home folder is known for {home}; give the whole path, or ./{home} "
            "if that is its name."
        )
    path = pathlib.Path(os.path.expanduser(text))
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            reason = _obstacle(path)
            if not reason:
                return path
        else:
            reason = UNREACHABLE.get(error.errno or 0, f"{error.strerror or error}; name another")
        raise UserError(f"{name}={shown} cannot be reached: {reason}.") from None
    return path


def are_one_place(first: str, second: str) -> bool:
    """Whether two paths of a user lead to one file or folder, which need not be there any more."""
    places = [os.path.abspath(os.path.expanduser(text)) for text in (first, second)]
    try:
        return places[0] == places[1] or os.path.samefile(*places)
    except (OSError, ValueError):
        return False


def content_of(path: pathlib.Path, largest: int | None = None) -> bytes:
    """The bytes of a file.

    Args:
      path: The file.
      largest: Bytes that it may have.

    Raises:
      OSError: It cannot be read, is larger, or is no file: a pipe would block, and `/dev/zero` does
        not end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    if largest is not None and status.st_size > largest:
        raise OSError(errno.EFBIG, f"it has more than {largest:,} bytes", str(path))
    return path.read_bytes()


def _home_is_unknown(text: str) -> bool:
    """Whether a path begins with `~` or `~NAME` and there is no such home folder."""
    return text.startswith("~") and os.path.expanduser(text).startswith("~")


def _obstacle(path: pathlib.Path) -> str:
    """What stands where a path that does not exist needs a folder, and a cure; '' if nothing."""
    for parent in path.parents:
        if os.path.lexists(parent):
            if parent.is_dir():
                return ""
            what = "a file" if parent.exists() else "a link that leads nowhere"
            return f"{parent} is {what}, and no folder; name another"
    return ""
