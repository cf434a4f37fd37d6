"""Random views of a batch of images: x and x+ for the guiding network, and what D sees.

Every sample has random numbers of its own. x and x+ are functions of a seed, of float32 images
`(B, S, S, 3)` in [0, 1]; the geometric changes of x+ are one affine map, so that pixels are
interpolated once, and what lies outside the image is mirrored. The views of D are differentiable.
"""

import math

import tensorflow as tf

from tunit_tf.config import Config

NUM_VIEW_DRAWS = 7  # random numbers per view of D
LARGEST_SHIFT = 1 / 8  # share of the side
CUTOUT = 1 / 2  # side of the gray square, as a share


def weak_view(images: tf.Tensor, seed: tf.Tensor, config: Config) -> tf.Tensor:
    """x: flipped horizontally with probability 1/2 (if the config says so)."""
    if not config.augment_flip:
        return images
    return tf.image.stateless_random_flip_left_right(images, seed)


def strong_view(images: tf.Tensor, seed: tf.Tensor, config: Config) -> tf.Tensor:
    """x+: rotated, shifted, sheared, cropped, flipped, and with its colors jittered.

    Args:
      images: `(B, S, S, 3)` in [0, 1].
      seed: `(2,)` integers.
      config: Its `augment_*` fields give the ranges.

    Returns:
      `(B, S, S, 3)` in [0, 1].
    """
    draws = tf.random.stateless_uniform((13, tf.shape(images)[0]), seed, -1.0, 1.0)  # (13, B)
    return jitter_colors(warp(images, draws[:9], config), draws[9:], config)


def warp(images: tf.Tensor, draws: tf.Tensor, config: Config) -> tf.Tensor:
    """One affine map per sample, bilinear; `draws` `(9, B)` in [-1, 1]."""
    side = tf.cast(tf.shape(images)[1], tf.float32)
    angle, shear, shift_x, shift_y, area, ratio, crop_x, crop_y, flip = tf.unstack(draws)
    angle *= math.radians(config.augment_rotation)
    shear = tf.tan(math.radians(config.augment_shear) * shear)
    area = 1.0 + config.augment_scale * area
    ratio = tf.exp(math.log1p(config.augment_ratio) * ratio)
    flip = tf.where(flip < 0.0, -1.0, 1.0) if config.augment_flip else 1.0
    scale_x, scale_y = flip * tf.sqrt(area * ratio), tf.sqrt(area / ratio)

    # Output to input, about the center: crop and flip, then shear, then rotation, then shifts.
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = cos * scale_x, (cos * shear - sin) * scale_y
    c, d = sin * scale_x, (sin * shear + cos) * scale_y
    center = (side - 1.0) / 2.0
    reach = config.augment_translation * side
    offset_x = shift_x * reach + crop_x * tf.abs(1.0 - tf.abs(scale_x)) * side / 2.0
    offset_y = shift_y * reach + crop_y * tf.abs(1.0 - scale_y) * side / 2.0
    zero = tf.zeros_like(a)
    transforms = tf.stack(
        [
            a, b, center + offset_x - (a + b) * center,
            c, d, center + offset_y - (c + d) * center,
            zero, zero,
        ],
        axis=1,
    )  # (B, 8)  # fmt: skip
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def jitter_colors(images: tf.Tensor, draws: tf.Tensor, config: Config) -> tf.Tensor:
    """Brightness, contrast, saturation, hue in this order; `draws` `(4, B)` in [-1, 1]."""
    brightness, contrast, saturation, hue = tf.unstack(draws[:, :, None, None, None])
    images = tf.clip_by_value(images * (1.0 + config.augment_brightness * brightness), 0.0, 1.0)

    mean = tf.reduce_mean(luma(images), (1, 2, 3), keepdims=True)  # (B, 1, 1, 1)
    images = mean + (images - mean) * (1.0 + config.augment_contrast * contrast)
    images = tf.clip_by_value(images, 0.0, 1.0)

    gray = luma(images)  # (B, S, S, 1)
    images = gray + (images - gray) * (1.0 + config.augment_saturation * saturation)
    images = tf.clip_by_value(images, 0.0, 1.0)

    if config.augment_hue == 0.0:
        return images
    h, s, v = tf.unstack(tf.image.rgb_to_hsv(images), axis=-1)
    h = tf.math.floormod(h + config.augment_hue * hue[..., 0], 1.0)
    return tf.image.hsv_to_rgb(tf.stack([h, s, v], axis=-1))


def luma(images: tf.Tensor) -> tf.Tensor:
    """Perceived brightness (ITU-R BT.601) of `(B, S, S, 3)`, as `(B, S, S, 1)`."""
    return tf.reduce_sum(images * [0.299, 0.587, 0.114], -1, keepdims=True)


def discriminator_view(images: tf.Tensor, draws: tf.Tensor, kinds: tuple[str, ...]) -> tf.Tensor:
    """What D sees of images: changed colors, a shift, a square cut out (Zhao et al., NeurIPS 2020).

    Real images and translations are changed in the same ways, in D's step and in G's, so that the
    generator does not learn to produce the changes themselves. Every change is differentiable, and
    a function of uniform random numbers that come with the sample.

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
