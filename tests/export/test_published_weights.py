"""Weights folders: written, read by every command, exported from."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from export import examples, manifest
from export.manifest import WeightsManifest
from tests import commands, session_folder
from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles, run_folder, weights_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels


@pytest.fixture(scope="session")
def made(tiny_run, tmp_path_factory) -> pathlib.Path:
    """A folder with `weights` of the tiny run and what they were made from; not to be changed."""

    def fill(folder: pathlib.Path) -> None:
        images = TrainedRun.load(tiny_run).split.validation.pixels()
        for role, names in {"pictures": ["Tom", "Mia the Cat"], "looks": ["Ginger"]}.items():
            (folder / role).mkdir()
            for name, image in zip(names, images, strict=False):
                pixels.save_png(folder / role / f"{name}.png", image)
        (folder / "terms.txt").write_text("Free for all.\n")
        flags = (
            f"--run_dir={tiny_run}", f"--output={folder / 'weights'}", "--title=Shapes",
            f"--example_pictures={folder / 'pictures'}", f"--example_looks={folder / 'looks'}",
            f"--license_file={folder / 'terms.txt'}",
        )  # fmt: skip
        result = commands.run("export.weights", *flags)
        assert result.returncode == 0, result.stderr

    return session_folder.make(tmp_path_factory, "weights", fill)


@pytest.fixture
def folder(made):
    return made / "weights"


def test_the_manifest_lists_all_files_and_captions(folder, made):
    described = manifest.read(folder, WeightsManifest)
    manifest.verify(folder, described)
    assert {path.name for path in folder.glob("[!.]*")} == {manifest.FILE_NAME, *described.files}
    captions = {example.caption: example.role for example in described.examples}
    assert captions == {"Tom": "picture", "Mia the Cat": "picture", "Ginger": "look"}
    look = next(example.file for example in described.examples if example.role == "look")
    np.testing.assert_array_equal(
        np.asarray(Image.open(folder / look)), np.asarray(Image.open(made / "looks/Ginger.png"))
    )
    assert (folder / "LICENSE").read_text() == "Free for all.\n"
    assert described.title == "Shapes"


def test_it_has_no_path_of_the_machine(folder, tiny_run):
    text = (folder / run_folder.CONFIG).read_text() + (folder / manifest.FILE_NAME).read_text()
    assert str(tiny_run) not in text
    assert str(pathlib.Path.home()) not in text


def test_it_redraws_as_the_run(folder, trained_run):
    images = trained_run.split.validation.pixels()[:4]
    loaded = TrainedRun.load(folder)
    want = trained_run.translator.translate(images, images[::-1]).astype(int)
    got = loaded.translator.translate(images, images[::-1]).astype(int)
    assert np.abs(want - got).max() <= 2  # of 255, float16 kernels
    assert loaded.step == trained_run.step
    styles, of_run = (domain_styles.load_or_measure(run) for run in (loaded, trained_run))
    np.testing.assert_array_equal(styles.means, of_run.means)


def test_the_discriminator_is_in_it(folder):
    parts = weights_folder.read(folder).parts
    assert parts.keys() == {"guiding", "generator", "discriminator"}
    assert parts["discriminator"]


@pytest.fixture(scope="session")
def pair(made, tmp_path_factory) -> pathlib.Path:
    """A pair that was exported from the weights."""

    def fill(folder: pathlib.Path) -> None:
        flags = f"--run_dir={made / 'weights'}", f"--output={folder / 'pair'}", "--min_psnr=15"
        result = commands.run("export.tflite", *flags, "--variants=float32")
        assert result.returncode == 0, result.stderr

    return session_folder.make(tmp_path_factory, "pair_of_weights", fill) / "pair"


def test_a_pair_of_it_needs_no_images_and_keeps_title_and_examples(pair, folder):
    described, published = manifest.read_mobile(pair), manifest.read(folder, WeightsManifest)
    assert described.title == "Shapes"
    assert described.examples == published.examples
    assert described.domains == published.domains
    for example in published.examples:
        assert (pair / example.file).read_bytes() == (folder / example.file).read_bytes()


def test_exports_of_it_have_its_examples_unless_others_are_asked_for(folder, trained_run):
    weights = TrainedRun.load(folder)
    published = manifest.read(folder, WeightsManifest)
    assert list(examples.of_run(weights, None, 0)) == published.examples
    assert examples.of_run(trained_run, None, 0) == {}
    images = trained_run.split.validation
    assert not set(examples.of_run(weights, images, 1)) & set(published.examples)


def test_only_an_earlier_export_is_replaced(tiny_run, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = commands.run("export.weights", f"--run_dir={tiny_run}", f"--output={tmp_path}")
    assert result.returncode == 2
    assert "notes.txt" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_missing_license_file_is_named(tiny_run, tmp_path):
    result = commands.run(
        "export.weights", f"--run_dir={tiny_run}", f"--output={tmp_path / 'new'}",
        "--license_file=nowhere.txt",
    )  # fmt: skip
    assert result.returncode == 2
    assert "--license_file=nowhere.txt is not a file" in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_changed_example_stops_an_export(made, tmp_path):
    copied = shutil.copytree(made / "weights", tmp_path / "copy")
    published = manifest.read(copied, WeightsManifest)
    (copied / published.examples[0].file).write_bytes(b"other")
    with pytest.raises(UserError, match="is not the file that was exported"):
        examples.of_weights(copied, published)


def test_the_card_says_how_to_load_it(folder):
    card = (folder / "README.md").read_text()
    assert 'Translator.load(".")' in card
    assert "library_name: tunit-tf" in card
    assert json.loads((folder / manifest.FILE_NAME).read_text())["kind"] == "weights"
