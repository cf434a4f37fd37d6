"""Averages follow their networks; the queue holds the newest keys."""

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.networks import GuidingNetwork
from tunit_tf.training import state
from tunit_tf.training.state import KeyQueue


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
        state.follow(source, average, 0.9)
    for i, variable in enumerate(average.variables):
        np.testing.assert_allclose(variable.numpy(), (i + 1) * (1 - 0.9**5), rtol=1e-5)


def test_decay_zero_copies():
    source, average = networks()
    state.follow(source, average, 0.0)
    for new, old in zip(source.variables, average.variables, strict=True):
        np.testing.assert_array_equal(new.numpy(), old.numpy())


def test_running_statistics_follow_too():
    source, average = networks()
    names = [v.path for v in average.variables]
    assert any("running_mean" in name for name in names)
    state.follow(source, average, 0.5)
    assert all(np.all(v.numpy() != 0) for v in average.variables)


def test_ramp_starts_low_and_ends_at_the_decay():
    values = [float(state.ramped_decay(0.999, tf.constant(t))) for t in (0, 90, 10**6)]
    np.testing.assert_allclose(values, [0.1, 0.91, 0.999], rtol=1e-6)


@pytest.mark.parametrize("sizes", [[2, 2, 2, 2], [3, 3, 3], [5, 1, 4], [7], [3, 9]])
def test_holds_the_newest_keys(sizes):
    queue, everything, number = KeyQueue(5, 2), [], 0
    for size in sizes:
        keys = np.arange(number, number + size, dtype=np.float32)[:, None] * [1.0, -1.0]
        number += size
        everything += list(keys.astype(np.float32))
        queue.enqueue(tf.constant(keys, tf.float32))
    newest = np.stack(everything[-5:])
    held = queue.keys.numpy()
    held = held[np.argsort(held[:, 0])]
    assert {tuple(k) for k in newest} <= {tuple(k) for k in held}


def test_starts_with_unit_vectors_that_depend_on_the_seed():
    first, again, other = KeyQueue(8, 4, 1), KeyQueue(8, 4, 1), KeyQueue(8, 4, 2)
    np.testing.assert_allclose(np.linalg.norm(first.keys.numpy(), axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(first.keys, again.keys)
    assert not np.array_equal(first.keys, other.keys)
