"""Translates pictures with a trained run.

`python -m tunit_tf.translate --run_dir=runs/mine --source=PICTURES --reference=PICTURES`
"""

import sys

from absl import flags

from tunit_tf import cli, path_flags
from tunit_tf import config as config_lib
from tunit_tf.inference import file_translation
from tunit_tf.io import pixels

RUN_DIR = path_flags.define("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Checkpoint of the run to translate with."
)
RESIZE = flags.DEFINE_enum(
    "resize",
    "crop",
    pixels.RESIZE,
    "How pictures become squares; letterbox keeps all of a picture and its aspect ratio.",
)

MAX_NAMED = 10  # unreadable files named at the end


def main() -> None:
    """Translates the files and prints what was written."""
    request = config_lib.from_flags(file_translation.Request)
    run_dir = path_flags.path(RUN_DIR)
    # Here, so that --help and wrong flags do not wait for TensorFlow.
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, CHECKPOINT.value, request.batch_size, RESIZE.value)
    run.warn_if_untrained()
    result = file_translation.run(run, request)
    for path, reason in list(result.bad.items())[:MAX_NAMED]:
        print(f"skipped: {path} ({reason})", file=sys.stderr)
    if len(result.bad) > MAX_NAMED:
        print(f"skipped: {len(result.bad) - MAX_NAMED} more", file=sys.stderr)
    if result.unchanged:
        print(
            f"warning: nothing was redrawn in {len(result.unchanged)} of the pictures, whose masks "
            f"are all black; the first is {result.unchanged[0]}.",
            file=sys.stderr,
        )
    skipped = f", skipped {len(result.bad)} that cannot be read" if result.bad else ""
    print(f"Wrote {result.written} files to {request.output}{skipped}.")


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(file_translation.Request)
    cli.run(main)


if __name__ == "__main__":
    command()
