"""Flags that name files or folders, which are checked before a command starts."""

import pathlib
from typing import Any

from absl import flags

from tunit_tf import paths
from tunit_tf.paths import user_path


class PathParser(flags.ArgumentParser):
    """Marks a flag as one that names a path; its value is the text as it was written."""

    syntactic_help = "a path"


class PathListParser(flags.ListParser):
    """Marks a flag as one that names paths, separated by commas."""


def define(name: str, default: str, help_text: str, **options: Any) -> flags.FlagHolder[str]:
    """Defines a flag that names a path; `''` as default stands for none.

    Args:
      name: Of the flag.
      default: Value where nothing is given.
      help_text: Text for `--help`.
      **options: Others of `flags.DEFINE`.
    """
    return flags.DEFINE(PathParser(), name, default, help_text, **options)


def define_multi(
    name: str, default: str | list[str], help_text: str
) -> flags.FlagHolder[list[str]]:
    """As `define`, for a flag that may be given several times."""
    serializer: flags.ArgumentSerializer[str] = flags.ArgumentSerializer()
    return flags.DEFINE_multi(PathParser(), serializer, name, default, help_text)


def define_list(name: str, help_text: str, **options: Any) -> flags.FlagHolder[list[str]]:
    """As `define`, for several paths that are separated by commas, by default none."""
    serializer = flags.CsvListSerializer(",")
    return flags.DEFINE(PathListParser(), name, [], help_text, serializer=serializer, **options)


def check(values: flags.FlagValues) -> None:
    """Checks all flags that name paths, after they were parsed.

    Raises:
      UserError: A flag was given without a value, as by an unset variable of the shell, or its
        value cannot be a path.
    """
    for name in values:
        flag = values[name]
        if isinstance(flag.parser, PathParser | PathListParser) and (flag.present or flag.value):
            for text in flag.value if isinstance(flag.value, list) and flag.value else [flag.value]:
                user_path(str(text or ""), f"--{name}")


def path(flag: flags.FlagHolder[str]) -> pathlib.Path:
    """The path that a flag names.

    Raises:
      UserError: It has no value, or one that cannot be a path.
    """
    return paths.user_path(flag.value, f"--{flag.name}")
