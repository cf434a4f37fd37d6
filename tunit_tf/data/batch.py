"""The input of a training step."""

from typing import NamedTuple

import tensorflow as tf


class Batch(NamedTuple):
    """One replica's part of a global batch.

    Attributes:
      x: Images `(B, S, S, 3)` in [-1, 1].
      x_aug: Augmented views of the same images.
      label: Class `(B,)` int32; -1 throughout where the batch is not labeled.
      reference: Place in the global batch of each image's reference, `(B,)` int32; over the
        replicas together a permutation.
      labeled: Whether labels may be used, `(B,)` bool, the same for all images of a global batch.
      view_draws: Uniform numbers `(B, 3, D)` in [0, 1) for the augmented views that D gets of the
        image, its translation and its reconstruction; D is 0 without `augment_discriminator`.
    """

    x: tf.Tensor
    x_aug: tf.Tensor
    label: tf.Tensor
    reference: tf.Tensor
    labeled: tf.Tensor
    view_draws: tf.Tensor
