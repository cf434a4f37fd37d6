"""Augmentation of what D sees, differentiable (Zhao et al., NeurIPS 2020).

Real images and translations are changed in the same ways, in D's step and in G's, so that the
generator is not led to produce the changes themselves. Every change is a function of uniform random
numbers that come with the sample.
"""

import tensorflow as tf

NUM_DRAWS = 7  # random numbers per image
LARGEST_SHIFT = 1 / 8  # share of the side
CUTOUT = 1 / 2  # side of the gray square, as a share


def augment(images: tf.Tensor, draws: tf.Tensor, kinds: tuple[str, ...]) -> tf.Tensor:
    """Changes colors, shifts, and cuts out a square.

    Args:
      images: `(B, S, S, 3)` in [-1, 1].
      draws: `(B, 7)` in [0, 1); not looked at without `kinds`.
      kinds: Some of `config.DISCRIMINATOR_VIEWS`; each has its own draws.

    Returns:
      `(B, S, S, 3)`; with `color`, values may leave [-1, 1].
    """
    if "color" in kinds:
        images = change_colors(images, draws[:, :3])
    if "translation" in kinds:
        images = shift(images, draws[:, 3:5])
    if "cutout" in kinds:
        images = cut_out(images, draws[:, 5:7])
    return images


def change_colors(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Brightness by up to 0.5, saturation by 0 to 2, contrast by 0.5 to 1.5; `draws` `(B, 3)`."""
    brightness, saturation, contrast = tf.unstack(draws[:, :, None, None, None], axis=1)
    images += brightness - 0.5
    gray = tf.reduce_mean(images, axis=3, keepdims=True)  # (B, S, S, 1)
    images = gray + (images - gray) * 2 * saturation
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)  # (B, 1, 1, 1)
    return mean + (images - mean) * (contrast + 0.5)


def shift(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Shifts by whole pixels, up to 1/8 of the side; gray (0) moves in. `draws` `(B, 2)`.

    A product with matrices of zeros and ones: exact, and deterministic on GPUs in both directions.
    """
    side = images.shape[1]
    reach = int(side * LARGEST_SHIFT + 0.5)
    offsets = tf.cast(tf.floor(draws * (2 * reach + 1)), tf.int32) - reach  # (B, 2)
    sources = tf.range(side) - offsets[:, :, None]  # (B, 2, S)
    rows, columns = tf.unstack(tf.one_hot(sources, side, dtype=images.dtype), axis=1)  # (B, S, S)
    images = tf.einsum("bik,bklc->bilc", rows, images)
    return tf.einsum("bjl,bilc->bijc", columns, images)


def cut_out(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Grays out a square of half the side, which may reach over the border. `draws` `(B, 2)`."""
    side = images.shape[1]
    size = int(side * CUTOUT + 0.5)
    # The square's center is anywhere in the image.
    first = tf.cast(tf.floor(draws * (side + 1 - size % 2)), tf.int32) - size // 2  # (B, 2)
    place = tf.range(side) - first[:, :, None]  # (B, 2, S)
    inside = (place >= 0) & (place < size)
    square = inside[:, 0, :, None] & inside[:, 1, None, :]  # (B, S, S)
    return tf.where(square[..., None], tf.zeros((), images.dtype), images)
