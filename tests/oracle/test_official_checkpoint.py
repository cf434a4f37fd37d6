"""The authors' checkpoints become runs: same outputs, moments in place, nothing run, all named."""

import dataclasses
import hashlib
import json
import os
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests import commands
from tests.oracle import official_files
from tests.parity import recipe
from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.official import checkpoint as official_checkpoint
from tunit_tf.official import names as official_names
from tunit_tf.training import steps, trainer
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.state import TrainState

ROOT = pathlib.Path(__file__).parents[2]
MODULE = "tunit_tf.import_official"


def restored(folder):
    """The whole state of a run folder."""
    config = config_lib.from_json((folder / "config.json").read_text(), "")
    state = TrainState(config)
    Checkpoints(folder, state, 1).restore()
    return state


@pytest.mark.parametrize(
    ("size", "zipped"),
    [(64, True), (128, True), (64, False)],
    ids=["64-zip", "128-zip", "64-legacy"],
)
def test_the_authors_outputs_are_reproduced(size, zipped, tmp_path):
    dicts = official_files.drawn_networks(size)
    dicts = dicts if zipped else official_files.prefixed(dicts)
    path = official_files.save(tmp_path / "model_4568.ckpt", dicts, zipped)
    folder = tmp_path / "run"
    result = official_checkpoint.import_run(str(path), Config(run_dir=str(folder)), set())
    tensors = [name for part in dicts.values() for name in part]
    assert result.used + sum(result.dropped.values()) == len(tensors) + 1

    config = result.config
    assert (config.image_size, config.num_domains, config.style_dim) == (size, 10, 128)
    reference = np.load(pathlib.Path(recipe.__file__).parent / f"reference_{size}.npz")
    batch = json.loads(str(reference["meta"]))["batch"]
    x = recipe.draw("x", (batch, 3, size, size), "image").transpose(0, 2, 3, 1).astype(np.float32)
    style = (10 * recipe.draw("style", (batch, 128), "offset")).astype(np.float32)

    def close(ours, key):
        difference = np.linalg.norm(ours - reference[key]) / np.linalg.norm(reference[key])
        assert difference < 1e-5, key
        # Single pixels may be off by a little more: float32 rounding in 20 layers.
        assert np.abs(ours - reference[key]).max() < 5e-5 * np.abs(reference[key]).max(), key

    translator = Translator.load(folder)
    guided = translator.guiding(x, training=False)
    close(guided.style, "C/eval/style")
    close(guided.domain_logits, "C/eval/domain_logits")
    image = translator.generator(x, style).numpy().transpose(0, 3, 1, 2)
    close(image[:, :, ::8, ::8], "G/image")
    close(restored(folder).discriminator(x), "D/logits")


@pytest.fixture
def content(tiny):
    """State, networks and optimizers of a tiny run in the authors' form."""
    state = TrainState(tiny(seed=3))
    dicts = official_files.networks_of(state)
    return state, dicts, official_files.optimizers_of(dicts)


@pytest.mark.parametrize("old", [False, True], ids=["numbers", "ids"])
def test_every_tensor_and_moment_finds_its_place(content, tmp_path, old):
    _, dicts, optimizers = content
    if old:
        optimizers = {part: official_files.renumbered(state) for part, state in optimizers.items()}
    path = official_files.save(tmp_path / "tiny.ckpt", {**dicts, **optimizers}, zipped=not old)
    folder = tmp_path / "run"
    result = official_checkpoint.import_run(str(path), Config(run_dir=str(folder)), set())
    assert result.notes == []
    state = restored(folder)

    for part, (attribute, names_of) in official_checkpoint.NETWORKS.items():
        for name, variable in names_of(getattr(state, attribute)).items():
            values = [v.numpy() for v in official_names.parts_of(variable)]
            ours = official_names.to_official(name, values)
            np.testing.assert_array_equal(ours, dicts[part][name].numpy(), err_msg=name)
    for part, (attribute, network, slots) in official_checkpoint.OPTIMIZERS.items():
        optimizer, saved = getattr(state, attribute), optimizers[part]
        assert int(optimizer.iterations.numpy()) == 2
        names = official_checkpoint.NETWORKS[network][1](
            getattr(state, official_checkpoint.NETWORKS[network][0])
        )
        trained = [name for name in names if not name.endswith(("running_mean", "running_var"))]
        numbers = saved["param_groups"][0]["params"]
        for number, name in zip(numbers, trained, strict=True):
            for place, slot in enumerate(slots):
                if slot:
                    parts = official_names.parts_of(names[name])
                    values = [optimizer.slots(v)[place].numpy() for v in parts]
                    ours = official_names.to_official(name, values)
                    theirs = saved["state"][number][slot].numpy()
                    np.testing.assert_array_equal(ours, theirs, err_msg=f"{slot} of {name}")
    dropped = {"AdaIN's statistics": 4, "BatchNorm's counters": 16}
    assert dropped.items() <= result.dropped.items()


