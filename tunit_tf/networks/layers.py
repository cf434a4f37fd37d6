"""Layers that Keras lacks: exact folded convolutions, AdaIN, FRN, synchronized batch norm.

Tensors are NHWC. Statistics are computed in the dtype of the variables, which is float32 under the
mixed policies. A folded layer equals its textbook form with fewer multiplications
(`tests/networks/direct.py` has the textbook forms).
"""

from typing import Any

import keras
import tensorflow as tf

from tunit_tf.distribution import all_mean, num_replicas


def he_normal(mode: str = "fan_in") -> keras.initializers.Initializer:
    """Normal initializer of variance 2 / fan (He et al., ICCV 2015).

    Not truncated, unlike `keras.initializers.HeNormal`.
    """
    return keras.initializers.VarianceScaling(2.0, mode, "untruncated_normal")


def pad_pixels(x: tf.Tensor, pad: int, mode: str) -> tf.Tensor:
    """Pads height and width of `(B, H, W, C)` by `pad` pixels on every side."""
    return tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]], mode)


class Conv2D(keras.layers.Conv2D):
    """Keras' convolution in two operations.

    Keras' own call supports any number of dimensions and therefore adds reshapes, also to the
    gradient. They cost no time in a step, but a lot when the graph is built. Activations and
    dilation are not supported.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, H', W', filters)`."""
        kernel = tf.convert_to_tensor(self.kernel)
        x = tf.nn.conv2d(inputs, kernel, self.strides, self.padding.upper())
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias)) if self.use_bias else x


