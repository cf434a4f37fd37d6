"""The phone's operations against NumPy, in float64."""

import numpy as np
import pytest
import tensorflow as tf

from export.mobile import conversion, operations
from tunit_tf.networks import layers as textbook


def reflected(x, pad):
    return np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)], "reflect")


def correlated(x, kernel):
    """Valid convolution of `(1, H, W, C)` with `(k, k, C, F)`."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("bhwcij,ijcf->bhwf", windows, kernel)


@pytest.mark.parametrize("pad", [1, 2, 3])
def test_reflect_pad_mirrors_without_the_edge(rng, pad):
    x = rng.standard_normal((1, 5, 7, 2))
    np.testing.assert_array_equal(operations.reflect_pad(tf.constant(x), pad), reflected(x, pad))


@pytest.mark.parametrize("size", [(2, 2), (2, 5), (3, 3), (4, 4), (7, 4), (16, 16)])
def test_upsampling_by_even_and_odd_taps_is_exact_up_to_the_border(rng, size):
    x, kernel = rng.standard_normal((1, *size, 3)), rng.standard_normal((5, 5, 3, 4))
    expected = correlated(reflected(x.repeat(2, axis=1).repeat(2, axis=2), 2), kernel)
    drawn = operations.upsample_convolve(tf.constant(x), kernel)
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-12)


def test_upsampling_stores_every_weight_once(rng):
    kernel = rng.standard_normal((5, 5, 64, 32)).astype(np.float32)

    def upsample(x):
        return {"y": operations.upsample_convolve(x, kernel)}

    content = conversion.convert(upsample, "upsample", {"x": (1, 8, 8, 64)})
    assert kernel.nbytes < len(content) < 1.2 * kernel.nbytes


@pytest.mark.parametrize(("block", "size", "filters"), [(2, 7, 3), (2, 3, 5), (4, 5, 1)])
def test_pixels_in_blocks_are_those_of_the_plain_convolution(rng, block, size, filters):
    x = rng.standard_normal((1, 8 + size - 1, 12 + size - 1, 4))
    kernel, bias = rng.standard_normal((size, size, 4, filters)), rng.standard_normal(filters)
    drawn = operations.convolve_to_few(tf.constant(x), kernel, bias, block)
    np.testing.assert_allclose(drawn, correlated(x, kernel) + bias, rtol=0, atol=1e-12)


def test_adaptive_instance_norm_has_the_given_moments(rng):
    x = rng.standard_normal((1, 6, 5, 3)) * [1.0, 5.0, 0.01] + [3.0, -2.0, 0.0]
    scale, shift = rng.standard_normal((2, 1, 1, 1, 3))
    drawn = operations.adaptive_instance_norm(tf.constant(x), scale, shift)
    expected = textbook.adaptive_instance_norm(
        tf.constant(x), tf.constant(shift[:, 0, 0]), tf.constant(scale[:, 0, 0])
    )
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-12)
