"""Color transfer: the statistics it sets, and what it leaves."""

import numpy as np

from tunit_tf.metrics import cielab, color_transfer

RNG = np.random.default_rng(0)


def muted(count, lightness, spread):
    """Images around a gray, far from the bounds of sRGB, uint8 `(count, 32, 32, 3)`."""
    centers = RNG.uniform(-12, 12, (count, 1, 1, 3)) + np.array([lightness, 0, 0])
    lab = centers + RNG.normal(0, 1, (count, 32, 32, 3)).clip(-2.5, 2.5) * spread
    return cielab.to_srgb(lab)


SOURCES, REFERENCES = muted(70, 45, (6, 3, 4)), muted(70, 60, (9, 4, 3))


def test_means_and_deviations_become_the_references():
    found, wanted = (
        cielab.from_srgb(x) for x in (color_transfer.transferred(SOURCES, REFERENCES), REFERENCES)
    )
    np.testing.assert_allclose(found.mean((1, 2)), wanted.mean((1, 2)), atol=0.05)
    np.testing.assert_allclose(found.std((1, 2)), wanted.std((1, 2)), atol=0.05)


def test_what_is_left_is_the_source_up_to_shift_and_scale():
    found = cielab.from_srgb(color_transfer.transferred(SOURCES, REFERENCES))
    source = cielab.from_srgb(SOURCES)
    for image, original in zip(found[:5], source[:5], strict=True):
        for channel in range(3):
            pair = np.corrcoef(image[..., channel].ravel(), original[..., channel].ravel())
            assert pair[0, 1] > 0.99  # 1 but for rounding to 8 bits


def test_an_image_in_its_own_colors_is_itself():
    np.testing.assert_array_equal(color_transfer.transferred(SOURCES, SOURCES), SOURCES)


def test_a_constant_image_becomes_the_references_mean():
    gray = np.full((1, 8, 8, 3), 90, np.uint8)
    found = color_transfer.transferred(gray, REFERENCES[:1])
    mean = cielab.from_srgb(REFERENCES[:1]).mean((1, 2))
    np.testing.assert_array_equal(found, np.broadcast_to(cielab.to_srgb(mean), found.shape))


def test_references_may_have_another_size():
    assert color_transfer.transferred(SOURCES[:2], REFERENCES[:2, :9, :20]).shape == (2, 32, 32, 3)


def test_correlation_of_colors_is_1_for_the_references_and_after_a_transfer():
    means = color_transfer.mean_colors(REFERENCES)
    np.testing.assert_allclose(means[3], REFERENCES[3].reshape(-1, 3).mean(0))
    np.testing.assert_allclose(color_transfer.correlation(means, means), 1)
    np.testing.assert_allclose(color_transfer.correlation(255 - means, means), -1)
    other = color_transfer.mean_colors(SOURCES)
    expected = np.corrcoef(means.ravel(), other.ravel())[0, 1]
    np.testing.assert_allclose(color_transfer.correlation(means, other), expected)
    assert color_transfer.correlation(means, np.full_like(means, 7.0)) == 0
    transferred = color_transfer.transferred(SOURCES, REFERENCES)
    assert color_transfer.correlation(color_transfer.mean_colors(transferred), means) > 0.99
