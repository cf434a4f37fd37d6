"""The procedural set is seeded, balanced, and its judge is right about it."""

import numpy as np
import pytest

from tunit_tf.data import synthetic


def test_same_seed_same_images():
    first, again, other = (synthetic.generate(6, 32, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)


@pytest.mark.parametrize("size", [32, 64])
def test_the_judge_knows_domain_and_content_of_every_image(size):
    drawn = synthetic.generate(200, size, 0)
    verdict = synthetic.judge(drawn.images)
    np.testing.assert_array_equal(verdict.domain, drawn.labels)
    overlap = synthetic.intersection_over_union(verdict.mask, drawn.masks)
    assert overlap.min() > 0.85
    assert overlap.mean() > 0.97


def test_domains_and_content_vary():
    drawn = synthetic.generate(200, 32, 0)
    assert np.bincount(drawn.labels, minlength=4).min() > 30
    area = drawn.masks.mean((1, 2))
    assert area.std() > 0.02
    assert drawn.masks.any(0).mean() > 0.8  # places cover all but the corners


def test_the_judge_wants_color_and_texture_of_one_domain():
    drawn = synthetic.generate(40, 32, 0)
    swapped = drawn.images[..., ::-1]  # red <-> blue keeps the texture
    verdict = synthetic.judge(swapped)
    striped = np.isin(drawn.labels, [0, 2])
    np.testing.assert_array_equal(verdict.domain[striped], -1)
    assert synthetic.judge(np.full((1, 32, 32, 3), 128, np.uint8)).domain[0] == -1


def test_intersection_over_union():
    a, b = np.zeros((3, 4, 4), bool), np.zeros((3, 4, 4), bool)
    a[0, :2], b[0, :1] = True, True
    a[1, :1], b[1, 2:3] = True, True
    np.testing.assert_allclose(synthetic.intersection_over_union(a, b), [0.5, 0.0, 1.0])
