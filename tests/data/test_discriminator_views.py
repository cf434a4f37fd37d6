"""Views for D: against NumPy, per sample, differentiable; gray where nothing is seen."""

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.config import DISCRIMINATOR_VIEWS
from tunit_tf.data import augment as views

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (5, 16, 16, 3))
DRAWS = RNG.uniform(0, 1, (5, views.NUM_VIEW_DRAWS))


def test_without_kinds_images_stay_the_same_tensor():
    images = tf.constant(IMAGES)
    assert views.discriminator_view(images, tf.zeros((5, 0)), ()) is images


def test_colors_follow_their_definition():
    found = views.discriminator_view(tf.constant(IMAGES), tf.constant(DRAWS), ("color",))
    for image, draws, view in zip(IMAGES, DRAWS, found, strict=True):
        expected = image + draws[0] - 0.5
        gray = expected.mean(2, keepdims=True)
        expected = gray + (expected - gray) * 2 * draws[1]
        expected = expected.mean() + (expected - expected.mean()) * (draws[2] + 0.5)
        np.testing.assert_allclose(view, expected, rtol=1e-9, atol=1e-12)


def test_shifts_move_whole_pixels_over_gray_up_to_an_eighth():
    images = tf.constant(np.broadcast_to(IMAGES[:1], (25, 16, 16, 3)))
    grid = (np.stack(np.meshgrid(range(5), range(5)), -1).reshape(25, 2) + 0.5) / 5
    found = views.shift(images, tf.constant(grid)).numpy()
    padded = np.pad(IMAGES[0], ((2, 2), (2, 2), (0, 0)))
    for place, view in zip(np.floor(grid * 5).astype(int), found, strict=True):
        down, right = 2 - (place - 2)  # where the view begins in the padded image
        np.testing.assert_array_equal(view, padded[down : down + 16, right : right + 16])


def test_cut_outs_are_gray_squares_of_half_the_side_with_their_center_in_the_image():
    draws = np.array([[0.5, 0.5], [0.0, 0.0], [1 - 1e-9, 0.5]])
    found = views.cut_out(tf.ones((3, 16, 16, 3)), tf.constant(draws)).numpy()
    gray = (found == 0).all(-1)
    assert [g.sum() for g in gray] == [64, 16, 32]
    assert gray[0][4:12, 4:12].all()
    assert gray[1][:4, :4].all()
    assert gray[2][12:, 4:12].all()


@pytest.mark.parametrize("kind", DISCRIMINATOR_VIEWS)
def test_each_sample_has_its_own_view_and_a_gradient(kind):
    images, draws = tf.constant(IMAGES), tf.constant(DRAWS)
    with tf.GradientTape() as tape:
        tape.watch(images)
        together = views.discriminator_view(images, draws, (kind,))
    gradient = tape.gradient(together, images, output_gradients=tf.constant(IMAGES))
    assert np.all(np.any(gradient != 0, axis=(1, 2, 3)))
    for i in range(5):
        alone = views.discriminator_view(images[i : i + 1], draws[i : i + 1], (kind,))
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-9, atol=1e-12)
    other = views.discriminator_view(images, draws[::-1], (kind,))
    assert np.any(other != together)
