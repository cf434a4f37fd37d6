"""Gradients of a loss, and the updates that apply them, with float16's loss scale.

Keras' optimizers sum gradients over replicas, hence the division in `gradients_of` (see
`distribution.py`).
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from tunit_tf.distribution import all_mean, num_replicas


class Target(NamedTuple):
    """Variables that a loss trains, and their optimizer."""

    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]


class Gradients(NamedTuple):
    """Gradients of one loss.

    Attributes:
      values: A list of tensors for each target, in the order of its variables.
      loss_scale: Factor that all of them carry; 1 unless the optimizers scale losses (float16).
    """

    values: list[list[tf.Tensor]]
    loss_scale: tf.Tensor | float


def gradients_of(tape: tf.GradientTape, loss: tf.Tensor, targets: list[Target]) -> Gradients:
    """Gradients of this replica's share of the mean loss, scaled as the first target asks for.

    Args:
      tape: Recorded the loss.
      loss: Scalar.
      targets: What the loss trains.
    """
    loss_scale = targets[0].optimizer.scale_loss(1.0)
    values = tape.gradient(
        loss,
        [target.variables for target in targets],
        output_gradients=tf.fill(loss.shape, tf.cast(loss_scale / num_replicas(), loss.dtype)),
    )
    return Gradients(values, loss_scale)


def descend(gradients: Gradients, targets: list[Target]) -> None:
    """Updates the variables of every target with its gradients.

    Each optimizer divides by its own loss scale, so the gradients are first rescaled to it.
    """
    for target, values in zip(targets, gradients.values, strict=True):
        if isinstance(target.optimizer, keras.optimizers.LossScaleOptimizer):
            # Keras checks for overflow before summing over replicas, so all need the same sum.
            factor = target.optimizer.scale_loss(1.0) / gradients.loss_scale
            values = [all_mean(value) * factor for value in values]
        target.optimizer.apply_gradients(zip(values, target.variables, strict=True))
