"""Compares a SavedModel with the run it was made of, signature by signature.

`python -m export.compare --model=models/tunit/1 --run_dir=runs/mine` prints a table and writes it
as `comparison.md` into the run folder.
"""

import pathlib

from absl import flags

from export.serving import c_api, differences
from tunit_tf import cli
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files

MODEL = flags.DEFINE_string("model", "models/tunit/1", "Folder of one version of the model.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Which state of it.")
COUNT = flags.DEFINE_integer("count", 8, "Images compared.")


def main() -> None:
    folder = pathlib.Path(MODEL.value).expanduser()
    if not (folder / "saved_model.pb").is_file():
        raise UserError(
            f"--model={MODEL.value} is not a SavedModel; name a version that export.saved_model "
            "wrote."
        )
    if COUNT.value < 1:
        raise UserError(f"--count must be at least 1; received {COUNT.value}.")
    run = TrainedRun.load(RUN_DIR.value, CHECKPOINT.value)
    try:
        model = c_api.Model(folder)
    except c_api.Error as error:
        raise UserError(f"{folder} does not load in C++: {error}") from None
    text = differences.table(differences.of_saved_model(model, run.translator, COUNT.value))
    files.write_bytes(run.folder / "comparison.md", (text + "\n").encode())
    print(text)


if __name__ == "__main__":
    cli.run(main)
