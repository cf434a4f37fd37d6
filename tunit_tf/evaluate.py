"""Evaluates a trained run: `python -m tunit_tf.evaluate --run_dir=runs/mine`."""

import dataclasses
import sys
import time
from typing import Any

from absl import flags

from tunit_tf import cli, path_flags
from tunit_tf.config import Config
from tunit_tf.errors import Bounds, UserError
from tunit_tf.metrics.extractor_names import EXTRACTOR_NAMES, INCEPTION_2015
from tunit_tf.paths import user_path

RUN_DIR = path_flags.define("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Checkpoint that heads the report."
)
BOTH = flags.DEFINE_boolean(
    "both_checkpoints", True, "Show the other checkpoint's numbers and grids too if it differs."
)
DATA = path_flags.define("data", "", "Images as for training; by default the run's own.")
VALIDATION_DATA = path_flags.define(
    "validation_data",
    "",
    "With --data: held-out images; by default a part of --data.",
)
CACHE_DIR = path_flags.define("cache_dir", "", "Folder of caches; by default the run's.")
FEATURES = flags.DEFINE_enum(
    "features",
    INCEPTION_2015,
    list(EXTRACTOR_NAMES),
    "Extractor of image metrics; random_conv64 needs no file, efficientnet_* the extra 'features'.",
)
FEATURES_FILE = path_flags.define("features_file", "", "File of the extractor's weights.")
NUM_TRANSLATIONS = flags.DEFINE_integer(
    "num_translations", 2000, "Translations made for the Fréchet distance, and for its group mean."
)
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images computed at once.")
REPORT_DIR = path_flags.define("report_dir", "", "Folder of the report; by default RUN_DIR/report.")
COMPARE = path_flags.define_list("compare", "Other run folders to compare, separated by commas.")

BOUNDS = ((NUM_TRANSLATIONS, Bounds(2, 10_000_000)), (BATCH_SIZE, Bounds(2, 4096)))


def main() -> None:
    """Evaluates the run and writes its report."""
    started = time.monotonic()
    for flag, bounds in BOUNDS:
        bounds.check(f"--{flag.name}", flag.value)
    run_dir = path_flags.path(RUN_DIR)
    # Here, so that --help and wrong flags do not wait for TensorFlow.
    from tunit_tf.evaluation import evaluator, report, run_comparison
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.metrics import features

    run = TrainedRun.load(run_dir, CHECKPOINT.value, BATCH_SIZE.value)
    config = _data_config(run.config)
    folder = path_flags.path(REPORT_DIR) if REPORT_DIR.value else run.folder / "report"
    others = [user_path(name, "--compare") for name in COMPARE.value]
    output = report.checked_folder(folder)
    run_comparison.check_folders(others)
    with cli.interruptible(f"No report was written to {folder}."):
        extractor = features.load(FEATURES.value, FEATURES_FILE.value, config.cache_dir)
        split = run.split_of(config, own_images=not DATA.value)
        inputs = (split, extractor, config.cache_dir, NUM_TRANSLATIONS.value)
        result = evaluator.evaluate(run, *inputs)
        if BOTH.value:
            run_comparison.add_other(
                result, run, CHECKPOINT.value,
                lambda other: evaluator.evaluate(other, *inputs, alone=False), BATCH_SIZE.value,
            )  # fmt: skip
        facts = report.collect_facts(run, CHECKPOINT.value, config, split, extractor.name)
        compared = run_comparison.compare(run.folder, result, others)
    page = report.write(output, result, facts, extractor.name, compared if others else {})
    print(report.text(result))
    print(f"Report  {page} ({time.monotonic() - started:.0f} s)")


def _data_config(config: Config) -> Config:
    """The run's config with the data to evaluate on."""
    changes: dict[str, Any] = {"cache_dir": CACHE_DIR.value} if CACHE_DIR.value else {}
    if DATA.value:
        changes |= {"data": DATA.value, "validation_data": VALIDATION_DATA.value}
    elif VALIDATION_DATA.value:
        raise UserError("--validation_data also needs --data.")
    return dataclasses.replace(config, **changes, progress=sys.stderr.isatty())


def command() -> None:
    """Entry point of the console script."""
    cli.run(main)


if __name__ == "__main__":
    command()
