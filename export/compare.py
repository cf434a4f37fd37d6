"""Compares the signatures of a SavedModel with the run that it was exported from.

`python -m export.compare --model=models/tunit/1 --run_dir=runs/mine` prints a table and writes it
as `comparison.md` into the run folder.
"""

import dataclasses

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.config import OfRun, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files

TABLE = "comparison.md"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request(OfRun):
    """What to compare; every field is a flag."""

    model: str = setting("models/tunit/1", "Folder of one version of the model.", path=True)
    count: int = setting(8, "Number of images to compare.", Bounds(1, 10_000))


def main() -> None:
    """Compares a SavedModel with the networks of its run."""
    request = config_lib.from_flags(Request)
    folder, run_dir = map(request.path, ("model", "run_dir"))
    if not (folder / "saved_model.pb").is_file():
        raise UserError(
            f"--model={request.model} is not a SavedModel; name a version that export.saved_model "
            "wrote."
        )
    # Imported here, so that --help does not wait for TensorFlow.
    from export.serving import differences, session
    from tunit_tf.inference import run_folder
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, request.checkpoint)
    output = run_folder.output_of(run.folder)
    output.check_unchanged([TABLE])
    try:
        model = session.Model(folder)
    except session.Error as error:
        raise UserError(f"{folder} does not load in C++: {error}") from None
    try:
        found = differences.measure(model, run.translator, request.count)
    except differences.MismatchError as error:
        raise UserError(
            f"--model={request.model} was not exported from --run_dir={request.run_dir}: {error}; "
            "name the run that it was exported from."
        ) from None
    text = differences.table(found)
    print(text)
    with files.writing(str(run.folder / TABLE), "keep the table printed above"):
        output.write(TABLE, (text + "\n").encode())


def command() -> None:
    """Entry point of the command line."""
    config_lib.define_flags(Request)
    cli.run(main)


if __name__ == "__main__":
    command()
