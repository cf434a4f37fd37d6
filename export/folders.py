"""Output folders of exports, which are replaced as a whole."""

import contextlib
import pathlib
from collections.abc import Iterator

from export.manifest import Manifest
from tunit_tf.io import files
from tunit_tf.io.output_folder import OutputFolder

BENCHMARK = "benchmark.md"  # left in the folder by export.benchmark


@contextlib.contextmanager
def replacing(output: pathlib.Path, kind: type[Manifest]) -> Iterator[pathlib.Path]:
    """An empty folder that takes the place of an earlier export when its block ends.

    After an error in the block, the output is as it was before.

    Args:
      output: Folder to replace or to make; a link to a folder stays a link.
      kind: Manifest of the export that the block writes.

    Raises:
      UserError: The output has other content than an unchanged earlier export, or something cannot
        be written.
    """
    with (
        files.writing(str(output), "name another --output"),
        OutputFolder(output, kind.command, "output").replacing() as new,
    ):
        yield new
