"""CIELAB against its closed form, published values and its own inverse."""

import numpy as np

from tunit_tf.metrics import cielab

# Lab under D65 of the corners of sRGB, from the definition with 4 decimals of the matrix.
PUBLISHED = {
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
}


def test_the_corners_of_srgb_have_the_published_values():
    colors = np.array(list(PUBLISHED), np.uint8)
    np.testing.assert_allclose(cielab.from_srgb(colors), list(PUBLISHED.values()), atol=0.05)


def test_every_color_comes_back():
    values = np.arange(0, 256, 5, dtype=np.uint8)
    colors = np.stack(np.meshgrid(values, values, values, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(cielab.to_srgb(cielab.from_srgb(colors)), colors)


def test_grays_have_no_color_and_grow_lighter():
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    lab = cielab.from_srgb(grays)
    np.testing.assert_allclose(lab[:, 1:], 0, atol=1e-12)
    assert (np.diff(lab[:, 0]) > 0).all()
    # 18 % of light, in the straight part 29**3 / 27 = 903.3 times the light.
    np.testing.assert_allclose(lab[1, 0], (29**3 / 27) / 255 / 12.92)


def test_lightness_is_the_first_channel():
    colors = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_allclose(cielab.lightness(colors), cielab.from_srgb(colors)[..., 0])


def test_colors_that_srgb_lacks_are_clipped():
    assert cielab.to_srgb(np.array([50.0, 120.0, 100.0])).tolist()[1:] == [0, 0]
    assert cielab.to_srgb(np.array([130.0, 0.0, 0.0])).tolist() == [255, 255, 255]
    assert cielab.to_srgb(np.array([-10.0, 0.0, 0.0])).tolist() == [0, 0, 0]
