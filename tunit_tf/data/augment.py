"""Random views of a batch of images, as a function of a seed.

Images are float32 `(B, S, S, 3)` in [0, 1]; every sample has random numbers of its own. The
geometric changes of x+ are one affine map, so that pixels are interpolated once; what lies outside
the image is mirrored.
"""

import math

import tensorflow as tf

from tunit_tf.config import Config


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
