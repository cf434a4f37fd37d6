"""Which metrics images have; edge correlation sees shapes and nothing else."""

import dataclasses

import numpy as np
import pytest

from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.evaluation import scores

IMAGES = synthetic.generate(20, 32, 0).pixels()
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("without", [(), ("masks",), ("masks", "labels")])
def test_a_metric_may_be_the_best_if_these_images_have_it(translator, without):
    images = synthetic.generate(20, 32, 0)
    images = dataclasses.replace(images, **dict.fromkeys(without))
    encoded = scores.encode(translator, images)
    found = scores.cluster_scores(encoded, 3)
    quality = scores.PictureQuality(images)
    found |= scores.score_translations(translator, encoded, quality).scores
    for name in scores.METRICS:
        if name in found:
            scores.check_metric(name, images)
        else:
            with pytest.raises(UserError, match=f"received '{name}'; {name} needs"):
                scores.check_metric(name, images)


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
