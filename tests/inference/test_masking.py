"""Masks: the source's own pixels outside, the translation inside, a mixture of both between."""

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.inference import masking
from tunit_tf.inference import photograph as photographs

pytestmark = pytest.mark.usefixtures("plain_graphs")

RNG = np.random.default_rng(0)


def disk(size, radius, center):
    y, x = np.mgrid[:size, :size]
    return (((y - center[0]) ** 2 + (x - center[1]) ** 2) <= radius**2).astype(np.uint8) * 255


def weight_of_a_pixel(mask, feather, y, x):
    """The definition, pixel by pixel: the mask's value times the distance to what is black."""
    black = np.argwhere(mask == 0)
    distance = np.sqrt(((black - (y, x)) ** 2).sum(1).min()) if len(black) else np.inf
    return mask[y, x] / 255 * min(1, distance / (feather + 1))


@pytest.mark.parametrize("feather", [0, 1, 3])
def test_weights_are_those_of_the_definition(feather):
    masks = np.stack([
        disk(16, 5, (7, 8)), disk(16, 6, (0, 15)), np.zeros((16, 16), np.uint8),
        np.full((16, 16), 255, np.uint8), RNG.choice([0, 90, 255], (16, 16)).astype(np.uint8),
    ])  # fmt: skip
    found = masking.weights(masks, feather)
    expected = [
        [[weight_of_a_pixel(mask, feather, y, x) for x in range(16)] for y in range(16)]
        for mask in masks
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    assert not found[masks == 0].any()


@pytest.mark.parametrize("feather", [0, 2, 9])
@pytest.mark.parametrize("edges", [(False,) * 4, (True, False, False, True)])
def test_large_masks_are_feathered_in_parts(monkeypatch, feather, edges):
    monkeypatch.setattr(masking, "TILE", 16)
    mask = disk(70, 30, (30, 36))
    mask[50:60, 3:20] = 90
    mask[68, 68] = 255
    left, top, right, bottom = map(int, edges)
    padded = np.pad(mask, ((top, bottom), (left, right)))
    expected = masking.weights(padded[None], feather)[0]
    expected = expected[top : top + 70, left : left + 70]
    shares = masking.MaskShares(mask, feather, edges)
    np.testing.assert_array_equal(shares.rows(0, 70), expected)
    for first, last in ((0, 7), (7, 33), (60, 70), (1, 2)):
        np.testing.assert_array_equal(shares.rows(first, last), expected[first:last])


def test_a_mixture_is_between_and_exact_at_its_ends():
    x, y = RNG.integers(0, 256, (2, 3, 16, 16, 3)).astype(np.uint8)
    shares = RNG.choice([0, 0.25, 0.7, 1], (3, 16, 16)).astype(np.float32)
    mixed = photographs.mixed(x, y, shares)
    np.testing.assert_array_equal(mixed[shares == 0], x[shares == 0])
    np.testing.assert_array_equal(mixed[shares == 1], y[shares == 1])
    assert (np.minimum(x, y) <= mixed).all()
    assert (mixed <= np.maximum(x, y)).all()
    exact = x + shares[..., None].astype(np.float64) * (y.astype(int) - x)
    assert np.abs(mixed - exact).max() <= 0.5 + 1e-4


def test_the_translator_draws_inside_of_masks_only(translator, tmp_path):
    x = RNG.integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    style = translator.style(x[:1])
    drawn = translator.generate(x, style)
    masks = np.stack([disk(32, 4 + 2 * i, (15, 10 + i)) for i in range(5)])
    for feather, given in ((2, 2), (1, None)):
        found = translator.generate(x, style, masks, given)
        shares = masking.weights(masks, feather)
        np.testing.assert_array_equal(found, photographs.mixed(x, drawn, shares))
        np.testing.assert_array_equal(found[masks == 0], x[masks == 0])
    np.testing.assert_array_equal(found, translator.generate(x, style, masks > 0))
    np.testing.assert_array_equal(found, translator.translate(x, x[:1], masks))

    opened = [Image.fromarray(mask) for mask in masks[1:]]
    opened[0].save(tmp_path / "mask.png")
    files = [tmp_path / "mask.png", *opened[1:]]
    np.testing.assert_array_equal(found[1:], translator.generate(x[1:], style, files))
    transparent = [Image.fromarray(np.dstack([a, m])) for a, m in zip(x, masks, strict=True)]
    shown = np.stack([translator.read([picture])[0] for picture in transparent])
    np.testing.assert_array_equal(
        translator.generate(transparent, style, "alpha"), translator.generate(shown, style, masks)
    )


def test_masks_that_do_not_fit_are_named(translator):
    x = np.zeros((2, 32, 32, 3), np.uint8)
    style = translator.style(x[:1])
    for masks, words in (
        (np.zeros((1, 32, 32), np.uint8), "one mask per source; received 1 for 2"),
        (np.zeros((2, 16, 32), np.uint8), r"uint8 or bool \(2, 32, 32\); received uint8 \(2, 16,"),
        (np.zeros((2, 32, 32)), "received float64"),
        ("alpha", r"where the sources are pictures; received 'alpha' for ndarray"),
    ):
        with pytest.raises(ValueError, match=words):
            translator.generate(x, style, masks)
    with pytest.raises(ValueError, match="at least 0 pixels wide; received -1"):
        translator.generate(x, style, np.zeros((2, 32, 32), np.uint8), feather=-1)
    with pytest.raises(UserError, match="its mask is 64 x 32 pixels and the picture 32 x 32"):
        translator.generate(x[:1], style, [Image.new("L", (64, 32))])


NOISE = np.random.default_rng(1)
SHAPES = {
    "noise": NOISE.random((40, 60)) < 0.97,
    "sparse": NOISE.random((60, 40)) < 0.998,
    "one row": NOISE.random((1, 50)) < 0.9,
    "one column": NOISE.random((50, 1)) < 0.9,
    "black": np.zeros((5, 4), bool),
    "one pixel": np.indices((30, 30)).sum(0) > 0,
}


@pytest.mark.parametrize("reach", [1, 2, 7, 100])
@pytest.mark.parametrize("name", SHAPES)
def test_distances_are_exact_up_to_the_reach(name, reach):
    mask = SHAPES[name].astype(np.uint8) * 200
    height, width = mask.shape
    expected = np.minimum(scipy.ndimage.distance_transform_edt(mask), reach)
    for rows, columns in (
        (slice(0, height), slice(0, width)),
        (slice(height // 3, height), slice(0, width // 2 + 1)),
    ):
        found = masking.distances_to_black(mask, reach, rows, columns)
        np.testing.assert_array_equal(found, expected[rows, columns])


def test_where_nothing_is_black_it_is_the_reach():
    found = masking.distances_to_black(np.full((3, 4), 9, np.uint8), 5, slice(0, 3), slice(1, 4))
    np.testing.assert_array_equal(found, np.full((3, 3), 5))
