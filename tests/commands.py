"""Command lines in processes of their own, without waiting for TensorFlow to be imported each time.

A command is run as `python -m MODULE FLAGS` is: its own flags, its own exit code, its own output;
only the graph optimizer of TensorFlow is off, which would take most of the time.
"""

import subprocess

from tests.chaos import forked

__all__ = ["ROOT", "preload", "run"]

ROOT = forked.ROOT
SECONDS = 300

forked.context.set_forkserver_preload([*forked.PRELOADED, "tests.plain_graphs"])


def preload(*modules: str) -> None:
    """Has modules imported once, before the first command starts, instead of by every command."""
    forked.context.set_forkserver_preload([*forked.PRELOADED, "tests.plain_graphs", *modules])


def run(module: str, *flags) -> subprocess.CompletedProcess:
    """Runs `python -m MODULE FLAGS` in the project's folder."""
    return forked.Forked(module, [str(flag) for flag in flags]).communicate(SECONDS)
