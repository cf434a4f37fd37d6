"""Writes a run as a weights folder, to publish, to export from or to fine-tune.

`python -m export.weights --run_dir=runs/mine --output=models/mine`.
"""

from absl import flags

from export.options import WeightsOptions
from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.io import files

RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
OUTPUT = flags.DEFINE_string("output", "models/weights", "Folder to write; replaces an old export.")


def main() -> None:
    """Checks the flags and exports the run."""
    options = config_lib.from_flags(WeightsOptions)
    run_dir, output = (files.named_folder(flag.value, flag.name) for flag in (RUN_DIR, OUTPUT))

    # Here and not above, so that --help does not wait for TensorFlow.
    from export import published_weights
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, CHECKPOINT.value)
    run.warn_if_untrained()
    with cli.interruptible(f"{output} is as it was before."):
        written = published_weights.write(run, CHECKPOINT.value, output, options)
    megabytes = sum(file.bytes for file in written.files.values()) / 1e6
    license = f", license: {written.license}" if written.license else ""
    print(f"Wrote {output} ({megabytes:.1f} MB){license}.")


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(WeightsOptions)
    cli.run(main)


if __name__ == "__main__":
    command()
