"""Whole tiny runs: resuming bit for bit, refusing, stopping, what is left on disk."""

import gc
import json
import os
import pathlib
import shlex
import shutil
import signal
import time

import numpy as np
import pytest
import tensorflow as tf

from tests import compiled_graphs
from tests.chaos.tiny_runs import Run, wait
from tests.chaos.user_files import pictures
from tests.conftest import TINY, graph_optimizer
from tests.training.states import everything
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.training import phases, reports, trainer, workers


def saved(folder, step):
    """Values of all variables of a checkpoint, by name."""
    reader = tf.train.load_checkpoint(str(folder / "checkpoints" / f"ckpt-{step}"))
    names = reader.get_variable_to_shape_map()
    assert len(names) > 100
    left_out = ("_", "save_counter")  # TensorFlow's own
    return {name: reader.get_tensor(name) for name in names if not name.startswith(left_out)}


def signals_after(step, *numbers):
    """A progress update that sends signals as soon as a trainer has done `step` steps."""

    def update(_, reached, *__):
        if reached >= step:
            for number in numbers:
                os.kill(os.getpid(), number)

    return update


WHOLE = {
    **TINY, "warmup_steps": 1, "joint_steps": 3, "ema_ramp": True, "log_every": 2,
    "evaluate_every": 2, "sample_every": 4, "checkpoint_every": 1, "keep_checkpoints": 3,
    "steps_per_loop": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def freed_graphs():
    """Frees the graphs of a test's runs before the next: they are in reference cycles."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of four steps in one go: its folder, its settings, and the sums in its graphs.

    The sums are, per graph, the names of those of three terms and more, and the names of those
    that depend on timing.
    """
    folder = tmp_path_factory.mktemp("runs") / "whole"
    values = {**WHOLE, "run_dir": str(folder)}
    with graph_optimizer(disabled=False), compiled_graphs.collected() as graphs:
        trainer.train(Config(**values).resolved())
    sums = [
        (compiled_graphs.sums_of_three(graph), compiled_graphs.sums_that_depend_on_timing(graph))
        for graph in graphs
    ]
    graphs.clear()
    gc.collect()
    return folder, values, sums


@pytest.mark.usefixtures("optimized_graphs")
def test_a_run_resumed_at_step_two_ends_in_the_same_bits(whole, tmp_path):
    """It may also be given other runtime settings and more steps: the fourth is the same."""
    original, values, _ = whole
    folder = tmp_path / "resumed"
    shutil.copytree(original, folder)
    for step in (3, 4):
        for path in (folder / "checkpoints").glob(f"ckpt-{step}.*"):
            path.unlink()
    changes = {"run_dir": str(folder), "joint_steps": 4, "log_every": 1}
    run = trainer.open_run(Config(**{**values, **changes}).resolved())
    assert run.step == 2
    assert run.run()
    assert run.step == 5
    expected, found = saved(original, 4), saved(folder, 4)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    logged = [json.loads(line)["step"] for line in lines]
    assert logged == sorted(logged)


@pytest.mark.usefixtures("shared_graphs")
def test_a_stopped_run_is_saved_and_restored_as_it_was(tiny, tmp_path, monkeypatch):
    config = tiny(run_dir=str(tmp_path / "run"), warmup_steps=6, joint_steps=0)
    first = trainer.open_run(config)
    monkeypatch.setattr(
        trainer.Progress, "update", signals_after(2, signal.SIGTERM, signal.SIGTERM)
    )
    assert not first.run()
    assert 2 <= first.step < 4
    saved_as = everything(first.state)
    second = trainer.open_run(config)  # the same variables, as they start, then restored
    assert second.step == first.step
    found = everything(second.state)
    for name, value in saved_as.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.usefixtures("shared_graphs")
def test_a_second_ctrl_c_says_what_is_left(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    settings = {"warmup_steps": 6, "joint_steps": 0, "checkpoint_every": 2}
    monkeypatch.setattr(workers, "SAME_REQUEST", 0.0)
    stop = signals_after(4, signal.SIGINT, signal.SIGINT)
    monkeypatch.setattr(trainer.Progress, "update", stop)
    with pytest.raises(KeyboardInterrupt, match=r"run is of step 2; the same command resumes"):
        trainer.train(tiny(run_dir=str(folder), **settings))
    assert not (folder / "lock").exists()
    with pytest.raises(KeyboardInterrupt, match="No checkpoint was saved in"):
        trainer.train(tiny(run_dir=str(tmp_path / "other"), **{**settings, "checkpoint_every": 9}))


def test_no_sum_of_a_step_depends_on_timing(whole):
    assert sum(len(sums) for sums, _ in whole[2]) > 100
    for _, depending_on_timing in whole[2]:
        assert depending_on_timing == []


def test_run_folder_has_what_the_readme_lists(whole):
    folder = whole[0]
    names = {path.name for path in folder.glob("[!.]*")}
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


def test_only_the_newest_checkpoints_and_the_best_are_kept(whole):
    folder = whole[0]
    kept = sorted(path.name for path in (folder / "checkpoints").glob("*.index"))
    assert kept == ["ckpt-2.index", "ckpt-3.index", "ckpt-4.index"]
    best = json.loads((folder / "best.json").read_text())
    assert [p.name for p in (folder / "best").glob("*.index")] == [f"ckpt-{best['step']}.index"]
    # The least Fréchet distance of all validations of translations.
    assert best["metric"] == "frechet_random_conv64"
    steps, values = run_folder.history(folder)["validation/frechet_random_conv64"]
    assert steps == [2, 4]
    assert (best["step"], best["value"]) == (steps[np.argmin(values)], min(values))


def test_tensorboard_has_unweighted_terms_and_grids(whole):
    folder = whole[0]
    tags = set()
    for file in (folder / "tensorboard").iterdir():
        for record in tf.compat.v1.io.tf_record_iterator(str(file)):
            tags |= {v.tag for v in tf.compat.v1.Event.FromString(record).summary.value}
    assert {"guiding/mutual_information", "discriminator/r1", "reference_grid"} <= tags


def test_a_finished_run_is_left_alone(whole):
    folder, values, _ = whole
    before = (folder / "metrics.jsonl").read_bytes()
    trainer.train(Config(**values).resolved())
    after = (folder / "metrics.jsonl").read_bytes()
    assert after.startswith(before)
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 4


def test_a_full_disk_at_the_start_gets_one_sentence(tmp_path):
    done = Run(tmp_path / "new", {}).finish(file_limit=1500)
    assert done.returncode == 2, done
    assert "cannot be written (File too large); free space there" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_finished_run_on_a_full_disk_gets_one_sentence_and_keeps_its_files(whole, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(whole[0], folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = Run(folder, WHOLE).finish(file_limit=1500)
    assert done.returncode == 2, done
    assert f"The run folder {folder} cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.usefixtures("shared_graphs")
def test_a_first_start_that_failed_may_be_corrected(tiny, tmp_path):
    settings = {"run_dir": str(tmp_path / "run"), "warmup_steps": 2, "joint_steps": 0}
    failing = trainer.open_run(tiny(**settings, temperature=0.001))
    kernel = failing.state.guiding.style_head.kernel
    kernel.assign(tf.fill(kernel.shape, float("nan")))
    with pytest.raises(UserError, match="A loss is not finite"):
        failing.run()
    assert run_folder.saved_config(tmp_path / "run").temperature == 0.001
    trainer.train(tiny(**settings))
    assert run_folder.saved_config(tmp_path / "run").temperature == 0.07


def test_another_config_is_refused_with_the_fields_named(whole):
    values = whole[1]
    other = Config(**{**values, "num_domains": 4, "weight_r1": 1.0}).resolved()
    with pytest.raises(UserError, match=r"num_domains \(3 -> 4\), weight_r1 \(10.0 -> 1.0\)"):
        trainer.open_run(other)


def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--run_dir=.*file is a file, and no folder; name another"):
        trainer.open_run(tiny(run_dir=str(tmp_path / "file" / "run")))


def test_too_few_images_leave_no_run_folder(tiny, tmp_path):
    config = tiny(run_dir=str(tmp_path / "run"), synthetic_images=6, batch_size=8)
    with pytest.raises(UserError, match="batch of 8"):
        trainer.open_run(config)
    assert not (tmp_path / "run").exists()


def test_the_command_for_the_curves_can_be_copied():
    printed = trainer.summary({"nmi": 0.5}, pathlib.Path("my runs/cats"), 4, 60)
    (line,) = [line for line in printed.splitlines() if line.startswith("Curves")]
    assert shlex.split(line)[1:] == ["tensorboard", "--logdir", "my runs/cats/tensorboard"]


def test_an_unknown_metric_is_refused_with_the_choices(tiny, tmp_path):
    with pytest.raises(UserError, match=r"best_metric must be one of .*content_iou"):
        trainer.open_run(tiny(run_dir=str(tmp_path), best_metric="beauty"))
    pictures(tmp_path / "pictures", *(f"{i}.png" for i in range(12)))
    places = {"run_dir": str(tmp_path / "run"), "data": str(tmp_path / "pictures")}
    config = tiny(**places, cache_dir=str(tmp_path / "cache"), best_metric="nmi")
    with pytest.raises(UserError, match="received 'nmi'; nmi needs classes, which the held-out"):
        trainer.open_run(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("shared_graphs")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_loss_that_is_not_finite_stops_with_all_terms(tiny, tmp_path, precision):
    config = tiny(run_dir=str(tmp_path / "run"), mixed_precision=precision, warmup_steps=4)
    run = trainer.open_run(config)
    run.state.guiding.style_head.kernel.assign_add(
        tf.fill(run.state.guiding.style_head.kernel.shape, float("nan"))
    )
    with pytest.raises(UserError, match=r"not finite in the warm-up phase") as error:
        run.run()
    assert "guiding/contrastive: nan" in str(error.value)
    assert "guiding/mutual_information: " in str(error.value)
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))


@pytest.mark.usefixtures("shared_graphs")
def test_the_inner_loop_ends_at_the_first_bad_step(tiny, fresh_state):
    config = tiny()
    phase = phases.schedule(config)[0]
    state = fresh_state(config)
    state.guiding.style_head.bias.assign(np.full(8, np.nan))
    batches = trainer.pipeline.batches(
        trainer.sources.load(config).train, config, 0, 10, config.batch_size
    )
    loop = phases.compile_loop(phase, state, tf.distribute.get_strategy(), config)
    terms = loop(iter(batches), tf.constant(10))
    assert np.isnan(terms["guiding/contrastive"])
    assert state.step == 1


@pytest.mark.usefixtures("shared_graphs")
def test_a_run_that_goes_nowhere_is_warned_of_once_or_halts(tiny, tmp_path, monkeypatch, caplog):
    """Fifty domains for four held-out images: most are empty."""
    monkeypatch.setattr(reports, "MIN_PER_DOMAIN", 0)
    settings = {"num_domains": 50, "warmup_steps": 6, "joint_steps": 0, "evaluate_every": 1}
    warned = trainer.open_run(tiny(**settings, run_dir=str(tmp_path / "warned"), steps_per_loop=1))
    assert warned.run()
    warnings = [r.getMessage() for r in caplog.records if "domains are empty" in r.getMessage()]
    assert len(warnings) == 1
    assert warnings[0].startswith("Step 2: ")  # two validations in a row
    halted = trainer.open_run(
        tiny(**settings, run_dir=str(tmp_path / "halted"), halt_on_collapse=True)
    )
    with pytest.raises(UserError, match=r"Stopped at step 2 by --halt_on_collapse.*are empty"):
        halted.run()
    assert (tmp_path / "halted" / "checkpoints" / "ckpt-2.index").exists()


def test_xla_gives_the_same_numbers(tiny, fresh_state):
    """Compiled by XLA, a step has the terms that it has eagerly (the joint one takes minutes)."""
    config = tiny(xla=True)
    batches = trainer.pipeline.batches(
        trainer.sources.load(config).train, config, 0, 1, config.batch_size
    )
    phase = phases.schedule(config)[0]
    expected = phase.step(fresh_state(config), next(iter(batches)), config)
    loop = phases.compile_loop(phase, fresh_state(config), tf.distribute.get_strategy(), config)
    compiled = loop(iter(batches), tf.constant(1))
    for name, value in expected.items():
        np.testing.assert_allclose(compiled[name], value, rtol=2e-3, atol=1e-5, err_msg=name)


def test_a_batch_must_be_shared_equally(tiny, two_replicas):
    with pytest.raises(UserError, match="--batch_size=5 cannot be shared equally by 2"):
        phases.check_strategy(two_replicas, tiny(batch_size=5))
    with pytest.raises(UserError, match="--xla compiles for one device"):
        phases.check_strategy(two_replicas, tiny(xla=True))


def test_a_signal_saves_and_exits_cleanly(tmp_path):
    """A real process of the command line, stopped while it trains by a repeated signal."""
    run = Run(tmp_path / "run", {"warmup_steps": 4000, "joint_steps": 0, "checkpoint_every": 5000})
    process = run.start()
    assert wait(process, lambda: len(run.logged) > 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
        time.sleep(0.05)
    done = process.communicate(60)
    assert done.returncode == 0, done
    assert "the same command resumes the run" in done.stdout
    step = int(done.stdout.split("Stopped at step ")[1].split()[0])
    assert 0 < step < 4000
    assert (run.folder / "checkpoints" / f"ckpt-{step}.index").exists()
