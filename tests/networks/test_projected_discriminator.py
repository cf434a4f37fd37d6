"""D on frozen features: spectral norm against NumPy, what is frozen, what samples see."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.networks import ProjectedDiscriminator
from tunit_tf.networks.projected_discriminator import STRIDES, SpectralConv2D, resize

CHANNELS = (3, 3, 3, 3)


def pyramid(x):
    """A frozen network: means over patches, through a tanh."""
    return [tf.tanh(3.0 * tf.nn.avg_pool2d(x, stride, stride, "VALID")) for stride in STRIDES]


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def discriminator():
    return ProjectedDiscriminator(pyramid, CHANNELS, 64, 3, head_width=4, dtype="float64")


def images(count, side, seed=0):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (count, side, side, 3)))


def largest_singular_value(kernel):
    return np.linalg.norm(np.reshape(kernel, (-1, kernel.shape[-1])), 2)


def test_the_norm_is_the_largest_singular_value_and_follows_the_kernel():
    layer = SpectralConv2D(6, 3, dtype="float64")
    layer.build((None, 8, 8, 5))
    assert float(layer.norm()) == pytest.approx(
        largest_singular_value(layer.kernel.numpy()), rel=0.02
    )
    rng = np.random.default_rng(0)
    layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    expected = largest_singular_value(layer.kernel.numpy())
    before = float(layer.norm())
    for _ in range(100):
        layer.power_iteration()
    assert before < expected  # an estimate along another direction is too small
    assert float(layer.norm()) == pytest.approx(expected, rel=1e-6)


def test_the_size_of_a_kernel_does_not_matter_and_its_gradient_is_along_the_sphere():
    layer = SpectralConv2D(4, 3, dtype="float64")
    layer.build((None, 8, 8, 2))
    for _ in range(200):
        layer.power_iteration()
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 8, 8, 2)))
    kernel = layer.kernel.numpy()
    plain = tf.nn.conv2d(x, kernel / largest_singular_value(kernel), 1, "SAME")
    with tf.GradientTape() as tape:
        y = layer(x)
        loss = tf.reduce_sum(y**3)
    np.testing.assert_allclose(y, plain, rtol=1e-9, atol=1e-12)
    gradient = tape.gradient(loss, layer.kernel.value)
    assert np.sum(gradient * kernel) == pytest.approx(0, abs=1e-9 * np.linalg.norm(gradient))
    layer.kernel.assign(7.0 * kernel)
    np.testing.assert_allclose(layer(x), y, rtol=1e-9, atol=1e-12)


def test_a_call_changes_nothing_and_samples_do_not_see_each_other(discriminator):
    x = images(3, 64)
    before = [v.numpy() for v in discriminator.variables]
    logits = discriminator(x)
    assert logits.shape == (3, 3 * 16 + 4, 3)  # 4x4, 4x4, 4x4 and 2x2 patches
    for i in range(3):
        np.testing.assert_allclose(discriminator(x[i : i + 1]), logits[i : i + 1], rtol=1e-9)
    for old, new in zip(before, discriminator.variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_only_heads_train_and_gradients_reach_the_images(discriminator):
    kernels = [v for v in discriminator.trainable_variables if v.name == "kernel"]
    assert {v.shape[-1] for v in kernels} == {4, 3}  # head width and domains
    frozen = {id(v) for v in discriminator.variables} - {
        id(v) for v in discriminator.trainable_variables
    }
    mixing = discriminator.channel_mixing + discriminator.scale_mixing
    assert {id(layer.kernel) for layer in mixing} < frozen
    x = images(2, 64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = discriminator(x)[:, :, 1]
    gradient = tape.gradient(logits, x)
    assert np.all(np.any(gradient != 0, axis=(1, 2, 3)))


@pytest.mark.parametrize("features_size", [32, 128])
def test_every_scale_ends_in_at_most_4x4_patches(features_size):
    made = ProjectedDiscriminator(pyramid, CHANNELS, features_size, 2, head_width=2)
    sides = [min(4, features_size // stride) for stride in STRIDES]
    assert made(tf.zeros((1, 64, 64, 3))).shape == (1, sum(side**2 for side in sides), 2)


def test_mixing_keeps_the_variance_and_coarse_maps_reach_the_finest():
    made = ProjectedDiscriminator(pyramid, CHANNELS, 128, 2, head_width=2)
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(4, 128 // s, 128 // s, 3)).astype(np.float32) for s in STRIDES]

    def mixed(maps):
        made._features = lambda _: [tf.constant(m) for m in maps]
        return made.frozen_features(tf.zeros((4, 128, 128, 3)))

    before = mixed(maps)
    assert all(0.5 < np.std(m) < 2 for m in before)
    maps[3] = -maps[3]
    assert all(np.any(a != b) for a, b in zip(before, mixed(maps), strict=True))


def test_resizing_keeps_means_and_constants():
    x = images(2, 32)
    small = resize(x, 8)
    np.testing.assert_allclose(small, np.reshape(x, (2, 8, 4, 8, 4, 3)).mean((2, 4)), rtol=1e-9)
    assert resize(x, 32) is x
    flat = resize(tf.fill((1, 32, 32, 3), 0.25), 64)
    np.testing.assert_allclose(flat, np.full((1, 64, 64, 3), 0.25), rtol=1e-6)
