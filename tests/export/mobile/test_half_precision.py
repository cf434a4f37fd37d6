"""The phone's graphs in float16, every value rounded as on a GPU."""

import keras
import numpy as np
import pytest

from export.mobile import conversion, graphs, operations, ranges
from export.mobile.runtime import Model
from tests.export.mobile import half_precision
from tunit_tf.data import synthetic
from tunit_tf.io import pixels
from tunit_tf.networks import Generator, GuidingNetwork

SIZE = 32
SHAPES = {"image": (1, SIZE, SIZE, 3), "style": (1, 8)}


def psnr(found, expected):
    return 10 * np.log10(4 / np.mean(np.square(np.float64(found) - expected)))


@pytest.fixture(scope="module")
def inputs():
    """Images and styles; the last of them is not among those that the factors come from."""
    rng = np.random.default_rng(0)
    images = pixels.from_bytes(synthetic.generate(3, SIZE, 0).pixels())
    return images, rng.standard_normal((3, 8)).astype(np.float32)


def generator(activations):
    """A small generator whose norms get values multiplied by `activations`."""
    keras.utils.set_random_seed(0)
    network = Generator(SIZE, style_dim=8, base_channels=4)
    half_precision.multiply(network, activations)
    return network


def drawn(content, images, styles):
    """float32 by LiteRT, float32 and float16 by the emulator."""
    given = {"image": images[-1:], "style": styles[-1:]}
    found = half_precision.run(content, given, np.float32), half_precision.run(content, given)
    return Model(content, "generate")(**given)["translated"], *(f["translated"] for f in found)


@pytest.mark.parametrize("activations", [0.02, 200.0])
def test_half_precision_holds_where_norms_over_whole_maps_fail(inputs, activations):
    network = generator(activations)
    before = graphs.generator(network, norm=half_precision.whole_map_norm)
    exact, again, half = drawn(conversion.convert(before, "generate", SHAPES), *inputs)
    np.testing.assert_allclose(again, exact, rtol=0, atol=1e-4)  # the emulator is right
    assert not np.isfinite(half).all() or psnr(half, exact) < 20

    factors = ranges.norm_factors(network, *(part[:2] for part in inputs))
    after = graphs.generator(network, factors)
    content = conversion.convert(after, "generate", SHAPES)
    same, again, half = drawn(content, *inputs)
    assert np.sqrt(np.mean(np.square(same - exact))) < 1e-5
    np.testing.assert_allclose(again, same, rtol=0, atol=1e-4)
    assert np.isfinite(half).all()
    assert psnr(half, same) > 40
    flat, _, half = drawn(content, np.full_like(inputs[0], 0.3), inputs[1])  # all variances are 0
    assert psnr(half, flat) > 40


@pytest.mark.parametrize("length", [1e-3, 1.0, 1e3])
def test_style_codes_of_any_length_are_normalized_in_half_precision(inputs, length):
    keras.utils.set_random_seed(0)
    guiding = GuidingNetwork(3, style_dim=8, width_multiplier=1 / 16, normalize_style=True)
    guiding.style_head.kernel.assign(guiding.style_head.kernel * length)
    images = inputs[0]
    graph = graphs.encoder(guiding, ranges.style_factor(guiding, images[:2]))
    content = conversion.convert(graph, "encode", {"image": SHAPES["image"]})
    exact = Model(content, "encode")(image=images[-1:])
    np.testing.assert_allclose(
        exact["style"], guiding(images[-1:], training=False).style, atol=1e-5
    )
    for dtype, tolerance in ((np.float32, 1e-5), (np.float16, 5e-3)):
        found = half_precision.run(content, {"image": images[-1:]}, dtype)
        for name, value in exact.items():
            np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance)


def test_factors_are_powers_of_two_that_bring_maps_into_range(inputs):
    network = generator(200.0)
    factors = ranges.norm_factors(network, *inputs)
    maps = graphs.norm_inputs(network)(inputs[0][:1], inputs[1][:1])
    for x, factor in zip(maps, factors, strict=True):
        np.testing.assert_array_equal(np.frexp(factor)[0], 0.5)
        difference = np.abs(x - np.mean(x, (0, 1, 2))) * factor
        assert difference.max() <= ranges.LARGEST_DIFFERENCE
        assert difference.max() > ranges.LARGEST_DIFFERENCE / 8


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (256, 32), (48, 80), (34, 34)])
def test_means_of_blocks_are_means_of_maps(size):
    x = np.random.default_rng(0).standard_normal((1, *size, 3)) + 5
    np.testing.assert_allclose(operations.mean(x), x.mean((1, 2), keepdims=True), atol=1e-12)
    np.testing.assert_allclose(operations.mean(x, keepdims=False), x.mean((1, 2)), atol=1e-12)
