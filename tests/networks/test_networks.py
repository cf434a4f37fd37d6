"""Sizes, shapes and independence of the three networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.networks import Discriminator, Generator, GuidingNetwork

RNG = np.random.default_rng(0)


def images(count, size):
    return tf.constant(RNG.uniform(-1, 1, (count, size, size, 3)), tf.float32)


def parameters(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


@pytest.mark.parametrize(
    ("size", "generator", "discriminator"),
    [(64, 7_143_299, 33_170_122), (128, 27_333_763, 70_935_242)],
)
def test_parameter_counts_are_the_papers(size, generator, discriminator):
    with keras.StatelessScope(initialize_variables=False):  # shapes only: no gigabyte of weights
        networks = Generator(size, 128, 64), Discriminator(size, 10, 64), GuidingNetwork(10)
    assert [parameters(n) for n in networks] == [generator, discriminator, 9_296_778]


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512])
def test_shapes_at_every_size(size):
    generator, discriminator = Generator(size, 8, 2), Discriminator(size, 3, 2)
    guiding = GuidingNetwork(3, 8, 1 / 16)
    x = images(2, size)
    output = guiding(x, training=False)
    assert output.style.shape == (2, 8)
    assert output.domain_logits.shape == (2, 3)
    assert generator.encode(x).shape[1:3] == (16, 16)
    y = generator(x, output.style)
    assert y.shape == x.shape
    assert np.all(np.abs(y) <= 1)
    assert discriminator(x).shape == (2, 3)


def test_call_is_encode_then_decode_and_style_matters():
    generator, x = Generator(32, 8, 4), images(2, 32)
    s = tf.constant(RNG.normal(size=(2, 8)), tf.float32)
    np.testing.assert_allclose(generator(x, s), generator.decode(generator.encode(x), s), atol=1e-6)
    assert np.abs(generator(x, s) - generator(x, -s)).mean() > 1e-3


def test_samples_are_independent_in_g_and_d():
    generator, discriminator = Generator(32, 8, 4), Discriminator(32, 3, 4)
    x, s = images(3, 32), tf.constant(RNG.normal(size=(3, 8)), tf.float32)
    np.testing.assert_allclose(generator(x, s)[:1], generator(x[:1], s[:1]), atol=1e-5)
    np.testing.assert_allclose(discriminator(x)[:1], discriminator(x[:1]), atol=1e-4)


def test_style_variables_are_all_but_the_domain_head():
    guiding = GuidingNetwork(3, 8, 1 / 16)
    assert len(guiding.style_variables) == len(guiding.trainable_variables) - 2
    x = images(2, 32)
    with tf.GradientTape() as tape:
        style = guiding(x, training=True).style
    assert None not in tape.gradient(style, guiding.style_variables)


def test_normalized_styles_are_unit_vectors_and_logits_stay():
    plain, unit = (GuidingNetwork(3, 8, 1 / 16, normalize_style=n) for n in (False, True))
    for source, target in zip(plain.variables, unit.variables, strict=True):
        target.assign(source)
    x = images(2, 32)
    a, b = plain(x, training=False), unit(x, training=False)
    np.testing.assert_allclose(np.linalg.norm(b.style, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(a.domain_logits, b.domain_logits, rtol=1e-6)
    cosine = np.sum(a.style * b.style, 1) / np.linalg.norm(a.style, axis=1)
    np.testing.assert_allclose(cosine, 1, rtol=1e-5)


def test_domain_head_starts_centerd_so_that_equal_features_favor_no_domain():
    kernel = GuidingNetwork(10, domain_stddev=1.0).domain_head.kernel.numpy()
    np.testing.assert_allclose(kernel.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(kernel.std(), 1.0, rtol=0.05)
