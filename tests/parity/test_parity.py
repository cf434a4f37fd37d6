"""One joint step equals the paper authors' step: outputs, losses, gradients, updates.

The reference was computed in float64. In float64 we agree to about 1e-8 everywhere; in float32
the first outputs and the guiding network agree as well, while D's and G's gradients are allowed
more, because rounding flips a few of the piecewise linear units of D.
"""

import concurrent.futures
import json
import multiprocessing
import pathlib
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.parity import recipe
from tunit_tf.config import Config
from tunit_tf.data.pipeline import Batch
from tunit_tf.official import names as official_names
from tunit_tf.training import steps
from tunit_tf.training.state import TrainState, copy_variables

REFERENCE = np.load(pathlib.Path(__file__).parent / "reference_64.npz")
META = json.loads(str(REFERENCE["meta"]))
PROBES = dict(zip(json.loads(str(REFERENCE["probe_names"])), REFERENCE["probes"], strict=True))
SIZE, BATCH = META["image_size"], META["batch"]
# A bias in front of a norm has a gradient of rounding noise; the probes say which.
NOISE = 1e-12

TOLERANCE = {
    "float64": {"C": 1e-6, "D": 1e-6, "G": 1e-6},
    "float32": {"C": 1e-4, "D": 1e-2, "G": 3e-2},
}

MOVED = {"C": "C", "D": "D", "G": "CG"}  # the networks that a phase moves


class Run:
    """The reference's weights in our networks, one joint step done, everything recorded."""

    def __init__(self, dtype: str):
        self.dtype = dtype
        config = Config(
            image_size=SIZE,
            batch_size=BATCH,
            num_domains=META["domains"],
            style_dim=META["style_dim"],
            queue_length=META["queue"],
            temperature=META["temperature"],
            warmup_steps=0,
            ema_start=0,
            mixed_precision=dtype,
        ).resolved()
        state = TrainState(config)
        self.state = state
        self.names = {
            "C": official_names.guiding(state.guiding),
            "G": official_names.generator(state.generator),
            "D": official_names.discriminator(state.discriminator),
        }
        for network, names in self.names.items():
            for name, variable in names.items():
                shape = official_names.official_shape(name, variable)
                kind = recipe.kind_of(name, shape)
                value = recipe.draw(f"{network}.{name}", shape, kind)
                official_names.assign(variable, value)
        copy_variables(state.guiding, state.guiding_ema)
        copy_variables(state.generator, state.generator_ema)
        state.queue.keys.assign(REFERENCE["queue"])

        self.x, x_aug = self.images("x"), self.images("x_augmented")
        style = tf.constant(10 * recipe.draw("style", (BATCH, META["style_dim"]), "offset"), dtype)
        self.eval = state.guiding(self.x, training=False)
        self.content = state.generator.encode(self.x)
        self.image = state.generator.decode(self.content, style)
        self.logits = state.discriminator(self.x)
        self.key = state.guiding_ema(x_aug, training=True).style

        reference = tf.constant(META["permutation"], tf.int32)
        draws = tf.zeros((BATCH, 3, 0))
        batch = Batch(self.x, x_aug, tf.fill((BATCH,), -1), reference, draws)
        # Probes by phase: the tensors of all phases would take gigabytes.
        self.gradients, self.after = {}, {}
        networks = (state.guiding, state.discriminator, state.generator)
        with pytest.MonkeyPatch.context() as patch:
            original = keras.optimizers.Optimizer.apply_gradients
            order = iter(("C", "D", "G", "G"))

            def recording(optimizer, pairs):
                phase, pairs = next(order), list(pairs)
                gradients = {id(v): g for g, v in pairs}
                self.gradients.setdefault(phase, {}).update(self.probes(phase, gradients.get))
                original(optimizer, pairs)
                values = {id(v): v for network in networks for v in network.variables}
                self.after[phase] = self.probes(phase, values.get)

            patch.setattr(keras.optimizers.Optimizer, "apply_gradients", recording)
            self.terms = {k: float(v) for k, v in steps.joint_step(state, batch, config).items()}

    def images(self, key):
        drawn = recipe.draw(key, (BATCH, 3, SIZE, SIZE), "image")
        return tf.constant(drawn.transpose(0, 2, 3, 1), self.dtype)

    def probes(self, phase, value_of):
        """Probes by network and name, of a phase's tensors that `value_of` gives by id."""
        found = {}
        for network in MOVED[phase]:
            for name, variable in self.names[network].items():
                parts = [value_of(id(part)) for part in official_names.parts_of(variable)]
                if not any(part is None for part in parts):
                    found[network, name] = probe(network, name, parts)
        return found

    def averages(self):
        """Probes of the averages, by network and name."""
        averages = {
            "C": official_names.guiding(self.state.guiding_ema),
            "G": official_names.generator(self.state.generator_ema),
        }
        return {
            (network, name): probe(network, name, official_names.parts_of(variable))
            for network, names in averages.items()
            for name, variable in names.items()
        }


