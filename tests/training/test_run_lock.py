"""Two trainers never write one folder; the lock of a dead one does not count."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tunit_tf.errors import UserError
from tunit_tf.training import run_lock

HOLD = """
import pathlib, sys, time
from tunit_tf.training import run_lock
with run_lock.held(pathlib.Path(sys.argv[1])):
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
    with pytest.raises(UserError, match=message), run_lock.held(tmp_path / "run"):
        pass
    assert json.loads((tmp_path / "run" / "lock").read_text())["pid"] == holder.pid


def test_the_lock_of_a_killed_trainer_does_not_count(holder, tmp_path, caplog):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / "lock").exists()
    with run_lock.held(tmp_path / "run"):
        owner = json.loads((tmp_path / "run" / "lock").read_text())
        assert owner["pid"] == os.getpid()
        assert owner["since"] <= time.strftime("%Y-%m-%d %H:%M:%S")
    assert f"process {holder.pid}" in caplog.text


def test_nothing_is_left_of_a_run_that_came_to_nothing(tmp_path):
    with run_lock.held(tmp_path / "a" / "run"):
        pass
    assert not (tmp_path / "a" / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    with run_lock.held(tmp_path / "run"):
        pass
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_a_folder_may_be_held_again_and_again(tmp_path):
    for _ in range(3):
        with run_lock.held(tmp_path / "run"):
            pass
