"""Which files of this project a command enters: those in which a function runs.

`python -m benchmarks.files_entered export.tflite --run_dir=runs/quickstart --output=models/mobile`
runs the command and prints the files to stderr. Neither what runs while a module is imported counts
nor what runs in a process that the command starts.

`--below=NAME,...` before the command counts only what runs inside of functions of these names. A
batch of training: `--below=batch_of,gather,warmup_step,joint_step tunit_tf.train ...`
"""

import collections
import inspect
import pathlib
import runpy
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

PACKAGES = ("tunit_tf", "export")
Profile = Callable[[types.FrameType, str, Any], None]


def counting(root: pathlib.Path, below: set[str], calls: collections.Counter[str]) -> Profile:
    """A function for `sys.setprofile` that counts calls.

    Args:
      root: Folder of the packages.
      below: Names of the functions inside of which calls count; empty for everywhere.
      calls: Receives {file below `root`: calls of its functions}.
    """
    folders = tuple(f"{root / package}/" for package in PACKAGES)
    open_calls = threading.local()  # numbers of calls that have not returned

    def profile(frame: types.FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        change = {"call": 1, "return": -1}.get(event)
        if change is None or not code.co_filename.startswith(folders):
            return
        if not code.co_flags & inspect.CO_OPTIMIZED:  # the body of a module or class
            if frame.f_globals["__name__"] != "__main__":
                open_calls.imports = getattr(open_calls, "imports", 0) + change
            return
        if code.co_name in below:
            open_calls.below = getattr(open_calls, "below", 0) + change
        is_below = not below or getattr(open_calls, "below", 0)
        if change == 1 and is_below and not getattr(open_calls, "imports", 0):
            calls[str(pathlib.Path(code.co_filename).relative_to(root))] += 1

    return profile


def main() -> None:
    """Runs the command that the arguments name, then prints what it entered."""
    root = pathlib.Path.cwd()
    first, *rest = sys.argv[1:]
    below: set[str] = set()
    if first.startswith("--below="):
        below = set(first.removeprefix("--below=").split(","))
        first, *rest = rest
    import tensorflow  # noqa: F401, before profiling, which would slow its import down

    calls: collections.Counter[str] = collections.Counter()
    sys.argv = [first, *rest]
    profile = counting(root, below, calls)
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        runpy.run_module(first, run_name="__main__", alter_sys=True)
    finally:
        sys.setprofile(None)
        print(f"{len(calls)} files", *sorted(calls), sep="\n  ", file=sys.stderr)


if __name__ == "__main__":
    main()
