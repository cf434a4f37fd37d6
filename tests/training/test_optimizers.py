"""Adam and RMSprop against their formulas in NumPy, L2 in the gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.training.optimizers import Adam, LinearDecay, RMSprop

START = np.array([1.0, -2.0, 0.5])
GRADIENTS = np.random.default_rng(0).normal(size=(6, 3)) * [1.0, 1e-3, 1e-7]


def adam(w, gradients, rate, l2):
    m = v = np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        g = g + l2 * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def rmsprop(w, gradients, rate, l2):
    v = np.zeros_like(w)
    for g in gradients:
        g = g + l2 * w
        v = 0.99 * v + 0.01 * g**2
        w = w - rate * g / (np.sqrt(v) + 1e-8)
    return w


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize(("kind", "formula"), [(Adam, adam), (RMSprop, rmsprop)])
def test_follows_the_formula(kind, formula, l2):
    variable = keras.Variable(START, dtype="float64")
    optimizer = kind(0.01, l2)
    for gradient in GRADIENTS:
        optimizer.apply_gradients([(gradient, variable)])
    expected = formula(START, GRADIENTS, 0.01, l2)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-7)


def test_config_round_trip():
    for optimizer in (Adam(1e-3, 0.2), RMSprop(1e-3, 0.2)):
        again = type(optimizer).from_config(optimizer.get_config())
        assert again.get_config() == optimizer.get_config()


def test_rates_fall_linearly_over_the_last_steps_of_the_run():
    finished = tf.Variable(0, dtype=tf.int64)
    variable = keras.Variable(np.zeros(1), dtype="float64")
    optimizer = RMSprop(LinearDecay(0.5, finished, total_steps=6, decay_steps=4), rho=0.0)
    moves = []
    for _ in range(8):
        before = variable.numpy()[0]
        optimizer.apply_gradients([(np.ones(1), variable)])  # moves by the rate
        moves.append(before - variable.numpy()[0])
        finished.assign_add(1)
    np.testing.assert_allclose(moves, [0.5, 0.5, 0.5, 0.375, 0.25, 0.125, 0, 0], rtol=1e-6)


def test_decay_steps_ends_the_joint_phase_with_falling_rates_of_all_networks(tiny, fresh_state):
    rates = {"guiding": 1e-2, "generator": 2e-2, "discriminator": 4e-2}
    settings = {f"learning_rate_{name}": rate for name, rate in rates.items()}
    config = tiny(warmup_steps=2, joint_steps=6, decay_steps=4, **settings)
    state = fresh_state(config)
    for finished, factor in ((0, 1), (4, 1), (5, 0.75), (7, 0.25)):
        state.step.assign(finished)
        for name, rate in rates.items():
            optimizer = getattr(state, f"{name}_optimizer")
            np.testing.assert_allclose(optimizer.learning_rate, factor * rate, rtol=1e-6)


@pytest.mark.parametrize("joint_steps", [0, 2])
def test_the_decay_leaves_a_checkpoint_that_more_joint_steps_can_continue(
    tiny, fresh_state, tmp_path, joint_steps
):
    first = fresh_state(tiny(warmup_steps=2, joint_steps=joint_steps, decay_steps=4))
    first.step.assign(3)
    path = first.checkpoint().write(str(tmp_path / "ckpt"))
    more = fresh_state(tiny(warmup_steps=2, joint_steps=8, decay_steps=4))
    more.checkpoint().read(path).assert_consumed()
    assert int(more.step) == 3
