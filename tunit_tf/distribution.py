"""Reductions over replicas, with which N replicas compute the same as one on the global batch.

Scaling rule, explained once: Keras' optimizers *sum* gradients over replicas, so every loss is
divided by `num_replicas()` before it is differentiated (`training/steps.py`). A term that is a
mean over the local examples then becomes the mean over the global batch. A term computed from
all-reduced values is the same number on every replica, and the gradient of an all-reduce is an
all-reduce: the N equal upstream gradients add up, and the division takes the N back out.
"""

import tensorflow as tf


def num_replicas() -> int:
    """Number of replicas that work on the global batch; 1 outside a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def all_sum(value: tf.Tensor) -> tf.Tensor:
    """Sums `value` over all replicas, differentiably. Any shape, float32."""
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def all_mean(value: tf.Tensor) -> tf.Tensor:
    """Averages `value` over all replicas, differentiably. Any shape, float32."""
    return all_sum(value) / num_replicas() if num_replicas() > 1 else value


def all_gather(value: tf.Tensor) -> tf.Tensor:
    """Concatenates `(B, ...)` of every replica to the global `(N * B, ...)`, differentiably."""
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_gather(value, axis=0)


def take(value: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Rows of the global batch: `(B, D)` of every replica and places `(B,)` there to `(B, D)`.

    A product with a one-hot matrix, because a gather's gradient is sparse, which the gradient of
    a gather over replicas cannot take.
    """
    value = all_gather(value)
    return tf.matmul(tf.one_hot(places, tf.shape(value)[0], dtype=value.dtype), value)
