"""Mistakes that `export.beam` names before it starts a pipeline; needs Beam, but no model."""

import json

import numpy as np
import pytest
from apache_beam.io.filesystems import FileSystems
from PIL import Image

from tests import commands
from tests.manifests import cases
from tunit_tf.io import picture_files


@pytest.fixture
def flags(tmp_path):
    """Flags that are right, up to the pipeline; the model is a manifest only."""
    (tmp_path / "model").mkdir()
    serving = {"kind": "saved_model", "domains": None, "signatures": {}, "max_pixels": 10**6}
    (tmp_path / "model" / "manifest.json").write_text(json.dumps({**cases.GOOD, **serving}))
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "look.jpg")
    named = {"model": "model", "reference": "look.jpg", "output": "out"}
    paths = {name: str(tmp_path / file) for name, file in named.items()}
    return {**paths, "source": str(tmp_path / "*.jpg")}


def check(flags, words, *more):
    named = [f"--{name}={value}" for name, value in flags.items()]
    done = commands.run("export.beam", *named, *more)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reference_that_is_cut_or_too_large(flags, tmp_path):
    whole = (tmp_path / "look.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    check({**flags, "reference": str(tmp_path / "cut.jpg")}, "cut.jpg is not a readable picture")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "vast.png")
    check({**flags, "reference": str(tmp_path / "vast.png")}, "vast.png is not a readable picture")
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_or_empty(flags, tmp_path):
    (tmp_path / "out").write_text("of the user")
    check(flags, "out is a file; name a folder")
    check({**flags, "output": str(tmp_path / "out" / "below")}, "out is a file, and no folder")
    assert (tmp_path / "out").read_text() == "of the user"
    for name in ("output", "mask", "model", "source"):
        check({**flags, name: ""}, f"--{name} is empty")
    check({**flags, "output": "~nobody.knows/out"}, "no home folder is known for ~nobody.knows")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    check({**flags, "output": str(tmp_path / "mine")}, "the first is notes.txt; name a new")


def test_a_pattern_without_a_folder_matches_in_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.png", "c/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for source, expected in (("*.jpg", {"a.jpg"}), ("c", {"c/d.jpg"}), ("./*/*", {"c/d.jpg"})):
        (found,) = FileSystems.match([picture_files.split_pattern(source)[1]])
        assert {m.path for m in found.metadata_list} == {str(tmp_path / e) for e in expected}


def test_a_flag_that_nothing_knows(flags, tmp_path):
    check(flags, "Unknown flag --bogus=1", "--runner=DirectRunner", "--bogus=1")
    assert not (tmp_path / "out").exists()
