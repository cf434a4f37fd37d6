"""Command lines in processes of their own, without waiting for TensorFlow to be imported each time.

A command is run as `python -m MODULE FLAGS` is: its own flags, its own exit code, its own output.
"""

import subprocess

from benchmarks.chaos.forked import ROOT, Forked

__all__ = ["ROOT", "run"]

SECONDS = 300


def run(module: str, *flags) -> subprocess.CompletedProcess:
    """Runs `python -m MODULE FLAGS` in the project's folder."""
    return Forked(module, [str(flag) for flag in flags]).communicate(SECONDS)
