"""Discriminator D on frozen, pretrained features (Projected GAN, Sauer et al., NeurIPS 2021)."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tunit_tf.networks.layers import Conv2D, he_normal

Features = Callable[[tf.Tensor], Sequence[tf.Tensor]]

STRIDES = (4, 8, 16, 32)  # feature maps, fine to coarse
MIXED_CHANNELS = (64, 128, 256, 512)
PATCHES = 4  # judged patches per side and scale
LEAKY_SLOPE = 0.2


class SpectralConv2D(keras.layers.Layer):
    """Convolution whose kernel is divided by its largest singular value (Miyato et al., ICLR 2018).

    The kernel `(h, w, C, filters)` counts as a matrix `(h * w * C, filters)`. Its right singular
    vector is a variable; `power_iteration` moves it after the kernel has moved, so that a call
    changes nothing.

    Args:
      filters: Output channels.
      kernel_size: Side of the kernel.
      stride: Step in both directions.
    """

    def __init__(self, filters: int, kernel_size: int, stride: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for `(B, H, W, C)`."""
        size = self.kernel_size
        self.kernel = self.add_weight(
            shape=(size, size, input_shape[-1], self.filters),
            initializer=he_normal(),
            autocast=False,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.singular_vector = self.add_weight(
            shape=(self.filters, 1),
            initializer="random_normal",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",  # all compute the same
            name="singular_vector",
        )
        for _ in range(20):
            self.power_iteration()

    def power_iteration(self) -> None:
        """Moves the singular vector towards that of the present kernel."""
        matrix = self._matrix()
        left = tf.math.l2_normalize(tf.matmul(matrix, self.singular_vector))
        right = tf.math.l2_normalize(tf.matmul(matrix, left, transpose_a=True))
        self.singular_vector.assign(right)

    def norm(self) -> tf.Tensor:
        """Estimate of the kernel's largest singular value; its gradient reaches the kernel."""
        image = tf.matmul(self._matrix(), tf.stop_gradient(self.singular_vector))  # (h w C, 1)
        left = tf.stop_gradient(tf.math.l2_normalize(image))
        return tf.reduce_sum(left * image)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, ceil(H / stride), ceil(W / stride), filters)`."""
        kernel = tf.cast(tf.convert_to_tensor(self.kernel) / self.norm(), inputs.dtype)
        x = tf.nn.conv2d(inputs, kernel, self.stride, "SAME")
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias))

    def _matrix(self) -> tf.Tensor:
        return tf.reshape(tf.convert_to_tensor(self.kernel), (-1, self.filters))


class ProjectedDiscriminator(keras.Model):
    """Images `(B, S, S, 3)` in [-1, 1] to logits `(B, P, num_domains)` of P patches, float32.

    Four feature maps of a frozen network are mixed by fixed random convolutions, across channels
    (1x1) and from coarse to fine across scales (3x3). On every scale a small trained head with
    spectral norm judges 4x4 patches. Samples are processed independently.

    Args:
      features: The frozen network: images `(B, features_size, features_size, 3)` in [-1, 1] to
        maps of strides 4, 8, 16 and 32. It is not part of this network's variables.
      channels: Channels of these maps.
      features_size: Side in pixels to which images are resized; a power of two from 32.
      num_domains: Number K of pseudo-domains.
      head_width: Channels of the heads.
    """

    def __init__(
        self,
        features: Features,
        channels: Sequence[int],
        features_size: int,
        num_domains: int,
        head_width: int = 64,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.features_size = features_size
        # In a function, where Keras finds no layers to track.
        self._features = lambda x: features(x)
        dtype = self.dtype_policy
        self.channel_mixing = [
            _mixing(mixed, 1, c, dtype) for mixed, c in zip(MIXED_CHANNELS, channels, strict=True)
        ]
        self.scale_mixing = [
            _mixing(finer, 3, coarser, dtype)
            for finer, coarser in itertools.pairwise(MIXED_CHANNELS)
        ]
        self.heads = [
            _head(features_size // stride, mixed, head_width, num_domains, dtype)
            for stride, mixed in zip(STRIDES, MIXED_CHANNELS, strict=True)
        ]
        self.built = True

    def frozen_features(self, x: tf.Tensor) -> list[tf.Tensor]:
        """The frozen part: images `(B, S, S, 3)` in [-1, 1] to four mixed maps.

        Returns:
          `(B, F/4, F/4, 64)`, `(B, F/8, F/8, 128)`, `(B, F/16, F/16, 256)` and
          `(B, F/32, F/32, 512)` for `features_size` F.
        """
        maps = self._features(resize(x, self.features_size))
        mixed = [
            mix(tf.cast(m, self.compute_dtype))
            for mix, m in zip(self.channel_mixing, maps, strict=True)
        ]
        for i in reversed(range(len(self.scale_mixing))):
            coarse = self.scale_mixing[i](mixed[i + 1])
            coarse = tf.image.resize(coarse, mixed[i].shape[1:3])  # bilinear, in float32
            mixed[i] = (mixed[i] + tf.cast(coarse, mixed[i].dtype)) / math.sqrt(2.0)
        return mixed

    def judge(self, features: Sequence[tf.Tensor]) -> tf.Tensor:
        """Logits `(B, P, num_domains)` of the maps of `frozen_features`."""
        logits = []
        for head, x in zip(self.heads, features, strict=True):
            for layer in head[:-1]:
                x = tf.nn.leaky_relu(layer(x), LEAKY_SLOPE)
            x = head[-1](x)  # (B, 4, 4, K)
            logits.append(tf.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3])))
        return tf.cast(tf.concat(logits, 1), self.variable_dtype)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Logits `(B, P, num_domains)` of images `(B, S, S, 3)` in [-1, 1]."""
        return self.judge(self.frozen_features(x))

    def follow_update(self) -> None:
        """Estimates the spectral norms again, after the kernels have moved."""
        for head in self.heads:
            for layer in head:
                layer.power_iteration()


def resize(x: tf.Tensor, side: int) -> tf.Tensor:
    """Images `(B, S, S, 3)` to `(B, side, side, 3)`; sides are powers of two.

    Bilinear to larger, the mean of whole pixels to smaller ones.
    """
    size = x.shape[1]
    if side < size:
        return tf.nn.avg_pool2d(x, size // side, size // side, "VALID")
    return tf.cast(tf.image.resize(x, (side, side)), x.dtype) if side > size else x


def _mixing(filters: int, kernel_size: int, channels: int, dtype: Any) -> Conv2D:
    """A fixed random convolution that keeps the variance."""
    layer = Conv2D(
        filters,
        kernel_size,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal"),
        trainable=False,
        dtype=dtype,
    )
    layer.build((None, None, None, channels))
    return layer


def _head(
    side: int, channels: int, width: int, num_domains: int, dtype: Any
) -> list[SpectralConv2D]:
    """Halves a map `(B, side, side, channels)` down to 4x4 patches, then judges them."""
    layers = []
    while side > PATCHES:
        layers.append(SpectralConv2D(width, 4, stride=2, dtype=dtype))
        side //= 2
    layers.append(SpectralConv2D(width, 3, dtype=dtype))
    layers.append(SpectralConv2D(num_domains, 1, dtype=dtype))
    for layer in layers:
        layer.build((None, None, None, channels))
        channels = layer.filters
    return layers
