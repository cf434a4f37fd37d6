"""The phone's graphs of the two networks: same weights and numbers, fewer and faster operations.

Static shapes, rank 4, built-in operations only. A phone's batch is 1; functions of another or an
unknown batch N are for other runtimes, which need simple operations too. Weights become constants;
the biases before an instance norm are left out, as it removes them.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.mobile import operations
from export.mobile.operations import adaptive_instance_norm
from tunit_tf.networks import Generator, GuidingNetwork
from tunit_tf.networks.generator import RESIDUAL_SCALE
from tunit_tf.networks.guiding import TRUNK
from tunit_tf.networks.layers import BatchNorm, ReflectConv2D, UpsampleConv2D

Layer = Callable[[tf.Tensor], tf.Tensor]
Generate = Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]

TO_IMAGE_BLOCK = 2  # pixels in each direction that the last convolution computes at once
STYLE_EPSILON = 1e-12  # on the square of a style code's length, as in the network


def encoder(
    guiding: GuidingNetwork, style_factor: float = 1.0
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """`encode`: `image` `(N, S, S, 3)` to `style` and `domain_probabilities`, BatchNorm folded.

    Args:
      guiding: The network.
      style_factor: On style codes before they are normalized; see `ranges.style_factor`.
    """
    trunk = _trunk(guiding)
    factor = style_factor if guiding.normalize_style else 1.0
    style_head, domain_head = _dense(guiding.style_head, factor), _dense(guiding.domain_head)

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        features = trunk(image)
        style = style_head(features)
        if guiding.normalize_style:
            square = tf.reduce_sum(style * style, -1, keepdims=True)
            reciprocal = tf.math.rsqrt(tf.maximum(square, STYLE_EPSILON * factor**2))
            style *= tf.minimum(reciprocal, operations.LARGEST_RECIPROCAL)
        return {
            "style": style,  # (N, style_dim)
            "domain_probabilities": tf.nn.softmax(domain_head(features)),  # (N, K)
        }

    return encode


def style_length(guiding: GuidingNetwork) -> Layer:
    """A function from images to the lengths `(N,)` of their style codes before normalization."""
    trunk, head = _trunk(guiding), _dense(guiding.style_head)
    return lambda image: tf.norm(head(trunk(image)), axis=-1)


def generator(
    network: Generator,
    factors: Sequence[np.ndarray] | None = None,
    norm: Callable[..., tf.Tensor] = adaptive_instance_norm,
) -> Generate:
    """`generate`: `image` `(N, S, S, 3)` and `style` `(N, style_dim)` to `translated`.

    Args:
      network: The network.
      factors: `(C,)` for every norm in the order of the graph, powers of two on the channels that
        it gets; see `ranges.norm_factors`. None for none.
      norm: What computes the norms, called as `operations.adaptive_instance_norm`.
    """
    draw = _drawing(network, factors)
    return lambda image, style: {"translated": draw(image, style, norm)}


def norm_inputs(network: Generator) -> Callable[[tf.Tensor, tf.Tensor], list[tf.Tensor]]:
    """A function from image and style to the maps `(N, H, W, C)` that the generator's norms get."""
    draw = _drawing(network, None)

    def inputs(image: tf.Tensor, style: tf.Tensor) -> list[tf.Tensor]:
        maps = []

        def norm(x: tf.Tensor, *options: Any) -> tf.Tensor:
            maps.append(x)
            return adaptive_instance_norm(x, *options)

        draw(image, style, norm)
        return maps

    return inputs


def _trunk(guiding: GuidingNetwork) -> Layer:
    """From images to their features `(N, 512)`."""
    folded = [
        _fold(convolution, norm)
        for convolution, norm in zip(guiding.convolutions, guiding.norms, strict=True)
    ]

    def features(image: tf.Tensor) -> tf.Tensor:
        x, weights = image, iter(folded)
        for width in TRUNK:
            if width == "pool":
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            else:
                kernel, bias = next(weights)
                x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
        return operations.mean(x, keepdims=False)

    return features


