"""Standard streams of a process: open, able to print any name, free of messages on absent GPUs.

On a machine without a GPU, TensorFlow says several times that there is none. Its C++ code writes
that to file descriptor 2 before it heeds any log level: while TensorFlow is imported and lists
devices for the first time. These lines are removed, all others are passed on.
"""

import contextlib
import errno
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

# Of NVIDIA's driver, and of WSL's. With one of them, messages about GPUs matter.
DRIVERS = tuple(map(pathlib.Path, ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")))
MESSAGES = (
    "All log messages before absl::InitializeLog",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "^To enable the following instructions: ",
)  # beginnings of lines, with or without the log's prefix (time, thread, place)
LONGEST_WAIT = 5.0  # seconds for the last line


def prepare() -> None:
    """Opens streams that the caller closed (`2>&-`), and has them print any name of a file.

    A file that is opened later would get the descriptor of a closed stream, and the messages of
    TensorFlow with it. A character that the encoding of a stream lacks is printed as its number.
    What cannot be written, as into a log on a full disk, is left out; see `lost`. Warnings of
    Pillow are not shown: they do not name the file, as our readers do.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # It takes the smallest descriptor that is free.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _unfailing(stream))


def lost() -> str:
    """Why some of what was printed is lost, as a sentence; '' if nothing is, or nobody reads it."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, _Unfailing) else None
    if failure is None or failure.errno == errno.EPIPE:  # as of `| head`
        return ""
    return (
        f"What the command prints could not be written ({failure.strerror}); its files are whole. "
        "Free space, or print to another place."
    )


class _Unfailing(io.FileIO):
    """A stream that keeps its first failure instead of raising it: no log may end a training."""

    failure: OSError | None = None

    def write(self, content: Any) -> int:
        """Writes what can be written; returns how much is done with."""
        try:
            return super().write(content)
        except OSError as error:
            self.failure = self.failure or error
            return len(content)


def _unfailing(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Unfailing(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def hide_absent_gpus() -> None:
    """Has the next import of TensorFlow list the devices, without these messages."""
    done = "tensorflow" in sys.modules or any(isinstance(f, _Finder) for f in sys.meta_path)
    if not done and not any(driver.exists() for driver in DRIVERS):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow where the others find it, and lets it be loaded with a filtered stderr."""

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The module's own spec; None for all other modules."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_filtered(module: types.ModuleType) -> None:
            with filtered():
                load(module)
                module.config.list_physical_devices()  # calls the driver

        spec.loader.exec_module = load_filtered  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def filtered() -> Iterator[None]:
    """Removes the lines with `MESSAGES` from what the block writes to file descriptor 2.

    Another process reads the lines, so that those of a crash are shown as well.
    """
    pattern = "|".join(MESSAGES)
    try:
        real = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    command = ["grep", "--line-buffered", "-vE", pattern]
    try:
        # In a session of its own, Ctrl-C does not reach it.
        grep = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=real, start_new_session=True)
    except OSError:  # a system without it shows everything
        os.close(real)
        yield
        return
    assert grep.stdin is not None
    try:
        os.dup2(grep.stdin.fileno(), 2)
        grep.stdin.close()
        yield
    finally:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(real, 2)
        os.close(real)
        # A process that the block started may keep the pipe open.
        with contextlib.suppress(subprocess.TimeoutExpired):
            grep.wait(LONGEST_WAIT)
