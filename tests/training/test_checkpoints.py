"""Checkpoints that are damaged, lost, or cannot be written."""

import json
import pathlib
import shutil

import pytest
import tensorflow as tf

from tests.conftest import TINY
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.state import TrainState


@pytest.fixture(scope="module")
def state():
    return TrainState(Config(**TINY).resolved())


@pytest.fixture(scope="module")
def saved(state, tmp_path_factory):
    """A folder with checkpoints of the steps 10, 20 and 30; tests work on copies."""
    folder = tmp_path_factory.mktemp("saved")
    checkpoints = Checkpoints(folder, state, 3)
    for step in (10, 20, 30):
        state.step.assign(step)
        checkpoints.save()
    return folder


@pytest.fixture
def folder(saved, state, tmp_path):
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    state.step.assign(99)
    return tmp_path


def restored(folder, state):
    return Checkpoints(folder, state, 3).restore()


def data(folder, step):
    return folder / "checkpoints" / f"ckpt-{step}.data-00000-of-00001"


def test_the_newest_is_restored(folder, state):
    assert restored(folder, state) == 30


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: path.write_bytes(b""),
        lambda path: path.with_name("ckpt-30.index").write_bytes(b"index"),
    ],
    ids=["cut", "zeros", "empty", "index"],
)
def test_a_broken_one_falls_back_and_says_so(folder, state, damage, caplog):
    damage(data(folder, 30))
    assert restored(folder, state) == 20
    assert "ckpt-30 is broken" in caplog.text
    assert (folder / "checkpoints" / f"broken-{data(folder, 30).name}").exists()
    assert restored(folder, state) == 20


def test_one_without_data_falls_back_and_says_so(folder, state, caplog):
    data(folder, 30).unlink()
    assert restored(folder, state) == 20
    assert "ckpt-30 is broken" in caplog.text


def names(folder):
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xff nonsense", b'model_checkpoint_path: "/of/another/ckpt-10"']
)
def test_tensorflows_list_of_checkpoints_is_not_read(folder, state, content):
    """It may be lost or cut, and has absolute paths in a run that was moved."""
    if content is not None:
        (folder / "checkpoints" / "checkpoint").write_bytes(content)
    assert restored(folder, state) == 30
    checkpoints = Checkpoints(folder, state, 3)
    state.step.assign(40)
    checkpoints.save()
    kept = sorted(path.name for path in (folder / "checkpoints").glob("*.index"))
    assert kept == ["ckpt-20.index", "ckpt-30.index", "ckpt-40.index"]


@pytest.mark.parametrize("name", ["cats [v2]", "a\\b", "what? *", "caf\udce9", "two\nlines"])
def test_any_name_of_a_folder_will_do(state, tmp_path, name):
    """TensorFlow reads some as patterns, which nothing matches."""
    folder = tmp_path / name
    for step in (1, 2):
        state.step.assign(step)
        Checkpoints(folder, state, 1).save()
    state.step.assign(99)
    assert restored(folder, state) == 2
    assert run_folder.checkpoint_step(folder, "newest") == 2
    assert sorted(path.name.split(".")[0] for path in (folder / "checkpoints").iterdir()) == [
        "ckpt-2", "ckpt-2"
    ]  # fmt: skip


def test_whole_checkpoints_of_other_networks_stay(folder):
    other = TrainState(Config(**{**TINY, "base_channels": 8}).resolved())
    before = names(folder)
    with pytest.raises(UserError, match=r"ckpt-30 is whole, but is not of these networks"):
        restored(folder, other)
    assert names(folder) == before


def test_what_cannot_be_read_is_not_damaged(folder, state):
    data(folder, 30).rename(folder / "elsewhere")
    data(folder, 30).mkdir()  # cannot be read, also by an administrator
    before = names(folder)
    for read in (
        lambda: restored(folder, state),
        lambda: run_folder.checkpoint_step(folder, "newest"),
    ):
        with pytest.raises(UserError, match=r"ckpt-30 cannot be read \(Is a directory\)"):
            read()
    assert names(folder) == before