def test_the_run_records_origin_checksum_and_license(content, tmp_path):
    path = official_files.save(tmp_path / "model_9.ckpt", {**content[1], **content[2]}, True)
    folder = tmp_path / "run"
    result = official_checkpoint.import_run(str(path), Config(run_dir=str(folder)), set())
    saved = json.loads((folder / "config.json").read_text())
    origin = json.loads((folder / "origin.json").read_text())
    assert origin == {
        "weights": "model_9.ckpt of the paper's authors, epoch 12",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert saved["license"] == "CC BY-NC 4.0"
    assert saved["data"] == ""
    assert (saved["base_channels"], saved["guiding_width"]) == (4, 1 / 16)
    assert result.config.total_steps == 200_000
    assert TrainedRun.load(folder).step == 200_000


def test_a_run_goes_on_from_imported_weights(content, tmp_path):
    """Import, one training step, save, restore: same numbers, and provenance is kept."""
    path = official_files.save(tmp_path / "tiny.ckpt", {**content[1], **content[2]}, True)
    folder = tmp_path / "run"
    result = official_checkpoint.import_run(str(path), Config(run_dir=str(folder)), set())
    goes_on = dataclasses.replace(
        result.config, data="synthetic", joint_steps=result.config.joint_steps + 1,
        synthetic_images=4000, batch_size=32, license="",
        cache_dir=str(tmp_path / "cache"), progress=False,
    )  # fmt: skip
    training = trainer.open_run(goes_on)
    before = [v.numpy() for v in training.state.generator.trainable_variables]
    assert training.run()
    after = training.state.generator.trainable_variables
    assert any((b != a.numpy()).any() for b, a in zip(before, after, strict=True))
    again = restored(folder)
    for part in official_checkpoint.NETWORKS.values():
        pairs = zip(
            getattr(training.state, part[0]).variables,
            getattr(again, part[0]).variables,
            strict=True,
        )
        for ours, saved in pairs:
            np.testing.assert_array_equal(ours.numpy(), saved.numpy())
    assert int(again.step.numpy()) == 200_001
    saved = json.loads((folder / "config.json").read_text())
    assert saved["license"] == "CC BY-NC 4.0"
    assert TrainedRun.load(folder).origin.startswith("tiny.ckpt")
    assert saved["data"] == "synthetic"


def test_an_imported_step_is_the_step_the_run_would_have_made(tiny, tmp_path):
    """Two steps in a row equal one, an export to the authors' form, an import, and the second."""
    config = tiny(warmup_steps=0, joint_steps=2, run_dir=str(tmp_path / "whole"))
    whole = trainer.open_run(config)
    batches = list(trainer.pipeline.batches(whole.split.train, config, 0, 2, config.batch_size))
    steps.joint_step(whole.state, batches[0], config)
    dicts = official_files.networks_of(whole.state)
    optimizers = {part: moments_of(whole.state, part) for part in official_checkpoint.OPTIMIZERS}
    path = official_files.save(tmp_path / "half.ckpt", {**dicts, **optimizers}, True)
    official_checkpoint.import_run(
        str(path), dataclasses.replace(config, run_dir=str(tmp_path / "run")), set()
    )
    imported = restored(tmp_path / "run")
    imported.queue.keys.assign(whole.state.queue.keys)
    imported.queue.position.assign(whole.state.queue.position)
    imported.step.assign(1)
    before = [[v.numpy() for v in variables_of(state)] for state in (whole.state, imported)]
    for ours, theirs in zip(*before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    terms = [steps.joint_step(state, batches[1], config) for state in (whole.state, imported)]
    for name in terms[0]:
        np.testing.assert_allclose(terms[0][name], terms[1][name], rtol=1e-5, err_msg=name)
    pairs = zip(before[0], variables_of(whole.state), variables_of(imported), strict=True)
    for start, ours, theirs in pairs:
        # Where a gradient is zero but for rounding, as of biases before a norm, steps are noise.
        if "bias" not in ours.path:
            moved = np.linalg.norm(np.float64(ours) - start)
            assert np.linalg.norm(np.float64(ours) - theirs) <= 0.1 * moved, ours.path


def variables_of(state):
    """The networks that are stepped, an average, and what the optimizers go on with."""
    parts = ("guiding", "generator", "discriminator", "guiding_ema")
    networks = [v for part in parts for v in getattr(state, part).variables]
    optimizers = [v for part in parts[:3] for v in getattr(state, f"{part}_optimizer").variables]
    adam = state.guiding_optimizer.variables
    # RMSprop's momentum slots hold the last gradient, which nothing uses.
    return networks + [
        v for v in optimizers if any(v is a for a in adam) or "momentum" not in v.path
    ]


def moments_of(state, part):
    """The state of an optimizer of ours as PyTorch writes it."""
    attribute, network, slots = official_checkpoint.OPTIMIZERS[part]
    names = official_checkpoint.NETWORKS[network][1](
        getattr(state, official_checkpoint.NETWORKS[network][0])
    )
    optimizer, moments = getattr(state, attribute), {}
    trained = [name for name in names if official_names.is_parameter(name)]
    for number, name in enumerate(trained):
        moments[number] = {"step": int(optimizer.iterations.numpy())}
        for place, slot in enumerate(slots):
            if slot:
                parts = official_names.parts_of(names[name])
                values = [optimizer.slots(v)[place].numpy() for v in parts]
                array = np.ascontiguousarray(official_names.to_official(name, values))
                moments[number][slot] = torch.from_numpy(array)
    return {"state": moments, "param_groups": [{"params": list(range(len(trained)))}]}


class Hostile:
    """Runs a command when unpickled carelessly."""

    def __init__(self, command):
        self._command = command

    def __reduce__(self):
        return os.system, (self._command,)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_checkpoint_that_tries_to_run_code_is_refused(tmp_path, zipped):
    trap = tmp_path / "trap"
    path = official_files.save(
        tmp_path / "bad.ckpt", {"C_state_dict": Hostile(f"touch {trap}")}, zipped
    )
    with pytest.raises(UserError, match=r"was refused: it holds more than tensors .*system"):
        official_checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())
    plain = tmp_path / "plain.ckpt"
    plain.write_bytes(pickle.dumps(Hostile(f"touch {trap}")))
    with pytest.raises(UserError, match=r"plain.ckpt"):
        official_checkpoint.import_run(str(plain), Config(run_dir=str(tmp_path / "run")), set())
    assert not trap.exists()
    assert not (tmp_path / "run").exists()


def without(part, name):
    def change(content):
        del content[part][name]

    return change


def misshapen(part, name):
    def change(content):
        content[part][name] = content[part][name][..., :1].repeat(
            2, *[1] * (content[part][name].ndim - 1)
        )

    return change


def add(part, name):
    def change(content):
        content[part][name] = torch.zeros(3)

    return change


def infinite(content):
    content["D_state_dict"]["main.0.bias"][1] = float("inf")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            without("D_state_dict", "main.1.norm2.tau"),
            r"D_state_dict lacks the tensor main.1.norm2.tau of shape \(1, 4, 1, 1\)",
        ),
        (without("C_EMA_state_dict", "cont.weight"), r"C_EMA_state_dict lacks cont.weight"),
        (
            without("G_state_dict", "mlp.model.2.fc.bias"),
            r"G_state_dict lacks the tensor mlp.model.2.fc.bias of shape \(72,\)",
        ),
        (
            misshapen("D_state_dict", "main.0.bias"),
            r"D_state_dict: main.0.bias has shape \(2,\) and not \(4,\)",
        ),
        (
            add("G_EMA_state_dict", "decoder.extra"),
            r"tensors that these networks do not: decoder.extra \(3,\)",
        ),
        (infinite, r"D_state_dict: main.0.bias holds numbers that are not finite"),
        (lambda content: content.pop("G_EMA_state_dict"), r"lacks G_EMA_state_dict; it has"),
        (lambda content: content.update(extras={}), r"unknown parts: extras"),
        (
            lambda content: content["C_state_dict"].update(more=4),
            r"C_state_dict: more is a int, not a tensor",
        ),
        (
            lambda content: content["c_optimizer"]["state"][0].update(exp_avg=torch.zeros(5)),
            r"c_optimizer: exp_avg of features.0.weight has shape \(5,\) and not \(4, 3, 3, 3\)",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_named(content, tmp_path, change, words):
    made = {**content[1], **content[2]}
    change(made)
    path = official_files.save(tmp_path / "tiny.ckpt", made, True)
    with pytest.raises(UserError, match=words):
        official_checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.ckpt"]  # nothing is left behind


def test_flags_may_not_contradict_the_file(content, tmp_path):
    path = official_files.save(tmp_path / "tiny.ckpt", {**content[1], **content[2]}, True)
    config = Config(run_dir=str(tmp_path / "run"), image_size=128, num_domains=3)
    with pytest.raises(UserError, match=r"--image_size=128 contradicts .* tensors say 32"):
        official_checkpoint.import_run(str(path), config, {"image_size", "num_domains"})
    official_checkpoint.import_run(str(path), config, {"num_domains"})


def test_missing_moments_start_at_zero_and_are_mentioned(content, tmp_path):
    _, dicts, optimizers = content
    del optimizers["d_optimizer"]
    optimizers["g_optimizer"]["param_groups"][0]["params"].pop()
    path = official_files.save(tmp_path / "tiny.ckpt", {**dicts, **optimizers}, True)
    result = official_checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())
    assert len(result.notes) == 2
    assert "updates 29 parameters instead of the network's 30" in result.notes[0]
    assert "no moments in d_optimizer" in result.notes[1]
    state = restored(tmp_path / "run")
    slots = [
        s
        for v in state.discriminator.trainable_variables
        for s in state.discriminator_optimizer.slots(v)
    ]
    assert not any(np.any(s.numpy()) for s in slots)


