"""Translates pictures with a trained run.

`python -m tunit_tf.translate --run_dir=runs/mine --source=PICTURES --reference=PICTURES`
"""

import dataclasses
import sys

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.config import OfRun, setting
from tunit_tf.inference import file_translation
from tunit_tf.io import pixels

MAX_NAMED = 10  # unreadable files named at the end


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks(OfRun):
    """What translates; every field is a flag beside those of `file_translation.Request`."""

    resize: str = setting(
        "crop",
        "How pictures become squares; letterbox keeps all of a picture and its aspect ratio.",
        choices=pixels.RESIZE,
    )


def main() -> None:
    """Translates the files and prints what was written."""
    request = config_lib.from_flags(file_translation.Request)
    networks = config_lib.from_flags(Networks)
    run_dir = networks.path("run_dir")
    # Here, so that --help and wrong flags do not wait for TensorFlow.
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, networks.checkpoint, request.batch_size, networks.resize)
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
    config_lib.define_flags(Networks)
    config_lib.define_flags(file_translation.Request)
    cli.run(main)


if __name__ == "__main__":
    command()
