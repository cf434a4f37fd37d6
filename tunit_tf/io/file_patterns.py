"""Patterns of picture files, as Beam's file systems match them; free of Beam."""

import os

from tunit_tf.io import picture_files, pixels

SIGNS = "*?["  # characters that turn a path into a pattern


def split(source: str) -> tuple[str, str]:
    """The folder that results are relative to, and the pattern of all files in question.

    Args:
      source: Folder or pattern. A local one becomes absolute: Beam finds nothing for a pattern
        without a folder, such as `*.jpg`, and its workers may run elsewhere.
    """
    if "://" not in source:
        source = os.path.abspath(os.path.expanduser(source))
    if any(sign in source for sign in SIGNS):
        head = source[: min(source.index(sign) for sign in SIGNS if sign in source)]
        return head[: head.rfind("/") + 1], source
    folder = source.rstrip("/") + "/"
    return folder, folder + "**"


def result_name(path: str, folder: str) -> str:
    """Name of the translation of a picture, relative to the folder of the results.

    Args:
      path: The picture.
      folder: Folder that names are relative to, with a slash at its end.
    """
    name = path[len(folder) :] if path.startswith(folder) else path.rpartition("/")[2]
    return "/".join(map(picture_files.shortened, name.split("/"))) + ".png"


def is_picture(path: str) -> bool:
    """Whether a file is named like a picture, and is not hidden."""
    name = path.rsplit("/", 1)[-1]
    return not name.startswith(".") and name.lower().endswith(pixels.EXTENSIONS)