def _drawing(network: Generator, factors: Sequence[np.ndarray] | None) -> Callable[..., tf.Tensor]:
    """`(image, style, norm)` to the image redrawn; `norm` is called as `adaptive_instance_norm`."""
    # The scale of a residual branch goes into the weights of its second norm.
    residual_scales = [1.0, RESIDUAL_SCALE] * len(network.decoder_blocks)
    scales = residual_scales + [1.0] * len(network.ups)
    heads = [
        _style_head(head, scale) for head, scale in zip(network.adain_heads, scales, strict=True)
    ]
    mlp = [_dense(dense) for dense in network.mlp]
    each = itertools.repeat(np.ones(())) if factors is None else iter(factors)
    downs = [_normed(_reflect_conv, layer, each) for layer in [network.stem, *network.downs]]
    encoder_blocks, decoder_blocks = (
        [[_normed(_reflect_conv, layer, each) for layer in block] for block in blocks]
        for blocks in (network.encoder_blocks, network.decoder_blocks)
    )
    ups = [_normed(_upsample_conv, layer, each) for layer in network.ups]
    kernel_to_image, bias_to_image = (
        v.numpy() for v in (network.to_image.kernel, network.to_image.bias)
    )

    def draw(image: tf.Tensor, style: tf.Tensor, norm: Callable[..., tf.Tensor]) -> tf.Tensor:
        x = image
        for down, epsilon in downs:
            x = tf.nn.relu(norm(down(x), 1.0, None, epsilon))  # (N, S/2^i, S/2^i, base * 2^i)
        for (first, epsilon), (second, epsilon_2) in encoder_blocks:
            residual = tf.nn.relu(norm(first(x), 1.0, None, epsilon))
            x += norm(second(residual), RESIDUAL_SCALE, None, epsilon_2)
        hidden = style
        for dense in mlp:
            hidden = tf.nn.relu(dense(hidden))  # (N, 256)
        styles = (head(hidden) for head in heads)
        for (first, epsilon), (second, epsilon_2) in decoder_blocks:
            residual = tf.nn.relu(norm(first(x), *next(styles), epsilon))
            x += norm(second(residual), *next(styles), epsilon_2)
        for up, epsilon in ups:  # (N, 16 * 2^i, 16 * 2^i, C / 2^i)
            x = tf.nn.relu(norm(up(x), *next(styles), epsilon))
        x = operations.reflect_pad(x, network.to_image.pad)
        x = operations.convolve_to_few(x, kernel_to_image, bias_to_image, TO_IMAGE_BLOCK)
        return tf.tanh(x)  # (N, S, S, 3)

    return draw


def _normed(
    make: Callable[..., Layer], layer: ReflectConv2D | UpsampleConv2D, factors: Iterator[np.ndarray]
) -> tuple[Layer, np.ndarray]:
    """A convolution without its bias times the next factor, and the epsilon of its norm.

    A norm takes every factor out again, if its epsilon has the factor's square.
    """
    factor, dtype = next(factors), layer.kernel.numpy().dtype
    kernel = (layer.kernel.numpy() * factor).astype(dtype)
    return make(layer, kernel), (operations.EPSILON * factor**2).astype(dtype)


def _reflect_conv(layer: ReflectConv2D, kernel: np.ndarray) -> Layer:
    return lambda x: operations.convolve(
        operations.reflect_pad(x, layer.pad), tf.constant(kernel), layer.strides[0]
    )


def _upsample_conv(_: UpsampleConv2D, kernel: np.ndarray) -> Layer:
    return lambda x: operations.upsample_convolve(x, kernel)


def _fold(convolution: keras.layers.Conv2D, norm: BatchNorm) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution with its batch norm, computed in float64."""
    kernel, bias = (np.float64(v.numpy()) for v in (convolution.kernel, convolution.bias))
    gamma, beta, mean, variance = (
        np.float64(v.numpy())
        for v in (norm.gamma, norm.beta, norm.running_mean, norm.running_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    dtype = convolution.kernel.numpy().dtype
    return (kernel * scale).astype(dtype), ((bias - mean) * scale + beta).astype(dtype)


def _dense(layer: keras.layers.Dense, factor: float = 1.0) -> Layer:
    kernel, bias = layer.kernel.numpy() * factor, layer.bias.numpy() * factor
    return lambda x: tf.matmul(x, kernel) + bias


def _style_head(layer: keras.layers.Dense, factor: float) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """One dense layer for the scales and one for the shifts of an AdaIN, times a factor."""
    kernel, bias = layer.kernel.numpy() * factor, layer.bias.numpy() * factor
    shift, scale = zip(np.split(kernel, 2, axis=1), np.split(bias, 2), strict=True)

    def head(hidden: tf.Tensor) -> list[tf.Tensor]:
        batch = hidden.shape[0] or -1  # (N, 1, 1, C) each, without an operation for the size
        return [
            tf.reshape(tf.matmul(hidden, kernel) + bias, (batch, 1, 1, len(bias)))
            for kernel, bias in (scale, shift)
        ]

    return head
