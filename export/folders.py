"""Output folders of exports, which are replaced as a whole."""

import contextlib
import pathlib
from collections.abc import Iterator

from export import manifest
from export.manifest import Manifest
from tunit_tf.errors import UserError
from tunit_tf.io import files

BENCHMARK = "benchmark.md"  # left in the folder by export.benchmark


@contextlib.contextmanager
def replacing(output: pathlib.Path, kind: type[Manifest]) -> Iterator[pathlib.Path]:
    """An empty folder that takes the place of an earlier export when its block ends.

    After an error in the block, the output is as it was before.

    Args:
      output: Folder to replace or to make; a link to a folder stays a link.
      kind: Manifest of the export that the block writes.

    Raises:
      UserError: The output cannot be replaced, or something cannot be written.
    """
    output = output.resolve()
    check_replaceable(output, kind)
    with (
        files.writing(str(output), "name another --output"),
        files.temporary_folder(output.parent) as temporary,
    ):
        new = temporary / "new"
        new.mkdir()
        yield new
        files.replace_folder(output, new)


def check_replaceable(output: pathlib.Path, kind: type[Manifest]) -> None:
    """Checks that a folder is missing, empty, or holds nothing but an earlier export.

    Args:
      output: Absolute path, links resolved.
      kind: Manifest of the export that will be written.

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
        ours = {manifest.FILE_NAME, BENCHMARK, *manifest.read(output, kind).files}
    except UserError:
        ours = set()
    foreign = sorted(found - ours)
    if foreign:
        raise UserError(
            f"--output={output} holds other files ({', '.join(foreign[:5])}), which an export "
            "would replace; name a new folder."
        )
