"""Discriminator D: one real/fake logit per pseudo-domain."""

import math
from typing import Any

import keras
import tensorflow as tf

from tunit_tf.networks.layers import Conv2D, ConvAveragePool2D, FilterResponseNorm, he_normal

MAX_CHANNELS = 1024
LEAKY_SLOPE = 0.2


def _conv(filters: int, kernel_size: int, **kwargs: Any) -> Conv2D:
    """A convolution of stride 1 with He-normal weights, padded to the same size."""
    kwargs = {"padding": "same", "kernel_initializer": he_normal(), **kwargs}
    return Conv2D(filters, kernel_size, **kwargs)


class ResidualBlock(keras.layers.Layer):
    """Pre-activation block: FRN, 3x3, [pool], FRN, 3x3, over a linear shortcut, times 1/sqrt(2).

    Args:
      filters: Output channels.
      downsample: Whether height and width are halved by 2x2 average pooling.
    """

    def __init__(self, filters: int, downsample: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.downsample = downsample

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates the weights for `(B, H, W, C)`."""
        channels, dtype = input_shape[-1], self.dtype_policy
        self.norm1 = FilterResponseNorm(dtype=dtype)
        if self.downsample:
            self.conv1 = ConvAveragePool2D(channels, dtype=dtype)
        else:
            self.conv1 = _conv(channels, 3, dtype=dtype)
        self.norm2 = FilterResponseNorm(dtype=dtype)
        self.conv2 = _conv(self.filters, 3, dtype=dtype)
        self.shortcut = None
        if self.filters != channels:
            self.shortcut = _conv(self.filters, 1, use_bias=False, dtype=dtype)
            self.shortcut.build(input_shape)
        for layer in (self.norm1, self.conv1, self.norm2, self.conv2):
            layer.build(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, H, W, filters)`; half the height and width if downsampling."""
        residual = self.conv1(self.norm1(x))
        residual = self.conv2(self.norm2(residual))
        # Pooling and the 1x1 shortcut commute; pooling first is four times cheaper.
        if self.downsample:
            x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        if self.shortcut is not None:
            x = self.shortcut(x)
        return (x + residual) / math.sqrt(2.0)


class Discriminator(keras.Model):
    """Images `(B, S, S, 3)` in [-1, 1] to logits `(B, num_domains)`, float32.

    Only the logit of an image's (pseudo-)domain is used in the losses (TUNIT, section 3.2;
    FUNIT's multi-task discriminator). Samples are processed independently.

    Args:
      image_size: Side S of the square images, one of `config.IMAGE_SIZES`.
      num_domains: Number K of pseudo-domains.
      base_channels: Channels at full resolution.
    """

    def __init__(
        self, image_size: int, num_domains: int, base_channels: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size
        self.num_domains = num_domains
        self.base_channels = base_channels
        dtype = self.dtype_policy

        width = self.base_channels
        self.stem = _conv(width, 3, dtype=dtype)
        self.stem.build((None, None, None, 3))
        self.blocks = []
        for _ in range(image_size.bit_length() - 3):  # log2(S) - 2 stages, down to 4x4
            wider = min(2 * width, MAX_CHANNELS)
            for filters, downsample in ((width, False), (wider, True)):
                block = ResidualBlock(filters, downsample, dtype=dtype)
                block.build((None, None, None, width))
                self.blocks.append(block)
            width = wider
        self.head = _conv(width, 4, padding="valid", dtype=dtype)
        self.logits = _conv(num_domains, 1, dtype=dtype)
        for layer in (self.head, self.logits):
            layer.build((None, None, None, width))
        self.built = True

    def frozen_features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the images: this network has no frozen part (see `ProjectedDiscriminator`)."""
        return x

    def judge(self, features: tf.Tensor) -> tf.Tensor:
        """Logits `(B, num_domains)` of what `frozen_features` returned."""
        return self(features)

    def follow_update(self) -> None:
        """Does nothing; called after each update of the weights."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Logits `(B, num_domains)` of images `(B, S, S, 3)` in [-1, 1]."""
        x = self.stem(tf.cast(x, self.compute_dtype))  # (B, S, S, base)
        for block in self.blocks:
            x = block(x)  # (B, S/2^i, S/2^i, min(base * 2^i, 1024))
        x = self.head(tf.nn.leaky_relu(x, LEAKY_SLOPE))  # (B, 1, 1, C)
        x = self.logits(tf.nn.leaky_relu(x, LEAKY_SLOPE))  # (B, 1, 1, K)
        return tf.cast(x[:, 0, 0, :], self.variable_dtype)
