"""Operations of the phone's graph: what XNNPACK runs, and no more multiplications than needed.

Tensors are `(N, H, W, C)`, static but for the batch N (1 on a phone), kernels are constants. Every
function computes what its counterpart in `tunit_tf.networks.layers` does; `docs/architecture.md`
has the algebra.
"""

import numpy as np
import tensorflow as tf

EPSILON = 1e-5  # instance norms
LARGEST_RECIPROCAL = 2.0**12  # limit of 1 / sqrt(variance); 15 times it still fits float16
BLOCK = 16  # side of the blocks that are averaged in one operation
MEAN = "map_mean"  # in the names of the tensors of a mean


def convolve(x: tf.Tensor, kernel: tf.Tensor, stride: int = 1) -> tf.Tensor:
    """Convolution without padding."""
    return tf.nn.conv2d(x, kernel, stride, "VALID")


def reflect_pad(x: tf.Tensor, pad: int) -> tf.Tensor:
    """Mirrors `pad` pixels on every side, the edge itself not repeated.

    MIRROR_PAD is not among XNNPACK's operations; slices and short concatenations are.
    """
    for axis in (1, 2):
        last = x.shape[axis] - 1
        before = _joined([_one(x, i, axis) for i in range(pad, 0, -1)], axis)
        after = _joined([_one(x, last - i, axis) for i in range(1, pad + 1)], axis)
        x = tf.concat([before, x, after], axis)
    return x


def symmetric_pad(x: tf.Tensor) -> tf.Tensor:
    """Repeats the edge once on every side."""
    for axis in (1, 2):
        x = tf.concat([_one(x, 0, axis), x, _one(x, x.shape[axis] - 1, axis)], axis)
    return x


def mean(x: tf.Tensor, keepdims: bool = True) -> tf.Tensor:
    """Means over rows and columns, `(N, 1, 1, C)`, or `(N, C)` without `keepdims`.

    Computed over blocks first, then over their means: no sum has more than 256 terms where the
    sides are powers of two. In float16, the sum of a whole map may pass 65504, and rounds more.
    """
    with tf.name_scope(MEAN):
        while min(x.shape[1:3]) > BLOCK and x.shape[1] % BLOCK == x.shape[2] % BLOCK == 0:
            x = tf.nn.avg_pool2d(x, BLOCK, BLOCK, "VALID")
        return tf.reduce_mean(x, (1, 2), keepdims=keepdims)


def adaptive_instance_norm(
    x: tf.Tensor,
    scale: tf.Tensor | float,
    shift: tf.Tensor | None = None,
    epsilon: float | np.ndarray = EPSILON,
) -> tf.Tensor:
    """`scale * (x - mean) / sqrt(var + eps) + shift`; `scale` and `shift` are `(N, 1, 1, C)`.

    The difference is squared by a product (SQUARED_DIFFERENCE is delegated in float only) and
    used again for the result. The limit of the reciprocal root changes nothing in float32; in
    float16 it keeps the result finite where variance and `epsilon`, too small for it, become zero.

    Args:
      x: `(N, H, W, C)`.
      scale: Factor of the result.
      shift: Added to the result; None for none.
      epsilon: Added to the variance; a number, or one per channel.
    """
    difference = x - mean(x)
    variance = mean(difference * difference)
    limit = np.minimum(epsilon**-0.5, LARGEST_RECIPROCAL)
    reciprocal = tf.minimum(tf.math.rsqrt(variance + epsilon), tf.cast(limit, x.dtype))
    x = difference * (scale * reciprocal)
    return x if shift is None else x + shift


