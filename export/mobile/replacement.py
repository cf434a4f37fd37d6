"""What a finished export may replace: an earlier one, and nothing else."""

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
