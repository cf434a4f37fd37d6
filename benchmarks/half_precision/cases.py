"""The counter-example, and generators with activations of any size."""

import numpy as np
import tensorflow as tf

from tunit_tf.networks import Generator


def whole_map_norm(
    x: tf.Tensor,
    scale: tf.Tensor | float,
    shift: tf.Tensor | None = None,
    epsilon: float | np.ndarray = 1e-5,
) -> tf.Tensor:
    """`operations.adaptive_instance_norm` as the phone's graph had it first.

    The same in float32; in float16, sums over a map pass 65504, and `epsilon` is zero.
    """
    difference = x - tf.reduce_mean(x, (1, 2), keepdims=True)
    variance = tf.reduce_mean(difference * difference, (1, 2), keepdims=True)
    x = difference * (scale * tf.math.rsqrt(variance + epsilon))
    return x if shift is None else x + shift


def multiply(network: Generator, factor: float) -> None:
    """Multiplies what the norms of a generator get, by its weights."""
    parts = network.stem, network.downs, network.encoder_blocks, network.decoder_blocks, network.ups
    for layer in tf.nest.flatten(parts):
        layer.kernel.assign(layer.kernel * factor)
