"""Run folders and exports of commit 1c93704 load, and compute what they did."""

import dataclasses
import pathlib
import tarfile

import numpy as np
import pytest

from export import manifest
from export.mobile.runtime import Pair
from export.serving import c_api
from tunit_tf.inference import domain_styles, run_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels
from tunit_tf.training import trainer

ARCHIVE = pathlib.Path(__file__).parent / "compatibility" / "commit_1c93704.tar.xz"
STEPS = 4


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """Folder of the unpacked files."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def expected(old):
    with np.load(old / "expected.npz") as saved:
        return dict(saved)


def test_a_run_translates_as_it_did(old, expected):
    run = TrainedRun.load(old / "run")
    assert run.step == STEPS
    style = run.translator.style(expected["references"])
    np.testing.assert_allclose(style, expected["style"], rtol=0, atol=1e-5)
    drawn = run.translator.translate(expected["sources"], expected["references"])
    assert np.abs(drawn.astype(int) - expected["translated"]).max() <= 1
    assert domain_styles.load_or_measure(run).counts.sum() > 0


def test_training_goes_on_from_a_checkpoint(old, tmp_path, capsys):
    config = run_folder.saved_config(old / "run")
    here = {"run_dir": str(old / "run"), "cache_dir": str(tmp_path)}
    trainer.train(dataclasses.replace(config, **here))
    assert "Trained 0 steps" in capsys.readouterr().out


def test_a_saved_model_translates_as_it_did(old, expected):
    model = c_api.Model(old / "saved_model" / "1")
    images = {
        "image": pixels.from_bytes(expected["sources"]),
        "reference": pixels.from_bytes(expected["references"]),
    }
    drawn = model.run("translate", images)["translated"]
    np.testing.assert_allclose(drawn, expected["saved_model"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", ["float32", "dynamic_int8"])
def test_a_pair_translates_as_it_did(old, expected, variant):
    described = manifest.read_mobile(old / "mobile")
    assert (described.schema_version, described.step) == ("1.0", STEPS)
    entry = described.variants[variant]
    pair = Pair(old / "mobile" / entry.encoder, old / "mobile" / entry.generator)
    drawn = [
        pair.generate_float(source, pair.style(reference))
        for source, reference in zip(expected["sources"], expected["references"], strict=True)
    ]
    np.testing.assert_allclose(drawn, expected[variant], rtol=0, atol=1e-5)
