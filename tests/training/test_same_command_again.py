"""The command of a run, given again: in a folder of any name, and after its images were moved."""

import json
import shutil

import pytest
from PIL import Image

from tests import commands
from tests.conftest import TINY
from tunit_tf.data import synthetic

# Without a joint phase, whose steps take long to compile.
SHORT = {**TINY, "warmup_steps": 4, "joint_steps": 0, "checkpoint_every": 2}


def train(folder, **changes):
    flags = {**SHORT, "run_dir": folder, "cache_dir": folder.parent / "cache", **changes}
    return commands.run("tunit_tf.train", *(f"--{k}={v}" for k, v in flags.items()))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    for i, image in enumerate(synthetic.generate(24, 32, 5).pixels()):
        (folder / "all").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "all" / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """A finished run, in a folder whose name TensorFlow takes for a pattern."""
    folder = tmp_path_factory.mktemp("runs") / "cats [v2] \\ what?"
    done = train(folder, data=photos)
    assert done.returncode == 0, done
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / trained.name)


def checkpoints(folder):
    return {path.name for path in (folder / "checkpoints").iterdir()}


def test_a_finished_run_says_so_in_a_folder_of_any_name(run, photos):
    before = checkpoints(run)
    assert not (run / "checkpoints" / "checkpoint").exists()
    done = train(run, data=photos)
    assert done.returncode == 0, done
    assert "is finished, at step 4; a larger --joint_steps trains on" in done.stdout
    assert "Trained 0 steps" in done.stdout
    assert checkpoints(run) == before
    look = photos / "all" / "00.png"
    flags = f"--run_dir={run}", f"--source={look}", f"--reference={look}"
    done = commands.run("tunit_tf.translate", *flags, f"--output={run.parent / 'out'}")
    assert done.returncode == 0, done


def test_a_moved_folder_goes_on_with_one_sentence(run, photos, tmp_path):
    moved = shutil.copytree(photos, tmp_path / "disk" / "photos")
    (run / "checkpoints" / "ckpt-4.index").unlink()  # as if it was stopped at step 2
    done = train(run, data=f"{moved}/")
    assert done.returncode == 0, done
    assert f"was trained on {photos}; {moved}/ has the same files" in done.stderr
    assert "goes on from step 2 of 4" in done.stdout
    assert json.loads((run / "config.json").read_text())["data"] == f"{moved}/"