class ReflectConv2D(Conv2D):
    """Square convolution over a reflect-padded image, He-normal kernel, zero bias.

    Args:
      filters: Output channels.
      kernel_size: Side of the kernel.
      pad: Mirrored pixels on every side (the edge itself is not repeated).
      stride: Step in both directions.
    """

    def __init__(
        self, filters: int, kernel_size: int, pad: int, stride: int = 1, **kwargs: Any
    ) -> None:
        kwargs.setdefault("kernel_initializer", he_normal())
        super().__init__(filters, kernel_size, strides=stride, padding="valid", **kwargs)
        self.pad = pad

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, (H + 2 pad - kernel_size) / stride + 1, ..., filters)`."""
        return super().call(pad_pixels(inputs, self.pad, "REFLECT"))


class UpsampleConv2D(keras.layers.Conv2D):
    """Nearest-neighbor x2, then a 5x5 convolution with reflect padding 2.

    `(B, H, W, C) -> (B, 2H, 2W, filters)`. It is folded: each of the four output phases is a 3x3
    convolution of the low-resolution image, because neighboring taps of the 5x5 kernel meet
    equal pixels: 36 multiplications where the direct form needs 100. Only the outermost ring of
    the padded image breaks the repetition (reflection puts the second pixel there), so what it
    changes in the first and last output rows and columns is added on top.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_initializer", he_normal())
        super().__init__(filters, 5, padding="valid", **kwargs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for `(B, H, W, C)`."""
        # Without sizes: Keras would refuse images under 5 px, although they grow first.
        super().build((None, None, None, input_shape[-1]))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, 2H, 2W, filters)`."""
        kernel = tf.convert_to_tensor(self.kernel)
        x = pad_pixels(inputs, 1, "SYMMETRIC")
        x = tf.nn.conv2d(x, phase_kernel(kernel), strides=1, padding="VALID")  # (B, H, W, 4F)
        x = tf.nn.depth_to_space(x, 2)  # (B, 2H, 2W, F)
        x += reflection_rows(inputs, kernel, "REFLECT")
        columns = reflection_rows(
            tf.transpose(inputs, (0, 2, 1, 3)), tf.transpose(kernel, (1, 0, 2, 3)), "SYMMETRIC"
        )
        x += tf.transpose(columns, (0, 2, 1, 3))
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias))


def phase_kernel(kernel: tf.Tensor) -> tf.Tensor:
    """Folds a 5x5 kernel that follows a nearest-neighbor x2 into four 3x3 kernels.

    Args:
      kernel: `(5, 5, C, F)`.

    Returns:
      `(3, 3, C, 4F)`: row phase, column phase, filter; the order of depth-to-space.
    """
    # Which of the five taps meet the left, middle and right low-resolution pixel.
    even = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    odd = [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    taps = tf.constant([even, odd], kernel.dtype)  # (phase, 3, 5)
    phases = tf.einsum("pay,qbx,yxcf->abcpqf", taps, taps, kernel)
    return tf.reshape(phases, (3, 3, kernel.shape[2], 4 * kernel.shape[3]))


def reflection_rows(x: tf.Tensor, kernel: tf.Tensor, mode: str) -> tf.Tensor:
    """What the outermost padded rows add to a 5x5 convolution of the upsampled image.

    The folded form assumes that the outermost padded row repeats the first image row; reflection
    puts the second one there. Only the outermost kernel row and output row meet it.

    Args:
      x: `(B, H, W, C)`, the image before upsampling.
      kernel: `(5, 5, C, F)`.
      mode: How the two padded columns on either side continue these rows.

    Returns:
      `(B, 2H, 2W, F)`, zero except in the first and last row.
    """
    height = 2 * x.shape[1]
    top, bottom = x[:, 1:2] - x[:, :1], x[:, -2:-1] - x[:, -1:]
    rows = tf.repeat(tf.concat([top, bottom], 1), 2, axis=2)  # (B, 2, 2W, C)
    rows = tf.pad(rows, [[0, 0], [0, 0], [2, 2], [0, 0]], mode)
    top = tf.nn.conv2d(rows[:, :1], kernel[:1], strides=1, padding="VALID")  # (B, 1, 2W, F)
    bottom = tf.nn.conv2d(rows[:, 1:], kernel[-1:], strides=1, padding="VALID")
    return tf.pad(top, [[0, 0], [0, height - 1], [0, 0], [0, 0]]) + tf.pad(
        bottom, [[0, 0], [height - 1, 0], [0, 0], [0, 0]]
    )


class ConvAveragePool2D(Conv2D):
    """3x3 'same' convolution, then 2x2 average pooling.

    `(B, H, W, C) -> (B, H/2, W/2, filters)`. It is folded to one 4x4 convolution of stride 2 whose
    kernel is the mean of the four shifted 3x3 kernels: 16 multiplications instead of 36.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_initializer", he_normal())
        super().__init__(filters, 3, padding="same", **kwargs)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, H/2, W/2, filters)`."""
        kernel = tf.convert_to_tensor(self.kernel)
        kernel = sum(
            tf.pad(kernel, [[row, 1 - row], [column, 1 - column], [0, 0], [0, 0]])
            for row in (0, 1)
            for column in (0, 1)
        )  # (4, 4, C, F)
        x = tf.nn.conv2d(inputs, kernel / 4, strides=2, padding="SAME")
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias))


def instance_norm(x: tf.Tensor, epsilon: float = 1e-5) -> tf.Tensor:
    """Normalizes `(B, H, W, C)` to mean 0 and variance 1 per sample and channel (no affine)."""
    scale = tf.ones((1, x.shape[-1]), tf.float64 if x.dtype == tf.float64 else tf.float32)
    return adaptive_instance_norm(x, tf.zeros_like(scale), scale, epsilon)


def adaptive_instance_norm(
    x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor, epsilon: float = 1e-5
) -> tf.Tensor:
    """AdaIN (Huang and Belongie, ICCV 2017): `scale * (x - mean) / sqrt(var + eps) + shift`.

    Args:
      x: `(B, H, W, C)`; mean and biased variance are taken over H and W.
      shift: `(B, C)` or `(1, C)`; its dtype is that of the statistics.
      scale: As `shift`, used as it is (no "1 +").
      epsilon: Added to the variance.

    Returns:
      `(B, H, W, C)` in the dtype of `x`.
    """
    mean, variance = tf.nn.moments(tf.cast(x, scale.dtype), (1, 2), keepdims=True)
    scale = scale[:, None, None, :] * tf.math.rsqrt(variance + epsilon)  # (B, 1, 1, C)
    shift = shift[:, None, None, :] - mean * scale
    return x * tf.cast(scale, x.dtype) + tf.cast(shift, x.dtype)


class FilterResponseNorm(keras.layers.Layer):
    """Filter response normalization with thresholded linear unit (Singh and Krishnan, CVPR 2020).

    `max(gamma * x / sqrt(mean(x^2 over H, W) + eps) + beta, tau)`, per channel
    gamma = 1, beta = tau = 0 at the start. Each sample is normalized alone.
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for `(B, H, W, C)`."""
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")
        self.tau = self.add_weight(shape=channels, initializer="zeros", name="tau")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalized `(B, H, W, C)`, in the dtype of `inputs`."""
        x = tf.cast(inputs, self.variable_dtype)
        square = tf.reduce_mean(tf.square(x), (1, 2), keepdims=True)  # (B, 1, 1, C)
        scale = tf.cast(tf.math.rsqrt(square + self.epsilon), inputs.dtype) * self.gamma
        return tf.maximum(inputs * scale + self.beta, self.tau)


class BatchNorm(keras.layers.Layer):
    """Batch normalization over the *global* batch, with PyTorch's running statistics.

    With `training`, mean and variance come from the batch of all replicas, and, unless the layer
    is frozen (`trainable = False`), the running mean and *unbiased* variance follow them. A frozen
    layer in training mode is what a key encoder needs: batch statistics, no side effect. Without
    `training` the running statistics are used.

    Args:
      momentum: Share of the old running statistics that is kept.
      epsilon: Added to the variance.
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for `(B, H, W, C)`."""
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")
        # Every replica computes the same synchronized statistics, so any one may write them.
        running = {"trainable": False, "aggregation": "only_first_replica", "autocast": False}
        self.running_mean = self.add_weight(
            shape=channels, initializer="zeros", name="running_mean", **running
        )
        self.running_variance = self.add_weight(
            shape=channels, initializer="ones", name="running_variance", **running
        )

    def call(self, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """Normalized `(B, H, W, C)`, in the dtype of `inputs`."""
        x = tf.cast(inputs, self.variable_dtype)
        if training:
            mean = all_mean(tf.reduce_mean(x, (0, 1, 2)))
            variance = all_mean(tf.reduce_mean(tf.square(x - mean), (0, 1, 2)))
            if self.trainable:
                # Several workers give batches without a static size.
                count = x.shape[:-1].num_elements() or tf.size(x) // x.shape[-1]
                self._follow(mean, variance, count * num_replicas())
        else:
            mean = tf.convert_to_tensor(self.running_mean)
            variance = tf.convert_to_tensor(self.running_variance)
        gamma, beta = tf.cast(self.gamma, x.dtype), tf.cast(self.beta, x.dtype)
        return tf.cast(
            tf.nn.batch_normalization(x, mean, variance, beta, gamma, self.epsilon), inputs.dtype
        )

    def _follow(self, mean: tf.Tensor, variance: tf.Tensor, count: int | tf.Tensor) -> None:
        if isinstance(count, int):
            unbiased = variance * (count / max(count - 1, 1))
        else:
            unbiased = variance * tf.cast(count / tf.maximum(count - 1, 1), variance.dtype)
        for running, value in ((self.running_mean, mean), (self.running_variance, unbiased)):
            running.assign(self.momentum * running + (1 - self.momentum) * value)
