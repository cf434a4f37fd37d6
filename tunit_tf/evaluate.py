"""Evaluates a trained run: `python -m tunit_tf.evaluate --run_dir=runs/mine`."""

import dataclasses
import sys
import time
from typing import Any

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.config import Config, OfRun, setting
from tunit_tf.errors import Bounds
from tunit_tf.metrics import EXTRACTOR_NAMES, INCEPTION_2015
from tunit_tf.paths import user_path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request(OfRun):
    """What to evaluate, and how; every field is a flag."""

    both_checkpoints: bool = setting(
        True, "Show the other checkpoint's numbers and grids too if it differs."
    )
    data: str = setting("", "Images as for training; by default the run's own.", path=True)
    validation_data: str = setting(
        "",
        "With --data: held-out images; by default a part of --data.",
        path=True,
        belongs_to="data",
    )
    cache_dir: str = setting("", "Folder of caches; by default the run's.", path=True)
    features: str = setting(
        INCEPTION_2015,
        "Extractor of image metrics; random_conv64 needs no file, efficientnet_* the extra "
        "'features'.",
        choices=EXTRACTOR_NAMES,
    )
    features_file: str = setting("", "File of the extractor's weights.", path=True)
    num_translations: int = setting(
        2000,
        "Translations made for the Fréchet distance, and for its group mean.",
        Bounds(2, 10_000_000),
    )
    batch_size: int = setting(32, "Images computed at once.", Bounds(2, 4096))
    report_dir: str = setting("", "Folder of the report; by default RUN_DIR/report.", path=True)
    compare: tuple[str, ...] = setting(
        (), "Other run folders to compare, separated by commas.", path=True
    )

    def config(self, trained: Config) -> Config:
        """The config of a run, with the data to evaluate on."""
        given = {name: getattr(self, name) for name in ("data", "validation_data", "cache_dir")}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value}
        if self.data:
            changes["validation_data"] = self.validation_data
        return dataclasses.replace(trained, **changes, progress=sys.stderr.isatty())


def main() -> None:
    """Evaluates the run and writes its report."""
    started = time.monotonic()
    request = config_lib.from_flags(Request)
    # Here, so that --help and wrong flags do not wait for TensorFlow.
    from tunit_tf.evaluation import evaluator, report, run_comparison
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.metrics import features

    run = TrainedRun.load(request.path("run_dir"), request.checkpoint, request.batch_size)
    config = request.config(run.config)
    folder = request.path("report_dir") if request.report_dir else run.folder / "report"
    others = [user_path(name, "--compare") for name in request.compare]
    output = report.checked_folder(folder)
    run_comparison.check_folders(others)
    with cli.interruptible(f"No report was written to {folder}."):
        extractor = features.load(request.features, request.features_file, config.cache_dir)
        split = run.split_of(config, own_images=not request.data)
        inputs = (split, extractor, config.cache_dir, request.num_translations)
        result = evaluator.evaluate(run, *inputs)
        if request.both_checkpoints:
            run_comparison.add_other(
                result, run, request.checkpoint,
                lambda other: evaluator.evaluate(other, *inputs, alone=False), request.batch_size,
            )  # fmt: skip
        facts = report.collect_facts(run, request.checkpoint, config, split, extractor.name)
        compared = run_comparison.compare(run.folder, result, others)
    page = report.write(output, result, facts, extractor.name, compared if others else {})
    print(report.text(result))
    print(f"Report  {page} ({time.monotonic() - started:.0f} s)")


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(Request)
    cli.run(main)


if __name__ == "__main__":
    command()
