"""The run folder: damaged files, settings that may change, what stays as it was, its lock."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

from tests.io.test_picture_files import unprivileged
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, saved_states
from tunit_tf.inference.run_folder import RunFolder
from tunit_tf.io import picture_files, pixels
from tunit_tf.io.output_folder import MARKER


@pytest.fixture(name="config")
def saved_config(tiny, tmp_path):
    """The config of a folder that holds a run with a checkpoint."""
    config = tiny(run_dir=str(tmp_path))
    RunFolder(tmp_path).write_json("config.json", json.loads(config.to_json()))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "ckpt-2.index").touch()
    return config


def test_nothing_is_touched_before_something_is_written(tmp_path):
    RunFolder(tmp_path / "run")
    RunFolder(tmp_path / "run").forget_after(0)
    RunFolder(tmp_path / "run", writes=False).write_json("a.json", 1)
    assert not (tmp_path / "run").exists()


def test_samples_of_a_run_are_no_data(tmp_path, caplog):
    square = np.zeros((8, 8, 3), np.uint8)
    pixels.save_png(tmp_path / "photos" / "a.png", square)
    RunFolder(tmp_path / "photos" / "run").picture(3, "translations", square)
    assert picture_files.below(tmp_path / "photos") == [tmp_path / "photos" / "a.png"]
    assert "Skipped 1 pictures that this program has written itself" in caplog.text


def test_what_is_written_already_is_left_alone(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_json("a.json", [1])
    before = (tmp_path / "a.json").stat()
    folder.write_json("a.json", [1])
    assert (tmp_path / "a.json").stat().st_ino == before.st_ino
    folder.write_json("a.json", [2])
    assert json.loads((tmp_path / "a.json").read_text()) == [2]


@pytest.mark.usefixtures("config")
def test_settings_may_change_while_nothing_was_saved(tiny, tmp_path, caplog):
    other = tiny(run_dir=str(tmp_path), temperature=0.5)
    with pytest.raises(UserError, match=r"temperature \(0.07 -> 0.5\)"):
        run_folder.config_to_record(other)
    (tmp_path / "checkpoints" / "ckpt-2.index").unlink()
    assert run_folder.config_to_record(other) == other
    assert "holds no checkpoint yet" in caplog.text


@pytest.mark.usefixtures("config")
def test_broken_checkpoints_are_those_of_a_run_too(tiny, tmp_path):
    index = tmp_path / "checkpoints" / "ckpt-2.index"
    index.rename(index.with_name("broken-ckpt-2.index"))
    with pytest.raises(UserError, match="another config"):
        run_folder.config_to_record(tiny(run_dir=str(tmp_path), temperature=0.5))


def test_lost_settings_are_taken_from_the_mark(config, tiny, tmp_path, caplog):
    (tmp_path / "config.json").unlink()
    assert run_folder.saved_config(tmp_path) == config
    assert "config.json is lost; its settings are taken from" in caplog.text
    with pytest.raises(UserError, match=r"base_channels \(4 -> 8\)"):
        run_folder.config_to_record(tiny(run_dir=str(tmp_path), base_channels=8))
    with pytest.raises(UserError, match=r"seed \(0 -> 1\)"):
        run_folder.config_to_record(tiny(run_dir=str(tmp_path), seed=1))
    assert run_folder.config_to_record(config) == config


def test_checkpoints_without_any_settings_are_left_alone(config, tmp_path):
    (tmp_path / "config.json").unlink()
    (tmp_path / MARKER).write_text('{"written_by": "tunit_tf.train"}\n')
    with pytest.raises(UserError, match=r"has checkpoints, but config\.json is lost; restore"):
        run_folder.config_to_record(config)


def test_lost_checkpoints_do_not_start_the_run_again(config, tmp_path):
    run_folder.output_of(tmp_path).note("checkpoints/ckpt-2.index", "0" * 64)
    (tmp_path / "checkpoints" / "ckpt-2.index").unlink()
    with pytest.raises(UserError, match=r"has lost its checkpoints, the last .*ckpt-2\.index"):
        run_folder.config_to_record(config)


@pytest.mark.usefixtures("config")
def test_readers_say_that_checkpoints_are_lost(tmp_path):
    output = run_folder.output_of(tmp_path)
    output.write("checkpoints/ckpt-2.index", b"")
    (tmp_path / "checkpoints" / "ckpt-2.index").unlink()
    with pytest.raises(UserError, match=r"lost its checkpoints, the last of which was .*ckpt-2"):
        run_folder.load_networks(tmp_path)
    with pytest.raises(UserError, match="has no best checkpoint yet"):
        run_folder.load_networks(tmp_path, "best")


def test_a_closed_folder_of_checkpoints_is_not_an_empty_one():
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        assert not run_folder.is_trained(folder)
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "broken-ckpt-2.index").touch()
        assert run_folder.is_trained(folder)
        (folder / "checkpoints").chmod(0)
        for asked in (run_folder.is_trained, saved_states.found_in):
            path = folder / "checkpoints" if asked is saved_states.found_in else folder
            with unprivileged(), pytest.raises(UserError, match=r"Permission denied.*permissions"):
                asked(path)
        (folder / "checkpoints").chmod(0o700)
        (folder / "notes.txt").touch()
        assert not run_folder.is_trained(folder / "notes.txt")


@pytest.mark.usefixtures("config")
def test_what_is_no_file_is_no_checkpoint(tmp_path):
    (tmp_path / "checkpoints" / "ckpt-9.index").mkdir()
    os.mkfifo(tmp_path / "checkpoints" / "ckpt-2.data-00000-of-00001")
    with pytest.raises(UserError, match=r"ckpt-2\.data-00000-of-00001 is not a file"):
        run_folder.load_networks(tmp_path)  # without waiting for what comes through the pipe


@pytest.mark.usefixtures("config")
def test_fewer_steps_than_were_trained_are_refused(tiny, tmp_path):
    (tmp_path / "checkpoints" / "ckpt-9.index").touch()
    with pytest.raises(UserError, match=r"9 steps already, more than the 8 .*--joint_steps=7 or"):
        run_folder.config_to_record(tiny(run_dir=str(tmp_path), joint_steps=6))
    for joint_steps in (7, 8):
        config = tiny(run_dir=str(tmp_path), joint_steps=joint_steps)
        assert run_folder.config_to_record(config) == config


def test_a_config_of_another_program_makes_no_run_folder(tmp_path):
    for content in ("{}", '{"model_type": "bert"}', "[]", '{"data": "here"}'):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(UserError, match=r"did not write, the first is config\.json"):
            run_folder.output_of(tmp_path).check()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[]", "must hold a JSON object of settings; received '\\[\\]'"),
        (b"null", "must hold a JSON object of settings; received 'None'"),
        (b"\x80\x81\xff\x00", "is not valid JSON"),
        (b"", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b'{"num_domains": "three"}', "has a wrong setting: num_domains must be of type int"),
    ],
)
def test_a_damaged_config_is_named(config, tmp_path, content, words):
    (tmp_path / "config.json").write_bytes(content)
    for read in (
        lambda: run_folder.config_to_record(config),
        lambda: run_folder.saved_config(tmp_path),
    ):
        with pytest.raises(UserError, match=f"config.json {words}"):
            read()


def test_the_origin_of_imported_weights_is_read_or_its_damage_named(tmp_path):
    assert run_folder.origin(tmp_path) is None
    path = tmp_path / "origin.json"
    path.write_text('{"weights": "model_1.ckpt", "sha256": "ab"}')
    assert run_folder.origin(tmp_path) == ("model_1.ckpt", "ab")
    for content in (b"", b"[]", b"{}", b"\xff\xfe", b'{"weights": 1, "color": 2}'):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"origin\.json is damaged .*restore it"):
            run_folder.origin(tmp_path)


HUGE = b'{"step": 3, "a": 1' + b"0" * 400 + b"}"  # no float has this value


def test_a_log_that_cannot_be_read_is_named(tmp_path):
    assert run_folder.history(tmp_path) == {}
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match=r"metrics.jsonl cannot be read \(Is a directory\)"):
        run_folder.history(tmp_path)


def test_damaged_lines_of_the_log_are_dropped_and_counted(tmp_path, caplog):
    lines = [
        b'{"step": 1, "a": 1.0}',
        b"[]",
        b'{"nostep": 1}',
        b'{"step": 1' + b"0" * 400 + b', "a": 1}',
        b"\xff\xfe\x00",
        b'{"step": 2, "a": 2.0}',
    ]
    log = tmp_path / "metrics.jsonl"
    log.write_bytes(b"\n".join([*lines, b'{"step": 3, "a": 3.0}', HUGE, b'{"step": 4, "a']))
    assert run_folder.history(tmp_path) == {"a": ([1, 2, 3], [1.0, 2.0, 3.0])}
    RunFolder(tmp_path).forget_after(2)
    assert log.read_bytes() == lines[0] + b"\n" + lines[-1] + b"\n"
    assert "metrics.jsonl has 4 damaged lines" in caplog.text
    before = log.stat().st_ino
    RunFolder(tmp_path).forget_after(2)
    assert log.stat().st_ino == before


HOLD = """
import pathlib, sys, time
from tunit_tf.inference import run_folder
with run_folder.held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_trainer_is_refused_with_the_owner_named(holder, tmp_path):
    message = rf"is being trained by process {holder.pid} on \S+ since \d{{4}}-.*another --run_dir"
    with pytest.raises(UserError, match=message), run_folder.held(tmp_path / "run"):
        pass
    assert json.loads((tmp_path / "run" / "lock").read_text())["pid"] == holder.pid


