"""Guiding network E: one VGG-11 trunk with two heads, for style codes and domain logits."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tunit_tf.networks.layers import BatchNorm, Conv2D, he_normal

# Channels of the eight convolutions; "pool" is a 2x2 max pooling (VGG-11, configuration A).
TRUNK = (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool")


class GuidingOutput(NamedTuple):
    """`style`: `(B, style_dim)`; `domain_logits`: `(B, num_domains)`; both float32."""

    style: tf.Tensor
    domain_logits: tf.Tensor


class CenteredNormal(keras.initializers.RandomNormal):
    """Normal kernel `(inputs, outputs)` whose columns have mean zero.

    The trunk's features start with nearly equal, positive means. Without centering they push every
    domain logit by a constant, and some domains are dead before the first step.
    """

    def __init__(self, stddev: float, seed: int | None = None) -> None:
        super().__init__(0.0, stddev, seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
        """A kernel of this shape."""
        kernel = super().__call__(shape, dtype)
        return kernel - tf.reduce_mean(kernel, axis=0)


class GuidingNetwork(keras.Model):
    """Style encoder and clusterer in one call: `(B, H, W, 3)` in [-1, 1] to `GuidingOutput`.

    VGG-11 with batch norm and global average pooling, so the image size is free from 32 px on
    (TUNIT, section 3.1).

    Args:
      num_domains: Number K of pseudo-domains.
      style_dim: Length of the style code.
      width_multiplier: Factor on the trunk's channels.
      normalize_style: Whether style codes are L2-normalized (the paper's runs: no).
      domain_stddev: Standard deviation of the domain head's first kernel (the paper's: 0.01).
    """

    def __init__(
        self,
        num_domains: int,
        style_dim: int = 128,
        width_multiplier: float = 1.0,
        normalize_style: bool = False,
        domain_stddev: float = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_domains = num_domains
        self.style_dim = style_dim
        self.width_multiplier = width_multiplier
        self.normalize_style = normalize_style
        self.domain_stddev = domain_stddev
        dtype = self.dtype_policy
        widths = [max(1, round(width_multiplier * c)) for c in TRUNK if isinstance(c, int)]
        self.convolutions = [
            Conv2D(width, 3, padding="same", kernel_initializer=he_normal("fan_out"), dtype=dtype)
            for width in widths
        ]
        self.norms = [BatchNorm(dtype=dtype) for _ in widths]
        self.style_head = keras.layers.Dense(
            style_dim, kernel_initializer=keras.initializers.RandomNormal(0.0, 0.01), dtype=dtype
        )
        self.domain_head = keras.layers.Dense(
            num_domains, kernel_initializer=CenteredNormal(domain_stddev), dtype=dtype
        )
        channels = 3
        for convolution, norm, width in zip(self.convolutions, self.norms, widths, strict=True):
            convolution.build((None, None, None, channels))
            norm.build((None, None, None, width))
            channels = width
        self.style_head.build((None, channels))
        self.domain_head.build((None, channels))
        self.built = True

    def call(self, x: tf.Tensor, training: bool) -> GuidingOutput:
        """Style codes and domain logits of images `(B, H, W, 3)` in [-1, 1]."""
        layers = zip(self.convolutions, self.norms, strict=True)
        for width in TRUNK:
            if width == "pool":
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            else:
                convolution, norm = next(layers)
                x = tf.nn.relu(norm(convolution(x), training=training))
        features = tf.reduce_mean(x, (1, 2))  # (B, 512 * width_multiplier)
        style = tf.cast(self.style_head(features), self.variable_dtype)
        if self.normalize_style:
            style = tf.math.l2_normalize(style, axis=-1)
        return GuidingOutput(style, tf.cast(self.domain_head(features), self.variable_dtype))

    @property
    def style_variables(self) -> list[keras.Variable]:
        """Trainable variables on the way to the style code: all but the domain head's."""
        domain_head = {id(v) for v in self.domain_head.trainable_variables}
        return [v for v in self.trainable_variables if id(v) not in domain_head]
