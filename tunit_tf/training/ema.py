"""Exponential moving averages of networks."""

import keras
import tensorflow as tf


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Gives `target` the values of every variable of `source`, a network of the same form."""
    for new, old in zip(source.variables, target.variables, strict=True):
        old.assign(new)


def follow(source: keras.Model, average: keras.Model, decay: tf.Tensor | float) -> None:
    """Moves `average` towards `source`: `average = decay * average + (1 - decay) * source`.

    Running statistics of batch norm are averaged like weights, in every step, so that `average`
    can be used for inference at any time. Call it in replica context.

    Args:
      source: The trained network.
      average: A network of the same form.
      decay: Scalar in [0, 1]; 0 copies.
    """
    share = tf.cast(1.0 - decay, average.variable_dtype)
    moves = [
        share * (new.value - old.value)
        for new, old in zip(source.variables, average.variables, strict=True)
    ]

    def move(strategy: tf.distribute.Strategy, values: list[tf.Tensor]) -> None:
        for old, value in zip(average.variables, values, strict=True):
            strategy.extended.update(
                old.value, lambda v, x: v.assign_add(x), args=(value,), group=False
            )

    tf.distribute.get_replica_context().merge_call(move, args=(moves,))


def ramped_decay(decay: float, steps: tf.Tensor) -> tf.Tensor:
    """`min(decay, (1 + t) / (10 + t))` after t averaged `steps`: the decay is smaller at first."""
    t = tf.cast(steps, tf.float32)
    return tf.minimum(decay, (1.0 + t) / (10.0 + t))
