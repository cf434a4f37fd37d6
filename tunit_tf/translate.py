"""Translates pictures with a trained run.

`python -m tunit_tf.translate --run_dir=runs/mine --source=PICTURES --reference=PICTURES`
"""

import sys

from absl import flags

from tunit_tf import cli
from tunit_tf.inference import file_translation
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels

RUN_DIR = flags.DEFINE_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Which state of it.")
SOURCE = flags.DEFINE_string("source", "", "Image or folder of images to redraw.")
REFERENCE = flags.DEFINE_string("reference", "", "Image or folder of images, one look each.")
AVERAGE_REFERENCES = flags.DEFINE_boolean(
    "average_references", False, "Use the mean style of all references."
)
DOMAIN = flags.DEFINE_integer("domain", None, "Use the average style of this pseudo-domain.")
DATA = flags.DEFINE_string(
    "data", "", "With --domain: images to measure the domains on; '' takes the run's own."
)
SAMPLE = flags.DEFINE_integer(
    "sample", 0, "With --domain: draw this many new looks from its Gaussian instead."
)
INTERPOLATE = flags.DEFINE_boolean(
    "interpolate", False, "Go from one of two references to the other, as frames and animation."
)
FRAMES = flags.DEFINE_integer("frames", 16, "Frames from one to the other.")
ANIMATION = flags.DEFINE_enum("animation", "gif", ["gif", "webp"], "Kind of animation.")
GRID = flags.DEFINE_boolean("grid", False, "Write one picture, sources x looks.")
STRENGTH = flags.DEFINE_float("strength", 1.0, "0 keeps the own style, 1 takes the reference's.")
OUTPUT = flags.DEFINE_string("output", "translated", "Folder for the results, made if missing.")
FORMAT = flags.DEFINE_enum("format", "png", ["png", "jpeg"], "Of the results.")
OVERWRITE = flags.DEFINE_boolean("overwrite", False, "Replace results that exist.")
RESIZE = flags.DEFINE_enum(
    "resize",
    "crop",
    pixels.RESIZE,
    "How pictures become squares; letterbox keeps all of a picture and its aspect ratio.",
)
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images computed at once.")
SEED = flags.DEFINE_integer("seed", 0, "Of --sample.")
PROGRESS = flags.DEFINE_boolean("progress", True, "Show a progress bar.")

MAX_NAMED = 10  # unreadable files named at the end


def main() -> None:
    request = file_translation.Request(
        source=SOURCE.value,
        output=OUTPUT.value,
        reference=REFERENCE.value,
        average_references=AVERAGE_REFERENCES.value,
        domain=DOMAIN.value,
        data=DATA.value,
        sample=SAMPLE.value,
        interpolate=INTERPOLATE.value,
        frames=FRAMES.value,
        animation=ANIMATION.value,
        grid=GRID.value,
        strength=STRENGTH.value,
        format=FORMAT.value,
        overwrite=OVERWRITE.value,
        batch_size=BATCH_SIZE.value,
        seed=SEED.value,
        progress=PROGRESS.value,
    )
    run = TrainedRun.load(RUN_DIR.value, CHECKPOINT.value, request.batch_size, RESIZE.value)
    run.warn_if_untrained()
    result = file_translation.run(run, request)
    for path, reason in list(result.bad.items())[:MAX_NAMED]:
        print(f"skipped: {path} ({reason})", file=sys.stderr)
    if len(result.bad) > MAX_NAMED:
        print(f"skipped: {len(result.bad) - MAX_NAMED} more", file=sys.stderr)
    skipped = f", skipped {len(result.bad)} that cannot be read" if result.bad else ""
    print(f"Wrote {result.written} files to {OUTPUT.value}{skipped}.")


if __name__ == "__main__":
    cli.run(main)