def test_the_lock_of_a_killed_trainer_does_not_count(holder, tmp_path, caplog):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / "lock").exists()
    with run_folder.held(tmp_path / "run"):
        owner = json.loads((tmp_path / "run" / "lock").read_text())
        assert owner["pid"] == os.getpid()
        assert owner["since"] <= time.strftime("%Y-%m-%d %H:%M:%S")
    assert f"process {holder.pid}" in caplog.text


def test_nothing_is_left_of_a_run_that_came_to_nothing(tmp_path):
    with run_folder.held(tmp_path / "a" / "run"):
        pass
    assert not (tmp_path / "a" / "run").exists()
    (tmp_path / "run").mkdir()
    with run_folder.held(tmp_path / "run"):
        (tmp_path / "run" / "cache").mkdir()
    with run_folder.held(tmp_path / "run"):
        (tmp_path / "run" / "cache").rmdir()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", ["my notes", "{}", '{"pid": 1}'])
def test_a_file_that_is_no_lock_stays(tmp_path, content):
    with run_folder.held(tmp_path / "run"):
        (tmp_path / "run" / "cache").mkdir()
    lock = tmp_path / "run" / "lock"
    lock.write_text(content)
    refused = pytest.raises(UserError, match="is not the lock of a trainer")
    with refused, run_folder.held(tmp_path / "run"):
        pass
    (tmp_path / "mine").write_text(content)
    lock.unlink()
    lock.symlink_to(tmp_path / "mine")
    with refused, run_folder.held(tmp_path / "run"):
        pass
    assert (tmp_path / "mine").read_text() == content


def test_a_folder_may_be_held_again_and_again(tmp_path):
    for _ in range(3):
        with run_folder.held(tmp_path / "run"):
            pass