def measure(dtype):
    """What a run has computed, as NumPy arrays."""
    run = Run(dtype)
    return types.SimpleNamespace(
        dtype=dtype,
        names={network: list(names) for network, names in run.names.items()},
        style=run.eval.style.numpy(),
        domain_logits=run.eval.domain_logits.numpy(),
        key=run.key.numpy(),
        content=run.content.numpy(),
        image=run.image.numpy(),
        logits=run.logits.numpy(),
        terms=run.terms,
        gradients=run.gradients,
        after=run.after,
        averages=run.averages(),
    )


@pytest.fixture(scope="module", params=["float64", "float32"])
def run(request):
    """Measured in a process of its own: the paper's widths take 5 GB in float64."""
    context = multiprocessing.get_context("forkserver")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        return pool.submit(measure, request.param).result()


def probe(network, name, parts):
    """The probe of a tensor, from its parts (several where we split it)."""
    arrays = [np.asarray(part, np.float64) for part in parts]
    return recipe.probe(network, name, official_names.to_official(name, arrays))


def relative(measured, reference):
    measured, reference = np.asarray(measured, np.float64), np.asarray(reference, np.float64)
    return np.abs(measured - reference).max() / np.abs(reference).max()


def test_forward_passes(run):
    assert relative(run.style, REFERENCE["C/eval/style"]) < 1e-5
    assert relative(run.domain_logits, REFERENCE["C/eval/domain_logits"]) < 1e-5
    assert relative(run.key, REFERENCE["C/train/key"]) < 1e-5
    assert relative(np.mean(run.content, (1, 2)), REFERENCE["G/content_mean"]) < 1e-5
    assert relative(run.content[:, 0, 0], REFERENCE["G/content_corner"]) < 1e-5
    image = np.transpose(run.image, (0, 3, 1, 2))[:, :, ::8, ::8]
    assert relative(image, REFERENCE["G/image"]) < 3e-5
    assert relative(run.logits, REFERENCE["D/logits"]) < 1e-5


def test_losses(run):
    tolerance = {"float64": 1e-6, "float32": 1e-3}[run.dtype]
    expected = {
        "guiding/contrastive": REFERENCE["step/C/loss_contrastive"],
        "guiding/mutual_information": -REFERENCE["step/C/loss_mutual_information"],
        "discriminator/real": REFERENCE["step/D/loss_real"],
        "discriminator/fake": REFERENCE["step/D/loss_fake"],
        "discriminator/r1": REFERENCE["step/D/loss_r1"] / 10,
        "generator/adversarial_translated": REFERENCE["step/G/loss_adversarial_translated"],
        "generator/adversarial_reconstructed": REFERENCE["step/G/loss_adversarial_reconstructed"],
        "generator/reconstruction": REFERENCE["step/G/loss_reconstruction"],
        "generator/style_contrastive": REFERENCE["step/G/loss_style_contrastive"],
    }
    assert run.terms.keys() == expected.keys()
    for name, value in expected.items():
        assert relative(run.terms[name], value) < tolerance, name


@pytest.mark.parametrize(
    ("phase", "network", "count"), [("C", "C", 28), ("D", "D", 90), ("G", "G", 21), ("G", "C", 26)]
)
def test_gradients(run, phase, network, count):
    tolerance = TOLERANCE[run.dtype][phase]
    compared = 0
    for name in run.names[network]:
        expected = PROBES.get(f"step/{phase}/grad/{network}/{name}")
        measured = run.gradients[phase].get((network, name))
        assert (expected is None) == (measured is None), name
        if expected is not None and expected[0] > NOISE:
            compared += 1
            assert relative(measured, expected) < tolerance, name
    assert compared == count


@pytest.mark.parametrize(("phase", "network"), [("C", "C"), ("D", "D"), ("G", "G"), ("G", "C")])
def test_updated_parameters(run, phase, network):
    # Parameters hardly move in one step; compare the movement where it is not noise.
    tolerance = {"float64": 1e-7, "float32": 1e-2}[run.dtype]
    for name in run.names[network]:
        expected = PROBES.get(f"step/{phase}/after/{network}/{name}")
        if expected is not None:
            measured = run.after[phase][network, name]
            assert relative(measured, expected) < tolerance, name


def test_averages(run):
    tolerance = {"float64": 1e-7, "float32": 1e-5}[run.dtype]
    for (letter, name), measured in run.averages.items():
        expected = PROBES.get(f"step/EMA/after/{letter}/{name}")
        if expected is not None:
            assert relative(measured, expected) < tolerance, name
