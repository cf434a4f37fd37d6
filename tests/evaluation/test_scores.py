"""Edge correlation sees shapes and nothing else."""

import numpy as np

from tunit_tf.data import synthetic
from tunit_tf.evaluation import scores

IMAGES = synthetic.generate(20, 32, 0).pixels()
RNG = np.random.default_rng(0)


def test_palette_light_and_contrast_do_not_count():
    np.testing.assert_allclose(scores.edge_correlation(IMAGES, IMAGES), 1.0)
    gray = np.repeat((IMAGES @ scores.LUMINANCE)[..., None], 3, -1)
    np.testing.assert_allclose(scores.edge_correlation(IMAGES, 40 + gray / 2), 1.0)
    np.testing.assert_allclose(scores.edge_correlation(IMAGES, 255 - IMAGES), 1.0, atol=1e-6)


def test_unrelated_images_correlate_little():
    noise = RNG.integers(0, 256, (2, 200, 32, 32, 3), np.uint8)
    correlations = scores.edge_correlation(*noise)
    assert abs(correlations.mean()) < 0.02
    assert abs(correlations).max() < 0.2
    shifted = np.roll(IMAGES, 7, axis=2)
    assert scores.edge_correlation(IMAGES, shifted).mean() < 0.5


def test_a_flat_image_has_no_edges():
    flat = np.full_like(IMAGES, 128)
    np.testing.assert_allclose(scores.edge_correlation(IMAGES, flat), 0.0, atol=1e-9)
