"""Augmentations: zero ranges change nothing, single changes have closed forms."""

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.config import FIELDS
from tunit_tf.data import augment

STILL = {name: 0.0 for name, f in FIELDS.items() if name.startswith("augment_") and f.type is float}
IMAGES = tf.constant(np.random.default_rng(0).uniform(size=(4, 16, 16, 3)), tf.float32)
SEED = tf.constant([1, 2])


@pytest.fixture
def still(tiny):
    return lambda **changes: tiny(**{**STILL, "augment_flip": False, **changes})


def test_zero_ranges_change_nothing(still):
    np.testing.assert_allclose(augment.strong_view(IMAGES, SEED, still()), IMAGES, atol=1e-5)
    np.testing.assert_array_equal(augment.weak_view(IMAGES, SEED, still()), IMAGES)


def test_same_seed_same_view(tiny):
    views = [augment.strong_view(IMAGES, SEED, tiny()) for _ in range(2)]
    np.testing.assert_array_equal(*views)
    other = augment.strong_view(IMAGES, tf.constant([1, 3]), tiny())
    assert np.abs(views[0] - other).mean() > 0.01


def test_samples_get_their_own_draw(tiny):
    same = tf.repeat(IMAGES[:1], 4, axis=0)
    views = augment.strong_view(same, SEED, tiny()).numpy()
    assert all(np.abs(views[0] - view).mean() > 0.01 for view in views[1:])


def test_views_stay_in_range(tiny):
    view = augment.strong_view(IMAGES, SEED, tiny())
    assert np.min(view) >= -1e-6
    assert np.max(view) <= 1 + 1e-6


def draws(**named):
    """Draws `(9, B)` for `warp`, zero but for the named ones; -1 flips."""
    names = ("angle", "shear", "x", "y", "area", "ratio", "crop_x", "crop_y", "flip")
    values = np.zeros((9, 4), np.float32)
    values[-1] = 1.0
    for name, value in named.items():
        values[names.index(name)] = value
    return tf.constant(values)


def test_flip_mirrors(still):
    warped = augment.warp(IMAGES, draws(flip=-1.0), still(augment_flip=True))
    np.testing.assert_allclose(warped, IMAGES[:, :, ::-1], atol=1e-5)


def test_rotation_by_a_right_angle(still):
    warped = augment.warp(IMAGES, draws(angle=1.0), still(augment_rotation=90.0))
    np.testing.assert_allclose(warped, np.rot90(IMAGES, 1, (1, 2)), atol=1e-4)


def test_translation_shifts_by_whole_pixels(still):
    warped = augment.warp(IMAGES, draws(x=1.0), still(augment_translation=0.25))
    np.testing.assert_allclose(warped[:, :, :12], IMAGES[:, :, 4:], atol=1e-5)


def test_crop_scale_magnifies_about_the_center(still):
    # A disc of known area grows by 1 / (1 - scale).
    axis = np.arange(64) - 31.5
    disc = (np.hypot(*np.meshgrid(axis, axis)) < 12).astype(np.float32)
    images = tf.constant(np.repeat(disc[None, :, :, None], 4, 0).repeat(3, -1))
    warped = augment.warp(images, draws(area=-1.0), still(augment_scale=0.4))
    growth = np.sum(warped) / np.sum(images)
    np.testing.assert_allclose(growth, 1 / 0.6, rtol=0.02)


def color_draws(**named):
    names = ("brightness", "contrast", "saturation", "hue")
    values = np.zeros((4, 4), np.float32)
    for name, value in named.items():
        values[names.index(name)] = value
    return tf.constant(values)


def test_brightness_multiplies(still):
    jittered = augment.jitter_colors(
        IMAGES, color_draws(brightness=-1.0), still(augment_brightness=0.4)
    )
    np.testing.assert_allclose(jittered, 0.6 * IMAGES, atol=1e-5)


def test_no_contrast_is_the_mean_gray(still):
    jittered = augment.jitter_colors(
        IMAGES, color_draws(contrast=-1.0), still(augment_contrast=1.0)
    )
    gray = (IMAGES.numpy() @ [0.299, 0.587, 0.114]).mean((1, 2))
    np.testing.assert_allclose(np.mean(jittered, (1, 2, 3)), gray, atol=1e-5)
    assert np.std(jittered, (1, 2, 3)).max() < 1e-5


def test_no_saturation_is_gray_of_equal_luma(still):
    jittered = augment.jitter_colors(
        IMAGES, color_draws(saturation=-1.0), still(augment_saturation=1.0)
    )
    luma = (IMAGES.numpy() @ [0.299, 0.587, 0.114])[..., None]
    np.testing.assert_allclose(jittered, np.repeat(luma, 3, -1), atol=1e-5)


def test_a_third_of_a_turn_of_hue_moves_red_to_green(still):
    red = tf.constant([[[[1.0, 0.0, 0.0]]]] * 4)
    jittered = augment.jitter_colors(red, color_draws(hue=1.0), still(augment_hue=1 / 3))
    np.testing.assert_allclose(jittered, [[[[0, 1, 0]]]] * 4, atol=1e-5)
