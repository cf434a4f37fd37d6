"""Tiny runs end with the weights with which they ended in commit 0d6851f.

`weights_0d6851f.npz` has two numbers per variable: its norm, and its product with a fixed wave,
which any change of an element changes. The runs are in float64 and their batches come from NumPy,
so that another machine rounds differently only far below the tolerance.
"""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.states import variables
from tunit_tf.data.augment import NUM_VIEW_DRAWS
from tunit_tf.data.pipeline import Batch
from tunit_tf.networks import efficientnet_lite
from tunit_tf.networks.projected_discriminator import STRIDES
from tunit_tf.training import phases
from tunit_tf.training.state import TrainState

CASES = {
    "unsupervised": {},
    "separate": {
        "joint": False, "warmup_steps": 0, "joint_steps": 1, "decay_steps": 4, "ema_ramp": True,
    },
    "semi-supervised": {"labeled_fraction": 0.5},
    "supervised": {"labeled_fraction": 1.0, "warmup_steps": 0, "joint_steps": 1},
    "pseudo-labeled": {"domains_from": "efficientnet_lite0", "warmup_steps": 1, "joint_steps": 0},
    "in parts": {"accumulate_steps": 2, "warmup_steps": 1, "joint_steps": 1},
    "projected": {
        "discriminator": "projected", "features_size": 32, "head_width": 4, "warmup_steps": 0,
        "augment_discriminator": "color,translation,cutout", "joint_steps": 2,
    },
}  # fmt: skip


def batch_of(config, step):
    """Noise, with labels in every second step of a semi-supervised run."""
    rng = np.random.default_rng([step, 26])
    size, side = config.batch_size, config.image_size
    x = rng.uniform(-1, 1, (size, side, side, 3))
    label = rng.integers(config.num_domains, size=size)
    is_labeled = config.mode in ("supervised", "pseudo-labeled") or (
        config.mode == "semi-supervised" and step % 2 == 1
    )
    batch = Batch(
        x=x,
        x_aug=np.clip(x + rng.uniform(-0.2, 0.2, x.shape), -1, 1),
        label=(label if is_labeled else np.full(size, -1)).astype(np.int32),
        reference=rng.permutation(size).astype(np.int32),
        view_draws=rng.uniform(size=(size, 3, NUM_VIEW_DRAWS)),
    )
    return Batch(*map(tf.constant, batch))


def simple_features(variant, dtype):
    """Average pools instead of ImageNet features."""
    del variant
    image = keras.Input((None, None, 3), dtype=dtype)
    return keras.Model(
        image, [keras.layers.AveragePooling2D(s, dtype=dtype)(image) for s in STRIDES]
    )


@pytest.mark.parametrize("case", CASES)
def test_a_tiny_run_ends_with_the_weights_of_the_reference(tiny, fresh_state, case, monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "features", simple_features)
    config = tiny(mixed_precision="float64", **CASES[case])
    # The projected D must not be remembered with these features.
    state = TrainState(config) if case == "projected" else fresh_state(config)
    for phase in phases.schedule(config):
        for step in range(phase.start, phase.stop):
            terms = phase.step(state, batch_of(config, step), config)
    with np.load(pathlib.Path(__file__).parent / "weights_0d6851f.npz") as saved:
        expected = dict(zip(saved["names"], saved["values"], strict=True))
    expected = {
        k.removeprefix(f"{case}/"): v for k, v in expected.items() if k.startswith(f"{case}/")
    }
    found = {f"term/{name}": [float(term), 0.0] for name, term in terms.items()}
    for name, variable in variables(state).items():
        weights = variable.numpy().astype(np.float64).ravel()
        found[name] = [np.linalg.norm(weights), weights @ np.cos(np.arange(len(weights)))]
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-9, err_msg=name)
