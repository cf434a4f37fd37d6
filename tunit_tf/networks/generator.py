"""Generator G: the content of one image in the style of another."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tunit_tf.networks.layers import (
    ReflectConv2D,
    UpsampleConv2D,
    adaptive_instance_norm,
    he_normal,
    instance_norm,
)

NUM_RESIDUAL_BLOCKS = 2
RESIDUAL_SCALE = 0.1
STYLE_MLP_WIDTH = 256
CONTENT_SIZE = 16  # side of the content code, at every image size


class Generator(keras.Model):
    """`G(x, s) = decode(encode(x), s)` (TUNIT, section 3.2; FUNIT, ICCV 2019).

    Args:
      image_size: Side S of the square images, one of `config.IMAGE_SIZES`.
      style_dim: Length of the style code.
      base_channels: Channels at full resolution.
    """

    def __init__(self, image_size: int, style_dim: int, base_channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size
        self.style_dim = style_dim
        self.base_channels = base_channels
        dtype = self.dtype_policy

        halvings = (image_size // CONTENT_SIZE).bit_length() - 1
        widths = [self.base_channels * 2**i for i in range(halvings + 1)]
        content = widths[-1]
        self.stem = ReflectConv2D(widths[0], 7, pad=3, dtype=dtype)
        self.downs = [ReflectConv2D(w, 4, pad=1, stride=2, dtype=dtype) for w in widths[1:]]
        self.encoder_blocks = [
            [ReflectConv2D(content, 3, pad=1, dtype=dtype) for _ in range(2)]
            for _ in range(NUM_RESIDUAL_BLOCKS)
        ]
        self.decoder_blocks = [
            [ReflectConv2D(content, 3, pad=1, dtype=dtype) for _ in range(2)]
            for _ in range(NUM_RESIDUAL_BLOCKS)
        ]
        self.ups = [UpsampleConv2D(w, dtype=dtype) for w in widths[-2::-1]]
        self.to_image = ReflectConv2D(3, 7, pad=3, dtype=dtype)

        self.mlp = [
            keras.layers.Dense(
                STYLE_MLP_WIDTH, activation="relu", kernel_initializer=he_normal(), dtype=dtype
            )
            for _ in range(2)
        ]
        # One head per AdaIN layer, in the order in which the decoder applies them.
        self.adain_widths = [content] * (2 * NUM_RESIDUAL_BLOCKS) + widths[-2::-1]
        self.adain_heads = [
            keras.layers.Dense(2 * w, kernel_initializer=he_normal(), dtype=dtype)
            for w in self.adain_widths
        ]
        self._build(widths)

    def _build(self, widths: list[int]) -> None:
        content = widths[-1]
        self.stem.build((None, None, None, 3))
        for down, width in zip(self.downs, widths, strict=False):
            down.build((None, None, None, width))
        for block in self.encoder_blocks + self.decoder_blocks:
            for convolution in block:
                convolution.build((None, None, None, content))
        for up, width in zip(self.ups, widths[:0:-1], strict=True):
            up.build((None, None, None, width))
        self.to_image.build((None, None, None, widths[0]))
        self.mlp[0].build((None, self.style_dim))
        for dense in self.mlp[1:] + self.adain_heads:
            dense.build((None, STYLE_MLP_WIDTH))
        self.built = True

    def encode(self, x: tf.Tensor) -> tf.Tensor:
        """Content code `(B, 16, 16, C)` of images `(B, S, S, 3)` in [-1, 1]."""
        c = tf.cast(x, self.compute_dtype)
        for convolution in [self.stem, *self.downs]:
            c = tf.nn.relu(instance_norm(convolution(c)))  # (B, S/2^i, S/2^i, base * 2^i)
        for first, second in self.encoder_blocks:
            residual = tf.nn.relu(instance_norm(first(c)))
            c += RESIDUAL_SCALE * instance_norm(second(residual))
        return c

    def decode(self, c: tf.Tensor, s: tf.Tensor) -> tf.Tensor:
        """Images `(B, S, S, 3)` in [-1, 1], float32, of content code and style `(B, style_dim)`."""
        adain = self._adain_layers(s)
        x = tf.cast(c, self.compute_dtype)
        for first, second in self.decoder_blocks:
            residual = tf.nn.relu(next(adain)(first(x)))
            x += RESIDUAL_SCALE * next(adain)(second(residual))
        for up in self.ups:
            x = tf.nn.relu(next(adain)(up(x)))  # (B, 16 * 2^i, 16 * 2^i, C / 2^i)
        return tf.cast(tf.tanh(self.to_image(x)), self.variable_dtype)

    def call(self, x: tf.Tensor, s: tf.Tensor) -> tf.Tensor:
        """Translates images `(B, S, S, 3)` in [-1, 1] to styles `(B, style_dim)`."""
        return self.decode(self.encode(x), s)

    def _adain_layers(self, s: tf.Tensor) -> Iterator[Callable[[tf.Tensor], tf.Tensor]]:
        """Yields the style-conditioned AdaIN functions in the decoder's order."""
        hidden = self.mlp[1](self.mlp[0](tf.cast(s, self.compute_dtype)))  # (B, 256)
        for head in self.adain_heads:
            shift, scale = tf.split(
                tf.cast(head(hidden), self.variable_dtype), 2, axis=-1
            )  # (B, C) each
            yield functools.partial(adaptive_instance_norm, shift=shift, scale=scale)
