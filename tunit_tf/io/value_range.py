"""The value range of images in TensorFlow; `pixels.py` has the same for arrays."""

import tensorflow as tf


def from_bytes(images: tf.Tensor) -> tf.Tensor:
    """uint8 images of any shape, 0..255, to float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def from_unit(images: tf.Tensor) -> tf.Tensor:
    """Images of any shape in [0, 1] to [-1, 1]."""
    return 2.0 * images - 1.0


def to_bytes(images: tf.Tensor) -> tf.Tensor:
    """Images of any shape in [-1, 1] to uint8, rounded and clipped."""
    return tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0, 255), tf.uint8)
