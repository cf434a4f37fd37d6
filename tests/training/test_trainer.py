"""Whole tiny runs: resuming bit for bit, refusing, stopping, what is left on disk."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests import compiled_graphs
from tests.conftest import TINY
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.training import health, phases, trainer

ROOT = pathlib.Path(__file__).parents[2]


PARTS = (
    "guiding", "generator", "discriminator", "guiding_ema", "generator_ema",
    "guiding_optimizer", "generator_optimizer", "discriminator_optimizer",
)  # fmt: skip


def everything(state):
    """Values of all variables of a state, by part and place."""
    values = {
        f"{part}/{i}": variable.numpy()
        for part in PARTS
        for i, variable in enumerate(getattr(state, part).variables)
    }
    values |= {"keys": state.queue.keys.numpy(), "position": state.queue.position.numpy()}
    return values | {"step": state.step.numpy()}


def stopping_after(step):
    """A stop request that arrives as soon as a trainer has done `step` steps."""

    def arrive(_, reached, *__):
        if reached >= step:
            os.kill(os.getpid(), signal.SIGTERM)

    return arrive


FOUR_STEPS = {"warmup_steps": 1, "joint_steps": 3, "steps_per_loop": 2, "ema_ramp": True}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of four steps in one go: the values of its state, and the graphs of its steps."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with compiled_graphs.collected() as graphs:
        run = trainer.Trainer(Config(**{**TINY, **FOUR_STEPS}, run_dir=str(folder)).resolved())
        assert run.run()
    return everything(run.state), graphs


def test_four_steps_equal_two_a_restart_and_two(whole, tiny, tmp_path, monkeypatch):
    expected, _ = whole
    config = tiny(run_dir=str(tmp_path / "parts"), **FOUR_STEPS)
    first = trainer.Trainer(config)
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Progress, "update", stopping_after(2))
        assert not first.run()
    assert 2 <= first.step < 4
    second = trainer.Trainer(config)
    assert second.step == first.step
    for name, value in everything(first.state).items():
        np.testing.assert_array_equal(everything(second.state)[name], value, err_msg=name)
    assert second.run()
    for name, value in everything(second.state).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)

    lines = (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()
    logged = [json.loads(line)["step"] for line in lines]
    assert logged == sorted(logged)


def test_no_sum_of_a_step_depends_on_timing(whole):
    _, graphs = whole
    assert sum(len(compiled_graphs.sums_of_three(graph)) for graph in graphs) > 100
    for graph in graphs:
        assert compiled_graphs.sums_that_depend_on_timing(graph) == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished tiny run and its folder."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    values = {**TINY, "run_dir": str(folder), "log_every": 2, "evaluate_every": 2}
    values |= {"sample_every": 4, "checkpoint_every": 1, "keep_checkpoints": 2, "steps_per_loop": 1}
    trainer.train(Config(**values).resolved())
    return folder, values


@pytest.mark.usefixtures("plain_graphs")
def test_run_folder_has_what_the_readme_lists(finished):
    folder, _ = finished
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "best", "best.json", "checkpoints", "config.json", "domain_styles.npz", "metrics.json",
        "metrics.jsonl", "samples", "split.json", "tensorboard",
    }  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["steps"] == 4
    for name in ("clustering_accuracy_same_set", "translation_accuracy", "content_iou"):
        assert 0 <= metrics[name] <= 1
    pictures = sorted(path.name for path in (folder / "samples").iterdir())
    assert pictures == ["domain_grid_0000004.png", "reference_grid_0000004.png"]


def test_only_the_newest_checkpoints_and_the_best_are_kept(finished):
    folder, _ = finished
    kept = sorted(path.name for path in (folder / "checkpoints").glob("*.index"))
    assert kept == ["ckpt-3.index", "ckpt-4.index"]
    best = json.loads((folder / "best.json").read_text())
    assert best["metric"] == "domain_agreement"
    assert [p.name for p in (folder / "best").glob("*.index")] == [f"ckpt-{best['step']}.index"]


def test_tensorboard_has_unweighted_terms_and_grids(finished):
    folder, _ = finished
    tags = set()
    for file in (folder / "tensorboard").iterdir():
        for record in tf.compat.v1.io.tf_record_iterator(str(file)):
            tags |= {v.tag for v in tf.compat.v1.Event.FromString(record).summary.value}
    assert {"guiding/mutual_information", "discriminator/r1", "reference_grid"} <= tags


def test_a_finished_run_is_left_alone(finished):
    folder, values = finished
    before = (folder / "metrics.jsonl").read_bytes()
    trainer.train(Config(**values).resolved())
    after = (folder / "metrics.jsonl").read_bytes()
    assert after.startswith(before)
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 4


def test_another_config_is_refused_with_the_fields_named(finished):
    _, values = finished
    other = Config(**{**values, "num_domains": 4, "weight_r1": 1.0}).resolved()
    with pytest.raises(UserError, match=r"num_domains \(3 -> 4\), weight_r1 \(10.0 -> 1.0\)"):
        trainer.Trainer(other)


@pytest.mark.usefixtures("plain_graphs")
def test_runtime_settings_may_change(finished):
    _, values = finished
    longer = Config(**{**values, "joint_steps": 3, "log_every": 1}).resolved()
    run = trainer.Trainer(longer)
    assert run.step == 4
    assert run.run()
    assert run.step == 5


def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/run cannot be written.*--run_dir"):
        trainer.Trainer(tiny(run_dir=str(tmp_path / "file" / "run")))


def test_too_few_images_leave_no_run_folder(tiny, tmp_path):
    config = tiny(run_dir=str(tmp_path / "run"), synthetic_images=6, batch_size=8)
    with pytest.raises(UserError, match="batch of 8"):
        trainer.Trainer(config)
    assert not (tmp_path / "run").exists()


def test_an_unknown_metric_is_refused_with_the_choices(tiny, tmp_path):
    with pytest.raises(UserError, match=r"best_metric must be one of .*content_iou"):
        trainer.Trainer(tiny(run_dir=str(tmp_path), best_metric="beauty"))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_loss_that_is_not_finite_stops_with_all_terms(tiny, tmp_path, precision):
    config = tiny(run_dir=str(tmp_path / "run"), mixed_precision=precision, warmup_steps=4)
    run = trainer.Trainer(config)
    run.state.guiding.style_head.kernel.assign_add(
        tf.fill(run.state.guiding.style_head.kernel.shape, float("nan"))
    )
    with pytest.raises(UserError, match=r"not finite in the warm-up phase") as error:
        run.run()
    assert "guiding/contrastive: nan" in str(error.value)
    assert "guiding/mutual_information: " in str(error.value)
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))


def test_the_inner_loop_ends_at_the_first_bad_step(tiny):
    config = tiny()
    phase = phases.of(config)[0]
    state = trainer.TrainState(config)
    state.guiding.style_head.bias.assign(np.full(8, np.nan))
    batches = trainer.pipeline.batches(
        trainer.sources.load(config).train, config, 0, 10, config.batch_size
    )
    loop = phases.compile_loop(phase, state, tf.distribute.get_strategy(), config)
    terms = loop(iter(batches), tf.constant(10))
    assert np.isnan(terms["guiding/contrastive"])
    assert state.step == 1


@pytest.mark.usefixtures("plain_graphs")
def test_a_run_that_goes_nowhere_is_told_once_or_halts(tiny, tmp_path, monkeypatch, caplog):
    """Fifty domains for four held-out images: most are empty."""
    monkeypatch.setattr(health, "MIN_PER_DOMAIN", 0)
    settings = {"num_domains": 50, "warmup_steps": 6, "joint_steps": 0, "evaluate_every": 1}
    told = trainer.Trainer(tiny(**settings, run_dir=str(tmp_path / "told"), steps_per_loop=1))
    assert told.run()
    warnings = [r.getMessage() for r in caplog.records if "domains are empty" in r.getMessage()]
    assert len(warnings) == 1
    assert warnings[0].startswith("Step 2: ")  # two validations in a row
    halted = trainer.Trainer(
        tiny(**settings, run_dir=str(tmp_path / "halted"), halt_on_collapse=True)
    )
    with pytest.raises(UserError, match=r"Stopped at step 2 by --halt_on_collapse.*are empty"):
        halted.run()
    assert (tmp_path / "halted" / "checkpoints" / "ckpt-2.index").exists()


def test_xla_gives_the_same_numbers(tiny):
    """Compiled by XLA, a step has the terms that it has eagerly (the joint one takes minutes)."""
    config = tiny(xla=True)
    batches = trainer.pipeline.batches(
        trainer.sources.load(config).train, config, 0, 1, config.batch_size
    )
    phase = phases.of(config)[0]
    expected = phase.step(trainer.TrainState(config), next(iter(batches)), config)
    loop = phases.compile_loop(
        phase, trainer.TrainState(config), tf.distribute.get_strategy(), config
    )
    compiled = loop(iter(batches), tf.constant(1))
    for name, value in expected.items():
        np.testing.assert_allclose(compiled[name], value, rtol=2e-3, atol=1e-5, err_msg=name)


def test_a_batch_must_be_shared_equally(tiny, two_replicas):
    with pytest.raises(UserError, match="--batch_size=5 cannot be shared equally by 2"):
        phases.check_strategy(two_replicas, tiny(batch_size=5))
    with pytest.raises(UserError, match="--xla compiles for one device"):
        phases.check_strategy(two_replicas, tiny(xla=True))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_exits_cleanly(tmp_path, number):
    """A real process of the command line, stopped while it trains, and resumed to the end."""
    from tests.conftest import TINY

    folder = tmp_path / "run"
    values = {**TINY, "run_dir": str(folder), "warmup_steps": 4000, "joint_steps": 0}
    flags = [f"--{name}={value}" for name, value in values.items() if name != "progress"]
    command = [sys.executable, "-m", "tunit_tf.train", "--log_every=10", "--noprogress", *flags]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = folder / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "the same command resumes the run" in out
    step = int(out.split("Stopped at step ")[1].split()[0])
    assert 0 < step < 4000
    assert (folder / "checkpoints" / f"ckpt-{step}.index").exists()