def test_readers_take_the_newest_whole_one_and_rename_nothing(folder, caplog):
    data(folder, 30).write_bytes(data(folder, 30).read_bytes()[:1000])
    before = names(folder)
    assert run_folder.checkpoint_step(folder, "newest") == 20
    assert "ckpt-30 is damaged" in caplog.text
    assert names(folder) == before


def test_a_run_without_checkpoints_goes_on_from_its_best(folder, state, caplog):
    shutil.copytree(folder / "checkpoints", folder / "best")
    shutil.rmtree(folder / "checkpoints")
    assert restored(folder, state) == 30
    assert "goes on from the best one, of step 30" in caplog.text


def test_a_run_whose_checkpoints_are_all_broken_is_refused(folder, state):
    for step in (10, 20, 30):
        data(folder, step).write_bytes(b"")
    with pytest.raises(UserError, match="None of the 3 checkpoints"):
        restored(folder, state)


def best(folder):
    return json.loads((folder / "best.json").read_text())


def saved_as_best(folder, state, step, value, metric="m", higher_is_better=True):
    state.step.assign(step)
    return Checkpoints(folder, state, 3).save_if_best(metric, value, higher_is_better)


@pytest.mark.parametrize("sign", [1, -1])
def test_of_equal_scores_the_newer_is_the_best(folder, state, sign):
    higher = sign > 0
    assert saved_as_best(folder, state, 1, sign * 1.0, higher_is_better=higher)
    assert not saved_as_best(folder, state, 2, sign * 0.5, higher_is_better=higher)
    assert saved_as_best(folder, state, 3, sign * 1.0, higher_is_better=higher)
    assert not saved_as_best(folder, state, 4, float("nan"), higher_is_better=higher)
    assert best(folder) == {"metric": "m", "value": sign * 1.0, "step": 3}
    assert [p.name for p in (folder / "best").glob("*.index")] == ["ckpt-3.index"]
    assert saved_as_best(folder, state, 5, -9.0, metric="another")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"\xff\x00", b'{"metric": "m", "value": "x", "step": 1}',
        b'{"metric": "m", "step": 1, "value": 1' + b"0" * 400 + b"}", None,
    ],
)  # fmt: skip
def test_a_damaged_record_of_the_best_is_made_again_from_the_log(folder, state, content, caplog):
    assert saved_as_best(folder, state, 1, 0.5)
    record = folder / "best.json"
    record.unlink() if content is None else record.write_bytes(content)
    (folder / "metrics.jsonl").write_text('{"step": 1, "validation/m": 0.5}\n')
    assert not saved_as_best(folder, state, 2, 0.4)
    assert "best.json is damaged or lost" in caplog.text
    assert saved_as_best(folder, state, 3, 0.6)
    assert best(folder) == {"metric": "m", "value": 0.6, "step": 3}


def test_an_interrupted_save_leaves_nothing(folder, state, monkeypatch):
    def interrupted(_, prefix, __):
        pathlib.Path(f"{prefix}.data-00000-of-00001").write_bytes(b"half of i")
        raise KeyboardInterrupt

    state.step.assign(3)  # whose files must not be taken for those of step 30
    checkpoints = Checkpoints(folder, state, 3)
    monkeypatch.setattr(tf.train.Checkpoint, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save()
    assert not list((folder / "checkpoints").glob("ckpt-3.*"))
    assert restored(folder, state) == 30


def test_a_failed_save_leaves_the_others_and_no_trace(folder, state, monkeypatch):
    checkpoints = Checkpoints(folder, state, 3)
    before = {path.name: path.stat().st_size for path in (folder / "checkpoints").iterdir()}

    def full(_, prefix, __):
        pathlib.Path(f"{prefix}.data-00000-of-00001").write_bytes(b"half of i")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    state.step.assign(40)
    with monkeypatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "_write", full)
        with pytest.raises(OSError, match="No space left on device"):
            checkpoints.save()
    after = {path.name: path.stat().st_size for path in (folder / "checkpoints").iterdir()}
    assert {k: v for k, v in after.items() if k != "checkpoint"} == {
        k: v for k, v in before.items() if k != "checkpoint"
    }
    assert restored(folder, state) == 30
