"""The judge of looks: what it cannot see, how it assigns, and what is counted."""

import numpy as np
import pytest

from tunit_tf.metrics import colors, look

RNG = np.random.default_rng(0)
# Stripes of lightness under noise of hue, all of medium colors, far from the bounds of sRGB.
STRIPES = 8 * np.sin(RNG.uniform(0.1, 1, (6, 1, 1)) * np.arange(32)) * np.ones((6, 32, 1))
HUES = RNG.normal(0, 4, (6, 32, 32, 2)).clip(-9, 9)
LAB = np.concatenate([60 + STRIPES[..., None], HUES], axis=-1)
IMAGES = colors.from_lab(LAB)
# Rounding to 8 bits moves L* by up to 0.3; a unit of L* is 255 * 0.22 / 5.7 = 9.9 levels of gray.
LEVELS = 7


def assert_alike(first, second):
    """Equal but for rounding, in gray values of 255."""
    first, second = (look.without_color(x).astype(int) for x in (first, second))
    assert abs(first - second).max() <= LEVELS


def test_images_are_gray_with_equal_brightness_and_contrast():
    gray = look.without_color(IMAGES)
    assert gray.dtype == np.uint8
    assert (gray[..., :1] == gray).all()
    np.testing.assert_allclose(gray.mean((1, 2, 3)) / 255, 0.5, atol=2e-3)
    np.testing.assert_allclose(gray.std((1, 2, 3)) / 255, 0.22, atol=2e-3)
    for image, original in zip(gray, LAB, strict=True):
        assert np.corrcoef(image[..., 0].ravel(), original[..., 0].ravel())[0, 1] > 0.995


def test_any_change_of_hue_and_saturation_is_invisible():
    """Any: a* and b* are drawn anew for every pixel."""
    lab = LAB.copy()
    lab[..., 1:] = RNG.uniform(-10, 10, lab[..., 1:].shape)
    assert_alike(IMAGES, colors.from_lab(lab))


@pytest.mark.parametrize(("scale", "shift"), [(0.7, 15), (1.4, -20), (1.0, 20)])
def test_any_shift_and_scale_of_lightness_is_invisible(scale, shift):
    lab = LAB.copy()
    lab[..., 0] = (lab[..., 0] - 60) * scale + 60 + shift
    assert_alike(IMAGES, colors.from_lab(lab))


def test_a_color_transfer_is_invisible():
    lab = LAB[::-1] * (1.1, -1.3, 0.6) + (-12, 6, -6)
    assert_alike(IMAGES, colors.transferred(IMAGES, colors.from_lab(lab)))


def test_structure_is_visible():
    """A mirror image has the same statistics of color."""
    first, second = (look.without_color(x).astype(int) for x in (IMAGES, IMAGES[:, :, ::-1]))
    assert abs(first - second).mean() > 5 * LEVELS


def test_a_constant_image_is_medium_gray():
    for value in (0, 7, 255):
        gray = look.without_color(np.full((1, 8, 8, 3), value, np.uint8))
        assert (gray == 128).all()


def blobs(count, seed):
    """Directions of features around three ones far from the origin, and which they are."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, count)
    features = 5 + 2 * np.eye(3, 16)[groups] + rng.normal(0, 0.1, (count, 16))
    return look.directions(features, look.mean_of(features)), groups


def test_groups_are_found_and_a_judge_assigns_to_them():
    train, truth = blobs(90, 0)
    groups = look.Groups(train, 3)
    assert (np.diff(np.bincount(groups.labels)) <= 0).all()
    pairs = set(zip(groups.labels.tolist(), truth.tolist(), strict=True))
    assert len(pairs) == 3
    others, others_truth = blobs(40, 1)
    assigned = groups.assign(others)
    assert set(zip(assigned.tolist(), others_truth.tolist(), strict=True)) <= pairs
    np.testing.assert_array_equal(look.Judge(train, groups.labels)(others), assigned)
    np.testing.assert_array_equal(look.Judge(train, truth)(others), others_truth)


def test_directions_do_not_depend_on_lengths():
    features, mean = np.random.default_rng(0).normal(3, 1, (2, 20, 16))
    mean = mean[0]
    found = look.directions(features, mean)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    farther = look.directions(mean + 7 * (features - mean), mean)
    np.testing.assert_allclose(farther, found, rtol=1e-4, atol=1e-6)


def test_a_judge_of_a_single_group_knows_no_other():
    train, _ = blobs(9, 0)
    assert (look.Judge(train, np.full(9, 4))(train) == 4).all()


def test_only_pairs_that_the_judge_tells_apart_are_counted():
    sources, references = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 2, 0, 1])
    assert look.compare(sources, references, sources) == look.Look(0.0, 1.0, 4)
    assert look.compare(sources, references, references) == look.Look(1.0, 0.0, 4)
    assert look.compare(sources, references, np.array([1, 1, 1, 2, 0])) == look.Look(0.25, 0.25, 4)
    nothing = look.compare(sources, sources, references)
    assert nothing.pairs == 0
    assert np.isnan([nothing.of_reference, nothing.of_source]).all()
