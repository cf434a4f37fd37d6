"""Flagfiles: a flag per line, with comments and quotes as in a shell."""

import re

from tunit_tf.errors import UserError
from tunit_tf.paths import content_of, user_path

FLAG = "flagfile"
MAX_BYTES = 2**20
MAX_DEPTH = 16  # of flagfiles that name flagfiles
COMMENTS = ("#", "//")
# A flag and its value, which may be in quotes, and a comment.
LINE = re.compile(r"""(?P<flag>--?[^=\s]+=)(?P<quote>["'])(?P<value>.*)(?P=quote)\s*(?:\#.*)?""")
COMMENT = re.compile(r"\s+#.*")


def expanded(arguments: list[str], depth: int = 0) -> list[str]:
    """Arguments with the lines of flagfiles in place of `--flagfile=NAME`.

    Args:
      arguments: Arguments of a command line, without the program's name.
      depth: Number of flagfiles around these arguments.

    Raises:
      UserError: A flagfile cannot be read or is no text, or flagfiles name each other.
    """
    result: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        flag, sign, name = argument.partition("=")
        if argument == "--":
            return [*result, argument, *remaining]
        if flag not in (f"--{FLAG}", f"-{FLAG}"):
            result.append(argument)
            continue
        if depth > MAX_DEPTH:
            raise UserError(f"--{FLAG}={name} is named by itself; leave that line out.")
        lines = _lines(name if sign else next(remaining, ""))
        result += expanded([_flag(line) for line in lines], depth + 1)
    return result


def _lines(name: str) -> list[str]:
    """The lines of a flagfile that are no comments, stripped."""
    path = user_path(name, f"--{FLAG}")
    try:
        text = content_of(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"--{FLAG}={name} cannot be read ({error.strerror or error}); name a text file with a "
            "flag per line."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"--{FLAG}={name} is not UTF-8 text ({error}); save it as such.") from None
    if "\0" in text:
        raise UserError(f"--{FLAG}={name} is no text (it has null characters); name a text file.")
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith(COMMENTS)]


def _flag(line: str) -> str:
    """A line without the quotes around its value and the comment behind it."""
    quoted = LINE.fullmatch(line)
    if quoted:
        return quoted["flag"] + quoted["value"]
    return COMMENT.sub("", line)
