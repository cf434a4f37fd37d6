"""Writes a run as a SavedModel for TF Serving.

`python -m export.saved_model --run_dir=runs/mine --output=models/tunit` writes the next version.
"""

from absl import flags

from export import options
from tunit_tf import cli
from tunit_tf.errors import Bounds
from tunit_tf.io import files

RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
OUTPUT = flags.DEFINE_string(
    "output", "models/tunit", "Folder of the model's versions, created if missing."
)
RESIZE = flags.DEFINE_enum("resize", "crop", ["crop", "stretch"], "How pictures become squares.")
MAX_PIXELS = flags.DEFINE_integer(  # 33 megapixels, 100 MB decoded
    "max_pixels", 2**25, "Largest picture that is decoded, in pixels."
)
DATA = flags.DEFINE_string(
    "data", "", "Images to measure the domains' styles on, if the run has none of its own."
)
EXAMPLES = flags.DEFINE_integer("examples", 0, options.EXAMPLES)


def main() -> None:
    """Checks the flags and exports the run."""
    run_dir, output = (files.named_folder(flag.value, flag.name) for flag in (RUN_DIR, OUTPUT))
    Bounds(1, 10**9).check("--max_pixels", MAX_PIXELS.value)
    Bounds(0, options.MAX_EXAMPLES).check("--examples", EXAMPLES.value)
    # Imported here, so that --help does not wait for TensorFlow.
    from export.serving import versions
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, CHECKPOINT.value)
    run.warn_if_untrained()
    with cli.interruptible(f"No version was written to {output}."):
        version = versions.write(
            run, output, RESIZE.value, MAX_PIXELS.value, DATA.value, EXAMPLES.value
        )
    megabytes = sum(path.stat().st_size for path in version.rglob("*") if path.is_file()) / 1e6
    license_part = f", license: {run.config.license}" if run.config.license else ""
    print(f"Wrote {version} ({megabytes:.1f} MB){license_part}.")
    if not (version / versions.WARM_UP).exists():
        print(
            "Without warm-up records, which need tensorflow-serving-api: "
            "pip install -r requirements-serving.txt"
        )
    print(f"Check it:  python -m export.compare --model={version} --run_dir={RUN_DIR.value}")


def command() -> None:
    """Entry point of the command line."""
    cli.run(main)


if __name__ == "__main__":
    command()
