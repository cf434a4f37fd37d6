"""Several processes train one run: the same update as one process with as many replicas."""

import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from tests.chaos.tiny_runs import Run, local_workers
from tests.conftest import TINY
from tunit_tf.errors import UserError
from tunit_tf.training import trainer, workers

TWO = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}

SETTINGS = {"warmup_steps": 2, "joint_steps": 0, "mixed_precision": "float64"}


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.setenv(workers.VARIABLE, "")


def test_alone_without_a_description():
    assert workers.join() == workers.Worker(0, 1)
    assert workers.join().is_chief


def test_the_cluster_is_as_tensorflow_knows_it(monkeypatch):
    monkeypatch.setenv(workers.VARIABLE, json.dumps(TWO))
    assert workers.join() == workers.Worker(1, 2)


@pytest.mark.parametrize(
    "described",
    [
        "{",
        '{"cluster": {}}',
        json.dumps({**TWO, "cluster": {"worker": 2}}),
        json.dumps({**TWO, "cluster": {"worker": [1, 2]}}),
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1e999}}',
        "[" * 10**5,
        json.dumps({**TWO, "task": {"type": "worker", "index": 2}}),
        json.dumps({"cluster": {**TWO["cluster"], "ps": ["c:3"]}, "task": TWO["task"]}),
    ],
)
def test_a_wrong_tf_config_is_named(monkeypatch, described):
    monkeypatch.setenv(workers.VARIABLE, described)
    with pytest.raises(UserError, match="TF_CONFIG"):
        workers.join()


@pytest.fixture(scope="module")
def one(tiny, two_replicas, tmp_path_factory):
    """A run on two replicas of this process, from the first step to the last checkpoint."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    run = trainer.open_run(tiny(**SETTINGS, run_dir=str(folder)), two_replicas)
    assert run.run()
    return run


def test_a_run_trains_on_two_replicas(one, two_replicas):
    """The whole trainer under a strategy; the same strategy restores it."""
    assert trainer.open_run(one.config, two_replicas).step == 2


def test_two_processes_equal_two_replicas(one, tmp_path):
    """Two steps of the guiding network; only the first process writes.

    The joint step is compared on two replicas of one process (test_distribution); traced in two
    processes more it would take minutes.
    """
    values = {**TINY, **SETTINGS, "progress": "false"}
    two = tmp_path / "two"
    both = [Run(two, values, variables).start() for variables in reversed(local_workers(2))]
    outputs = [process.communicate(240) for process in both]
    for output in outputs:
        assert output.returncode == 0, output
    assert "Trained 2 steps" in outputs[1].stdout
    assert outputs[0].stdout == ""

    folders = [folder / "checkpoints" / "ckpt-2" for folder in (one.folder.path, two)]
    ours, theirs = (tf.train.load_checkpoint(str(folder)) for folder in folders)
    shapes = ours.get_variable_to_shape_map()
    assert shapes == theirs.get_variable_to_shape_map()
    biases = {
        f"{part}/{i}/"
        for part in ("guiding", "guiding_ema", "generator", "generator_ema", "discriminator")
        for i, variable in enumerate(getattr(one.state, part).variables)
        if "bias" in variable.path
    }
    compared = 0
    for name in shapes:
        if name.startswith(("_", "save_counter", *biases)):
            continue
        if "optimizer" in name:
            continue  # moments of the same biases; the weights that come of them are compared
        value = ours.get_tensor(name)
        np.testing.assert_allclose(
            theirs.get_tensor(name), value, rtol=1e-5, atol=1e-8, err_msg=name
        )
        compared += 1
    assert compared > 80


def test_repeated_sigterms_are_one_request():
    before = signal.getsignal(signal.SIGTERM)
    with workers.StopRequest() as stop:
        assert not stop.requested
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_signals_within_a_second_are_one_request(first):
    with workers.StopRequest() as stop:
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested


def test_a_later_ctrl_c_interrupts(monkeypatch):
    monkeypatch.setattr(workers, "SAME_REQUEST", 0.0)
    with workers.StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested
