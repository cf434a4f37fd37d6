"""Folders that a user names with a flag: checked before work starts, replaced after it ended."""

import os
import pathlib

from tunit_tf.errors import UserError


def named(path: str, flag: str) -> pathlib.Path:
    """The folder that a flag names.

    Raises:
      UserError: The name is empty, as that of an unset shell variable; it would be the current
        folder.
    """
    if not path.strip():
        raise UserError(f"--{flag} is empty; name a folder.")
    return pathlib.Path(path).expanduser()


def check_writable(folder: pathlib.Path, what: str, cure: str) -> None:
    """Checks, without a change on disk, that files can be made in a folder or the folder itself.

    Args:
      folder: Folder that need not exist.
      what: What will be written, as the beginning of the sentence.
      cure: What the user can do, as the end of the sentence, without a full stop.

    Raises:
      UserError: The folder is a file, is below a file, or is not writable.
    """
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise UserError(f"{what} cannot be written ({existing} is not a folder); {cure}.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"{what} cannot be written (no permission for {existing}); {cure}.")


def are_same(first: pathlib.Path, second: pathlib.Path) -> bool:
    """Whether two paths lead to the same place, links followed; neither needs to exist."""
    return first.expanduser().resolve() == second.expanduser().resolve()


def replace(folder: pathlib.Path, new: pathlib.Path) -> None:
    """Renames a finished folder to `folder`; an earlier one there is moved to where `new` was.

    Args:
      folder: Absolute path, links resolved; it need not exist.
      new: A folder in a temporary folder on the same file system.

    Raises:
      OSError: It cannot be renamed; what was at `folder` is there again.
    """
    old = new.with_name("old")
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
