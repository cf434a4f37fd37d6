"""The queue is a ring: first in, first out, at any batch size."""

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.training.key_queue import KeyQueue


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
