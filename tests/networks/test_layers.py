"""Layers against direct forms, NumPy and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks import direct
from tunit_tf.networks import layers

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


def randomized(layer, channels):
    layer.build((None, 8, 8, channels))
    for weight in layer.trainable_variables:
        weight.assign(normal(*weight.shape))
    return layer


@pytest.mark.parametrize("kind", [layers.UpsampleConv2D, layers.ConvAveragePool2D])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (4, 6), (8, 8)])
def test_folded_form_equals_direct_form_with_its_gradients(kind, height, width):
    layer = randomized(kind(3, dtype="float64"), 4)
    x = tf.constant(normal(2, height, width, 4))
    results = []
    for form in (kind, direct.DIRECT[kind]):
        layer.__class__ = form
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(tf.sin(y))
        results.append([y, *tape.gradient(loss, [x, *layer.trainable_variables])])
    for folded, textbook in zip(*results, strict=True):
        np.testing.assert_allclose(folded, textbook, rtol=1e-10, atol=1e-10)


def test_upsampling_convolution_against_numpy():
    layer = randomized(layers.UpsampleConv2D(2, dtype="float64"), 3)
    x = normal(1, 4, 4, 3)
    up = np.pad(x.repeat(2, 1).repeat(2, 2), ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    kernel, bias = (w.numpy() for w in layer.trainable_variables)
    expected = np.stack(
        [
            [np.einsum("yxc,yxcf->f", up[0, i : i + 5, j : j + 5], kernel) for j in range(8)]
            for i in range(8)
        ]
    )
    np.testing.assert_allclose(layer(x)[0], expected + bias, rtol=1e-10, atol=1e-10)


def test_reflect_convolution_against_numpy():
    layer = randomized(layers.ReflectConv2D(2, 4, pad=1, stride=2, dtype="float64"), 3)
    x = normal(1, 6, 6, 3)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")[0]
    kernel, bias = (w.numpy() for w in layer.trainable_variables)
    expected = np.stack(
        [
            [
                np.einsum("yxc,yxcf->f", padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4], kernel)
                for j in range(3)
            ]
            for i in range(3)
        ]
    )
    np.testing.assert_allclose(layer(x)[0], expected + bias, rtol=1e-10, atol=1e-10)


def test_adain_gives_the_asked_mean_and_deviation():
    x, shift, scale = normal(2, 8, 8, 5), normal(2, 5), normal(2, 5)
    y = layers.adaptive_instance_norm(tf.constant(x), tf.constant(shift), tf.constant(scale))
    np.testing.assert_allclose(np.mean(y, (1, 2)), shift, rtol=1e-9)
    spread = np.std(x, (1, 2))
    expected = abs(scale) * spread / np.sqrt(spread**2 + 1e-5)
    np.testing.assert_allclose(np.std(y, (1, 2)), expected, rtol=1e-9)


def test_instance_norm_ignores_scale_and_shift_of_its_input():
    x = tf.constant(100 * normal(2, 8, 8, 5))
    np.testing.assert_allclose(
        layers.instance_norm(x), layers.instance_norm(3 * x + 7), rtol=1e-6, atol=1e-6
    )


def test_filter_response_norm_against_numpy():
    layer = layers.FilterResponseNorm(dtype="float64")
    layer.build((None, 4, 4, 3))
    gamma, beta, tau = (normal(3) for _ in range(3))
    for weight, value in ((layer.gamma, gamma), (layer.beta, beta), (layer.tau, tau)):
        weight.assign(value)
    x = normal(2, 4, 4, 3)
    square = (x**2).mean((1, 2), keepdims=True)
    expected = np.maximum(gamma * x / np.sqrt(square + 1e-6) + beta, tau)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-10)


class TestBatchNorm:
    def layer(self):
        layer = layers.BatchNorm(dtype="float64")
        layer.build((None, 4, 4, 3))
        return layer

    def test_training_normalizes_and_follows_with_the_unbiased_variance(self):
        layer, x = self.layer(), 2 + 3 * normal(5, 4, 4, 3)
        y = layer(x, training=True)
        np.testing.assert_allclose(np.mean(y, (0, 1, 2)), 0, atol=1e-10)
        flat = x.reshape(-1, 3)
        np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * flat.mean(0), rtol=1e-10)
        expected = 0.9 + 0.1 * flat.var(0, ddof=1)
        np.testing.assert_allclose(layer.running_variance.numpy(), expected, rtol=1e-10)

    def test_a_batch_of_unknown_size_gives_the_same_statistics(self):
        x = normal(5, 4, 4, 3)
        known, unknown = self.layer(), self.layer()
        known(x, training=True)
        shape = tf.TensorSpec((None, 4, 4, 3), tf.float64)
        tf.function(lambda x: unknown(x, training=True), [shape])(x)
        for name in ("running_mean", "running_variance"):
            first, second = getattr(known, name).numpy(), getattr(unknown, name).numpy()
            np.testing.assert_allclose(second, first, rtol=1e-12)

    def test_inference_uses_the_running_statistics(self):
        layer, x = self.layer(), normal(2, 4, 4, 3)
        layer.running_mean.assign([1.0, 2.0, 3.0])
        layer.running_variance.assign([4.0, 9.0, 16.0])
        expected = (x - [1, 2, 3]) / np.sqrt(np.array([4, 9, 16]) + 1e-5)
        np.testing.assert_allclose(layer(x, training=False), expected, rtol=1e-10)

    def test_frozen_layer_normalizes_by_the_batch_without_side_effect(self):
        layer, x = self.layer(), 5 + normal(2, 4, 4, 3)
        layer.trainable = False
        y = layer(x, training=True)
        np.testing.assert_allclose(np.mean(y, (0, 1, 2)), 0, atol=1e-10)
        np.testing.assert_array_equal(layer.running_mean.numpy(), 0)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_the_compute_dtype_and_the_value(policy):
    x = normal(2, 8, 8, 4)
    for kind in (layers.UpsampleConv2D, layers.ConvAveragePool2D, layers.FilterResponseNorm):
        arguments = () if kind is layers.FilterResponseNorm else (3,)
        exact, mixed = (kind(*arguments, dtype=dtype) for dtype in ("float32", policy))
        for layer in (exact, mixed):
            layer.build((None, 8, 8, 4))
        for old, new in zip(exact.variables, mixed.variables, strict=True):
            new.assign(old)
        y = mixed(tf.constant(x, mixed.compute_dtype))
        assert y.dtype == mixed.compute_dtype
        wanted = exact(tf.constant(x, tf.float32))
        np.testing.assert_allclose(tf.cast(y, tf.float32), wanted, atol=0.15)


def test_he_normal_is_not_truncated():
    keras.utils.set_random_seed(0)
    draw = layers.he_normal()((3, 3, 64, 64)).numpy()
    deviation = np.sqrt(2 / (9 * 64))
    np.testing.assert_allclose(draw.std(), deviation, rtol=0.02)
    assert abs(draw).max() > 3 * deviation
