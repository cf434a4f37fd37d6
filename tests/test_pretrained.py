"""The models that come with the repository."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from export import manifest
from export.manifest import WeightsManifest
from tunit_tf.inference import domain_styles, run_folder, weights_folder
from tunit_tf.inference.trained_run import TrainedRun

ROOT = pathlib.Path(__file__).parents[1]
CATS = ROOT / "pretrained" / "cats_128"


@pytest.fixture(scope="module")
def cats():
    """The cats and their manifest."""
    return TrainedRun.load(CATS), manifest.read(CATS, WeightsManifest)


def test_all_files_are_those_that_were_exported(cats):
    _, described = cats
    manifest.verify(CATS, described)
    assert {path.name for path in CATS.glob("[!.]*")} == {manifest.FILE_NAME, *described.files}
    assert sum(file.bytes for file in described.files.values()) < 20e6


def test_license_and_origin_are_stated(cats):
    run, described = cats
    for text in (
        described.license, run.config.license, (CATS / "LICENSE").read_text(),
        (CATS / "README.md").read_text(),
    ):  # fmt: skip
        assert "CC BY-NC 4.0" in text
    assert "AFHQ" in (CATS / "LICENSE").read_text()


def test_nothing_of_the_machine_is_in_it():
    for name in (run_folder.CONFIG, manifest.FILE_NAME, "README.md"):
        text = (CATS / name).read_text()
        assert not any(word in text for word in ("/work", "/root", "/home", "/tmp"))


def test_examples_have_names_for_people(cats):
    _, described = cats
    captions = {role: set() for role in ("picture", "look")}
    for example in described.examples:
        captions[example.role].add(example.caption)
        with Image.open(CATS / example.file) as picture:
            assert picture.size == ((512, 512) if example.role == "picture" else (128, 128))
    assert {"Ginger", "Tabby"} <= captions["look"]
    assert len(captions["picture"]) >= 3


def test_a_photograph_takes_the_look_and_keeps_its_size(cats):
    run, described = cats
    file = {example.caption: CATS / example.file for example in described.examples}
    photograph = Image.open(file["Mia"]).resize((200, 150))
    drawn = {look: run.translator.redraw(photograph, file[look]) for look in ("Black", "White")}
    assert all(picture.size == (200, 150) for picture in drawn.values())
    brightness = {look: np.asarray(picture.convert("L")).mean() for look, picture in drawn.items()}
    assert brightness["White"] > brightness["Black"] + 30


def test_styles_of_domains_and_a_discriminator_for_training_on(cats):
    run, _ = cats
    assert (domain_styles.load_or_measure(run).counts > 0).all()
    assert "discriminator" in weights_folder.read(CATS).parts
