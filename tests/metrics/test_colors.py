"""CIELAB against published values and its inverse; what a transfer of colors sets and leaves."""

import numpy as np

from tunit_tf.metrics import colors

# Lab under D65 of the corners of sRGB, from the definition with 4 decimals of the matrix.
PUBLISHED = {
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
}


def test_the_corners_of_srgb_have_the_published_values():
    srgb = np.array(list(PUBLISHED), np.uint8)
    np.testing.assert_allclose(colors.to_lab(srgb), list(PUBLISHED.values()), atol=0.05)


def test_every_color_comes_back():
    values = np.arange(0, 256, 5, dtype=np.uint8)
    srgb = np.stack(np.meshgrid(values, values, values, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(colors.from_lab(colors.to_lab(srgb)), srgb)


def test_grays_have_no_color_and_grow_lighter():
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    lab = colors.to_lab(grays)
    np.testing.assert_allclose(lab[:, 1:], 0, atol=1e-12)
    assert (np.diff(lab[:, 0]) > 0).all()
    # 18 % of light, in the straight part 29**3 / 27 = 903.3 times the light.
    np.testing.assert_allclose(lab[1, 0], (29**3 / 27) / 255 / 12.92)


def test_lightness_is_the_first_channel():
    srgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_allclose(colors.lightness(srgb), colors.to_lab(srgb)[..., 0])


def test_colors_that_srgb_lacks_are_clipped():
    assert colors.from_lab(np.array([50.0, 120.0, 100.0])).tolist()[1:] == [0, 0]
    assert colors.from_lab(np.array([130.0, 0.0, 0.0])).tolist() == [255, 255, 255]
    assert colors.from_lab(np.array([-10.0, 0.0, 0.0])).tolist() == [0, 0, 0]


RNG = np.random.default_rng(0)


def muted(count, lightness, spread):
    """Images around a gray, far from the bounds of sRGB, uint8 `(count, 32, 32, 3)`."""
    centers = RNG.uniform(-12, 12, (count, 1, 1, 3)) + np.array([lightness, 0, 0])
    lab = centers + RNG.normal(0, 1, (count, 32, 32, 3)).clip(-2.5, 2.5) * spread
    return colors.from_lab(lab)


SOURCES, REFERENCES = muted(70, 45, (6, 3, 4)), muted(70, 60, (9, 4, 3))


def test_means_and_deviations_become_the_references():
    found, wanted = (
        colors.to_lab(x) for x in (colors.transferred(SOURCES, REFERENCES), REFERENCES)
    )
    np.testing.assert_allclose(found.mean((1, 2)), wanted.mean((1, 2)), atol=0.05)
    np.testing.assert_allclose(found.std((1, 2)), wanted.std((1, 2)), atol=0.05)


def test_what_is_left_is_the_source_up_to_shift_and_scale():
    found = colors.to_lab(colors.transferred(SOURCES, REFERENCES))
    source = colors.to_lab(SOURCES)
    for image, original in zip(found[:5], source[:5], strict=True):
        for channel in range(3):
            pair = np.corrcoef(image[..., channel].ravel(), original[..., channel].ravel())
            assert pair[0, 1] > 0.99  # 1 but for rounding to 8 bits


def test_an_image_in_its_own_colors_is_itself():
    np.testing.assert_array_equal(colors.transferred(SOURCES, SOURCES), SOURCES)


def test_a_constant_image_becomes_the_references_mean():
    gray = np.full((1, 8, 8, 3), 90, np.uint8)
    found = colors.transferred(gray, REFERENCES[:1])
    mean = colors.to_lab(REFERENCES[:1]).mean((1, 2))
    np.testing.assert_array_equal(found, np.broadcast_to(colors.from_lab(mean), found.shape))


def test_references_may_have_another_size():
    assert colors.transferred(SOURCES[:2], REFERENCES[:2, :9, :20]).shape == (2, 32, 32, 3)


def test_correlation_of_colors_is_1_for_the_references_and_after_a_transfer():
    means = colors.mean_colors(REFERENCES)
    np.testing.assert_allclose(means[3], REFERENCES[3].reshape(-1, 3).mean(0))
    np.testing.assert_allclose(colors.correlation(means, means), 1)
    np.testing.assert_allclose(colors.correlation(255 - means, means), -1)
    other = colors.mean_colors(SOURCES)
    expected = np.corrcoef(means.ravel(), other.ravel())[0, 1]
    np.testing.assert_allclose(colors.correlation(means, other), expected)
    assert colors.correlation(means, np.full_like(means, 7.0)) == 0
    transferred = colors.transferred(SOURCES, REFERENCES)
    assert colors.correlation(colors.mean_colors(transferred), means) > 0.99
