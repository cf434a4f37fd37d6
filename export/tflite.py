"""Writes a run as pairs of .tflite files for phones and browsers.

`python -m export.tflite --run_dir=runs/mine --output=models/mobile`.
"""

from absl import flags

from export import example_count
from export.mobile.options import VARIANTS as ALL_VARIANTS
from export.mobile.options import Options
from tunit_tf import cli
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import folders

DEFAULTS = Options()
RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
OUTPUT = flags.DEFINE_string("output", "models/mobile", "Folder to write; replaces an old export.")
VARIANTS = flags.DEFINE_list(
    "variants", list(DEFAULTS.variants), "Variants to write, separated by commas."
)
MIN_PSNR = flags.DEFINE_float("min_psnr", DEFAULTS.min_psnr, "Minimum PSNR of a variant in dB.")
DATA = flags.DEFINE_string("data", "", "Images to measure on; '' takes the run's held-out ones.")
CALIBRATION_IMAGES = flags.DEFINE_string(
    "calibration_images",
    "",
    "Images to calibrate static_int8 on; '' uses --data if given, else the run's.",
)
CALIBRATION_STEPS = flags.DEFINE_integer(
    "calibration_steps", DEFAULTS.calibration_steps, "Pairs of images seen in calibration."
)
QUALITY_IMAGES = flags.DEFINE_integer(
    "quality_images", DEFAULTS.quality_images, "Held-out images translated for PSNR and SSIM."
)
TITLE = flags.DEFINE_string("title", "", "Title of the model; '' is made from the run.")
DESCRIPTION = flags.DEFINE_string(
    "description", "", "A sentence on the model for people; '' is made from the run."
)
EXAMPLES = flags.DEFINE_integer("examples", DEFAULTS.examples, example_count.HELP)

BOUNDS = (
    (MIN_PSNR, Bounds(0, 1000)),
    (CALIBRATION_STEPS, Bounds(2, 10**6)),
    (QUALITY_IMAGES, Bounds(2, 10**6)),
    (EXAMPLES, example_count.BOUNDS),
)


def main() -> None:
    """Checks the flags and exports the run."""
    unknown = sorted(set(VARIANTS.value) - set(ALL_VARIANTS))
    if unknown or not VARIANTS.value:
        raise UserError(
            f"--variants must be among {','.join(ALL_VARIANTS)}; received "
            f"'{','.join(VARIANTS.value)}'."
        )
    for flag, bounds in BOUNDS:
        bounds.check(f"--{flag.name}", flag.value)
    run_dir, output = (folders.named(flag.value, flag.name) for flag in (RUN_DIR, OUTPUT))

    # Here and not above, so that --help does not wait for TensorFlow.
    from export.mobile import bundle, summary
    from tunit_tf.inference.trained_run import TrainedRun

    run = TrainedRun.load(run_dir, CHECKPOINT.value)
    run.warn_if_untrained()
    options = Options(
        variants=tuple(dict.fromkeys(VARIANTS.value)),
        min_psnr=MIN_PSNR.value,
        data=DATA.value,
        calibration_images=CALIBRATION_IMAGES.value or DATA.value,
        calibration_steps=CALIBRATION_STEPS.value,
        quality_images=QUALITY_IMAGES.value,
        title=TITLE.value,
        description=DESCRIPTION.value,
        examples=EXAMPLES.value,
    )
    with cli.interruptible(f"{output} is as it was before."):
        written = bundle.write(run, output, options)
    print(summary.table(written))
    license = f", license: {written.licence}" if written.licence else ""
    print(f"Wrote {output}{license}.")


def command() -> None:
    """Entry point of the console script."""
    cli.run(main)


if __name__ == "__main__":
    command()
