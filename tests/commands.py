"""Command lines in processes of their own, without waiting for TensorFlow to be imported each time.

A server process imports it once and forks for every command. A command is run as
`python -m MODULE FLAGS` is: its own flags, its own exit code, its own output; only the graph
optimizer of TensorFlow is off, which would take most of the time.
"""

import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parent.parent
PRELOADED = [
    "tensorflow",
    "keras",
    "tunit_tf.inference.translator",
    "tunit_tf.evaluation.evaluator",
    "tests.plain_graphs",
]
SECONDS = 300

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


class Finished(NamedTuple):
    """A command that ended, as `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run(module: str, *flags) -> Finished:
    """Runs `python -m MODULE FLAGS` in the project's folder."""
    with tempfile.TemporaryDirectory() as folder:
        names = [str(pathlib.Path(folder) / name) for name in ("stdout", "stderr")]
        arguments = (module, [str(flag) for flag in flags], *names)
        process = _context.Process(target=_command, args=arguments)
        process.start()
        process.join(SECONDS)
        assert process.exitcode is not None, f"{module} takes more than {SECONDS} s"
        return Finished(process.exitcode, *(pathlib.Path(name).read_text() for name in names))


def _command(module, flags, stdout, stderr) -> None:
    os.chdir(ROOT)
    for name, number in ((stdout, 1), (stderr, 2)):
        with open(name, "wb") as file:
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = [module, *flags]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
