"""Puts a finished export in the place of an earlier one, and of nothing else."""

import pathlib

from export import manifest
from tunit_tf.errors import UserError

BENCHMARK = "benchmark.md"  # left by export.benchmark


def check(output: pathlib.Path) -> None:
    """Checks that a folder is missing, empty, or holds nothing but an earlier export.

    Args:
      output: Absolute path, links resolved.

    Raises:
      UserError: It holds something else, or cannot be replaced.
    """
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"--output={output} is a file; name a folder.")
    if output == pathlib.Path.cwd():
        raise UserError(
            f"--output={output} is the current folder, which cannot be replaced; name another one."
        )
    found = {path.name for path in output.iterdir()}
    if not found:
        return
    try:
        ours = {manifest.FILE_NAME, BENCHMARK, *manifest.read_mobile(output).files}
    except UserError:
        ours = set()
    foreign = sorted(found - ours)
    if foreign:
        raise UserError(
            f"--output={output} holds other files ({', '.join(foreign[:5])}), which an export "
            "would replace; name a new folder."
        )


def replace(output: pathlib.Path, new: pathlib.Path) -> None:
    """Renames a finished folder to `output`; an old one there goes beside where the new one was.

    Raises:
      OSError: It cannot be renamed; what was at `output` is there again.
    """
    old = new.with_name("old")
    if output.exists():
        output.rename(old)
    try:
        new.rename(output)
    except OSError:
        if old.exists():
            old.rename(output)
        raise
