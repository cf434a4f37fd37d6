"""A pair of .tflite files of tiny networks, for tests outside of pytest's processes."""

import pathlib

from export.mobile import bundle
from export.options import Options
from tests.conftest import TINY
from tunit_tf.config import Config
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.training import trainer


def write(output: pathlib.Path) -> TrainedRun:
    """Trains a few steps in `run/`, exports every variant to `mobile/`; returns the run."""
    run_dir = str(output / "run")
    config = Config(**{**TINY, "run_dir": run_dir, "base_channels": 8, "joint_steps": 4})
    trainer.train(config.resolved())
    run = TrainedRun.load(run_dir)
    options = Options(min_psnr=10.0, quality_images=4, calibration_steps=8, examples=2)
    bundle.write(run, output / "mobile", options)
    return run
