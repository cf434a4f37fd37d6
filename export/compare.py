"""Compares the signatures of a SavedModel with the run that it was exported from.

`python -m export.compare --model=models/tunit/1 --run_dir=runs/mine` prints a table and writes it
as `comparison.md` into the run folder.
"""

from absl import flags

from tunit_tf import cli, path_flags
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files

MODEL = path_flags.define("model", "models/tunit/1", "Folder of one version of the model.")
RUN_DIR = path_flags.define("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
TABLE = "comparison.md"
COUNT = flags.DEFINE_integer("count", 8, "Number of images to compare.")


def main() -> None:
    """Compares a SavedModel with the networks of its run."""
    folder, run_dir = map(path_flags.path, (MODEL, RUN_DIR))
    if not (folder / "saved_model.pb").is_file():
        raise UserError(
            f"--model={MODEL.value} is not a SavedModel; name a version that export.saved_model "
            "wrote."
        )
    Bounds(1, 10_000).check("--count", COUNT.value)
    # Imported here, so that --help does not wait for TensorFlow.
    from export.serving import differences, session
    from tunit_tf.inference import run_folder
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, CHECKPOINT.value)
    output = run_folder.output_of(run.folder)
    output.check_unchanged([TABLE])
    try:
        model = session.Model(folder)
    except session.Error as error:
        raise UserError(f"{folder} does not load in C++: {error}") from None
    try:
        found = differences.measure(model, run.translator, COUNT.value)
    except differences.MismatchError as error:
        raise UserError(
            f"--model={MODEL.value} was not exported from --run_dir={RUN_DIR.value}: {error}; name "
            "the run that it was exported from."
        ) from None
    text = differences.table(found)
    print(text)
    with files.writing(str(run.folder / TABLE), "keep the table printed above"):
        output.write(TABLE, (text + "\n").encode())


def command() -> None:
    """Entry point of the command line."""
    cli.run(main)


if __name__ == "__main__":
    command()
