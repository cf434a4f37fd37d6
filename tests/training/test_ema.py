"""Averages follow weights and running statistics in every step."""

import numpy as np
import tensorflow as tf

from tunit_tf.networks import GuidingNetwork
from tunit_tf.training import ema


def networks():
    source, average = (GuidingNetwork(3, 4, 1 / 16) for _ in range(2))
    for i, variable in enumerate(source.variables):
        variable.assign(tf.fill(variable.shape, float(i + 1)))
    for variable in average.variables:
        variable.assign(tf.zeros(variable.shape))
    return source, average


def test_closed_form_after_n_steps_for_every_variable():
    source, average = networks()
    for _ in range(5):
        ema.follow(source, average, 0.9)
    for i, variable in enumerate(average.variables):
        np.testing.assert_allclose(variable.numpy(), (i + 1) * (1 - 0.9**5), rtol=1e-5)


def test_decay_zero_copies():
    source, average = networks()
    ema.follow(source, average, 0.0)
    for new, old in zip(source.variables, average.variables, strict=True):
        np.testing.assert_array_equal(new.numpy(), old.numpy())


def test_running_statistics_follow_too():
    source, average = networks()
    names = [v.path for v in average.variables]
    assert any("running_mean" in name for name in names)
    ema.follow(source, average, 0.5)
    assert all(np.all(v.numpy() != 0) for v in average.variables)


def test_ramp_starts_low_and_ends_at_the_decay():
    values = [float(ema.ramped_decay(0.999, tf.constant(t))) for t in (0, 90, 10**6)]
    np.testing.assert_allclose(values, [0.1, 0.91, 0.999], rtol=1e-6)