def test_truncated_and_foreign_files_are_named(content, tmp_path):
    path = official_files.save(tmp_path / "tiny.ckpt", {**content[1], **content[2]}, True)
    config = Config(run_dir=str(tmp_path / "run"))
    whole = path.read_bytes()
    for part in (b"", b"hello, this is text", whole[: len(whole) // 2]):
        path.write_bytes(part)
        with pytest.raises(UserError, match=r"is not a whole PyTorch checkpoint"):
            official_checkpoint.import_run(str(path), config, set())
    torch.save([1, 2], path)
    with pytest.raises(UserError, match=r"it holds a list"):
        official_checkpoint.import_run(str(path), config, set())
    with pytest.raises(UserError, match=r"--checkpoint=nowhere is not a file"):
        official_checkpoint.import_run("nowhere", config, set())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").touch()
    with pytest.raises(UserError, match=r"did not write, the first is precious; name a new"):
        official_checkpoint.import_run(str(path), config, set())


def test_the_command_line(content, tmp_path):
    path = official_files.save(tmp_path / "tiny.ckpt", {**content[1], **content[2]}, True)
    result = commands.run(
        MODULE, f"--checkpoint={path}", f"--run_dir={tmp_path / 'run'}", "--num_domains=3"
    )
    assert result.returncode == 0, result.stderr
    assert "32 px, 3 domains" in result.stdout
    assert "License: CC BY-NC 4.0." in result.stdout
    assert "Not used: 1 tensors of Inception" in result.stdout

    refused = commands.run(
        MODULE, f"--checkpoint={path}", f"--run_dir={tmp_path / 'b'}", "--style_dim=64"
    )
    assert refused.returncode == 2
    assert "--style_dim=64 contradicts" in refused.stderr
    assert "Traceback" not in refused.stderr

    # PyTorch is not needed: a folder on the path has a 'torch' that cannot be imported.
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "torch.py").write_text("raise ModuleNotFoundError('no torch')")
    bare = subprocess.run(
        [sys.executable, "-m", MODULE, f"--checkpoint={path}", f"--run_dir={tmp_path / 'c'}"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'absent'}:{ROOT}"},
    )  # fmt: skip
    assert bare.returncode == 0, bare.stderr
    assert (tmp_path / "c" / "config.json").exists()


def test_an_imported_run_says_what_it_lacks(content, tmp_path):
    path = official_files.save(tmp_path / "tiny.ckpt", {**content[1], **content[2]}, True)
    folder = tmp_path / "run"
    official_checkpoint.import_run(str(path), Config(run_dir=str(folder)), set())
    run = TrainedRun.load(folder)
    with pytest.raises(UserError, match=r"no images of its own; name some with --data"):
        trainer.domain_styles.load_or_measure(run)
    known = trainer.domain_styles.load_or_measure(run, "synthetic")
    assert known.counts.sum() == 4000
    assert not (folder / run_folder.STYLES).exists()  # of images that are not its own
