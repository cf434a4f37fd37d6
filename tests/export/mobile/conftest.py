"""A tiny exported pair."""

import pathlib

import numpy as np
import pytest

from tests import commands, session_folder

FLAGS = "--min_psnr=15", "--calibration_steps=8", "--quality_images=4"


@pytest.fixture(scope="session")
def pair_folder(tiny_run, tmp_path_factory) -> pathlib.Path:
    """All variants; tests must not change it."""

    def fill(folder: pathlib.Path) -> None:
        folders = f"--run_dir={tiny_run}", f"--output={folder / 'mobile'}"
        result = commands.run("export.tflite", *folders, *FLAGS)
        assert result.returncode == 0, result.stderr

    return session_folder.make(tmp_path_factory, "pair", fill) / "mobile"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
