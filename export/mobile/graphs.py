"""The phone's graphs of the two networks: same weights and numbers, fewer and faster operations.

Batch 1, static shapes, rank 4, built-in operations only. Weights become constants; the
biases before an instance norm are left out, as it removes them.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from export.mobile import operations
from export.mobile.operations import adaptive_instance_norm
from tunit_tf.networks import Generator, GuidingNetwork
from tunit_tf.networks.generator import RESIDUAL_SCALE
from tunit_tf.networks.guiding import TRUNK
from tunit_tf.networks.layers import BatchNorm, ReflectConv2D

Layer = Callable[[tf.Tensor], tf.Tensor]

TO_IMAGE_BLOCK = 2  # pixels in each direction that the last convolution computes at once


def encoder(guiding: GuidingNetwork) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """`encode`: `image` `(1, S, S, 3)` to `style` and `domain_probabilities`, BatchNorm folded."""
    folded = [
        _fold(convolution, norm)
        for convolution, norm in zip(guiding.convolutions, guiding.norms, strict=True)
    ]
    style_head, domain_head = _dense(guiding.style_head), _dense(guiding.domain_head)

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        x, weights = image, iter(folded)
        for width in TRUNK:
            if width == "pool":
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            else:
                kernel, bias = next(weights)
                x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
        features = tf.reduce_mean(x, (1, 2))  # (1, 512)
        style = style_head(features)
        if guiding.normalize_style:
            square = tf.reduce_sum(style * style, -1, keepdims=True)
            style *= tf.math.rsqrt(tf.maximum(square, 1e-12))
        return {
            "style": style,  # (1, style_dim)
            "domain_probabilities": tf.nn.softmax(domain_head(features)),  # (1, K)
        }

    return encode


def generator(network: Generator) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """`generate`: `image` `(1, S, S, 3)` and `style` `(1, style_dim)` to `translated`."""
    # The scale of a residual branch goes into the weights of its second norm.
    residual_scales = [1.0, RESIDUAL_SCALE] * len(network.decoder_blocks)
    scales = residual_scales + [1.0] * len(network.ups)
    heads = [
        _style_head(head, scale) for head, scale in zip(network.adain_heads, scales, strict=True)
    ]
    mlp = [_dense(dense) for dense in network.mlp]
    downs = [_reflect_conv(convolution) for convolution in [network.stem, *network.downs]]
    encoder_blocks, decoder_blocks = (
        [[_reflect_conv(convolution) for convolution in block] for block in blocks]
        for blocks in (network.encoder_blocks, network.decoder_blocks)
    )
    ups = [up.kernel.numpy() for up in network.ups]
    kernel_to_image, bias_to_image = (
        v.numpy() for v in (network.to_image.kernel, network.to_image.bias)
    )

    def generate(image: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
        x = image
        for down in downs:
            x = tf.nn.relu(adaptive_instance_norm(down(x), 1.0))  # (1, S/2^i, S/2^i, base * 2^i)
        for first, second in encoder_blocks:
            residual = tf.nn.relu(adaptive_instance_norm(first(x), 1.0))
            x += adaptive_instance_norm(second(residual), RESIDUAL_SCALE)
        hidden = style
        for dense in mlp:
            hidden = tf.nn.relu(dense(hidden))  # (1, 256)
        styles = (head(hidden) for head in heads)
        for first, second in decoder_blocks:
            residual = tf.nn.relu(adaptive_instance_norm(first(x), *next(styles)))
            x += adaptive_instance_norm(second(residual), *next(styles))
        for kernel in ups:
            x = operations.upsample_convolve(x, kernel)  # (1, 16 * 2^i, 16 * 2^i, C / 2^i)
            x = tf.nn.relu(adaptive_instance_norm(x, *next(styles)))
        x = operations.reflect_pad(x, network.to_image.pad)
        x = operations.convolve_to_few(x, kernel_to_image, bias_to_image, TO_IMAGE_BLOCK)
        return {"translated": tf.tanh(x)}  # (1, S, S, 3)

    return generate


def _reflect_conv(layer: ReflectConv2D) -> Layer:
    """A `ReflectConv2D` without its bias."""
    kernel = layer.kernel.numpy()
    return lambda x: operations.convolve(
        operations.reflect_pad(x, layer.pad), tf.constant(kernel), layer.strides[0]
    )


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


def _dense(layer: keras.layers.Dense) -> Layer:
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    return lambda x: tf.matmul(x, kernel) + bias


def _style_head(layer: keras.layers.Dense, factor: float) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """One dense layer for the scales and one for the shifts of an AdaIN, times a factor."""
    kernel, bias = layer.kernel.numpy() * factor, layer.bias.numpy() * factor
    shift, scale = zip(np.split(kernel, 2, axis=1), np.split(bias, 2), strict=True)

    def head(hidden: tf.Tensor) -> list[tf.Tensor]:
        return [
            tf.reshape(tf.matmul(hidden, kernel) + bias, (1, 1, 1, -1))
            for kernel, bias in (scale, shift)
        ]

    return head