def upsample_convolve(x: tf.Tensor, kernel: np.ndarray) -> tf.Tensor:
    """Nearest x2, then a 5x5 convolution with reflect padding 2, without a bias.

    `(N, H, W, C)` to `(N, 2H, 2W, F)`. Repeating pixels is putting zeros between them and summing
    neighbors (a 2x2 box), and box and convolution commute. A convolution that meets zeros
    at every second place splits into four, by even and odd taps, of the low-resolution image:
    25 multiplications for 100, and each weight is stored once.

    Args:
      x: Low-resolution image.
      kernel: `(5, 5, C, F)`.
    """
    kernel = 4 * kernel  # average pooling is the box divided by four; a power of two is exact
    both, rows, columns, neither = (
        tf.constant(kernel[i::2, j::2]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    )  # even taps in both directions (3x3), in rows only (3x2), columns only, neither (2x2)
    padded = symmetric_pad(x)
    # Symmetric padding repeats x's edge in the upsampled image once more than reflection does. What
    # that changes depends on these differences, and reaches the outermost odd taps only.
    top_bottom = _reflection(padded, 1)  # (N, 4, W + 2, C)
    left_right = _reflection(padded, 2)  # (N, H + 2, 4, C)
    corners = _reflection(top_bottom, 2)  # (N, 4, 4, C)

    z_both = convolve(padded, both)  # (N, H, W, F)
    z_rows = _add_to_edges(convolve(padded, rows), convolve(left_right, both), 2)  # (N, H, W+1, F)
    z_columns = _add_to_edges(convolve(padded, columns), convolve(top_bottom, both), 1)
    edge_rows = _add_to_edges(convolve(top_bottom, rows), convolve(corners, both), 2)
    z_neither = _add_to_edges(convolve(padded, neither), convolve(left_right, columns), 2)
    z_neither = _add_to_edges(z_neither, edge_rows, 1)  # (N, H + 1, W + 1, F)

    z_rows, z_columns = _pad_end(z_rows, 1, 1), _pad_end(z_columns, 1, 2)
    z_both = _pad_end(_pad_end(z_both, 1, 1), 1, 2)
    phases = [z_neither, z_columns, z_rows, z_both]  # each (N, H + 1, W + 1, F)
    z = tf.nn.depth_to_space(tf.concat(phases, 3), 2)  # (N, 2H + 2, 2W + 2, F)
    y = tf.nn.avg_pool2d(z, 2, 1, "VALID")
    return y[:, :-1, :-1]


def convolve_to_few(x: tf.Tensor, kernel: np.ndarray, bias: np.ndarray, block: int) -> tf.Tensor:
    """A convolution without padding to few channels, `block`^2 pixels at a time.

    CPUs compute 8 or 16 channels at once, so three cost as much as 16. One strided convolution
    gives the channels of a block of pixels; its larger kernel holds shifted copies of
    the small one.

    Args:
      x: `(N, H, W, C)`.
      kernel: `(k, k, C, F)`.
      bias: `(F,)`.
      block: Side of the blocks, at least 2; divides `H - k + 1` and `W - k + 1`.
    """
    size, _, channels, filters = kernel.shape
    wide = np.zeros((size + block - 1,) * 2 + (channels, block, block, filters), kernel.dtype)
    for i in range(block):
        for j in range(block):
            wide[i : i + size, j : j + size, :, i, j] = kernel
    wide = wide.reshape(*wide.shape[:3], -1)
    x = convolve(x, tf.constant(wide), block) + np.tile(bias, block**2)
    return tf.nn.depth_to_space(x, block)


def _reflection(x: tf.Tensor, axis: int) -> tf.Tensor:
    """Difference of reflection and symmetric padding at both edges, with two zeros in between.

    Args:
      x: Symmetrically padded along `axis`, which gets length 4.
      axis: 1 or 2, the rows or the columns.
    """
    last = x.shape[axis] - 1
    first = _one(x, 2, axis) - _one(x, 1, axis)
    final = _one(x, last - 2, axis) - _one(x, last - 1, axis)
    # Not zeros as a constant: it would be stored, at the size of an image's edge.
    return tf.concat([_pad_end(first, 2, axis), final], axis)


def _add_to_edges(x: tf.Tensor, edges: tf.Tensor, axis: int) -> tf.Tensor:
    """Adds `edges`, of length 2 along `axis`, to the first and the last of `x`."""
    last = x.shape[axis] - 1
    first = _one(x, 0, axis) + _one(edges, 0, axis)
    final = _one(x, last, axis) + _one(edges, 1, axis)
    return tf.concat([first, _slice(x, 1, last, axis), final], axis)


def _pad_end(x: tf.Tensor, count: int, axis: int) -> tf.Tensor:
    """Appends zeros along `axis`."""
    return tf.pad(x, [[0, count if i == axis else 0] for i in range(4)])


def _slice(x: tf.Tensor, start: int, stop: int, axis: int) -> tf.Tensor:
    return x[:, start:stop] if axis == 1 else x[:, :, start:stop]


def _one(x: tf.Tensor, index: int, axis: int) -> tf.Tensor:
    return _slice(x, index, index + 1, axis)


def _joined(parts: list[tf.Tensor], axis: int) -> tf.Tensor:
    return tf.concat(parts, axis) if len(parts) > 1 else parts[0]
