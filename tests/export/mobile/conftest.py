"""A tiny exported pair."""

import pathlib

import numpy as np
import pytest

from export.mobile import bundle

OPTIONS = bundle.Options(min_psnr=15.0, calibration_steps=8, quality_images=4)


@pytest.fixture(scope="session")
def pair_folder(trained_run, tmp_path_factory) -> pathlib.Path:
    """All variants; tests must not change it."""
    output = tmp_path_factory.mktemp("models") / "mobile"
    bundle.write(trained_run, output, OPTIONS)
    return output


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
