"""The batch of a step is a function of seed and step; labels go where the mode says."""

import numpy as np
import pytest

from tunit_tf.data import pipeline, synthetic
from tunit_tf.errors import UserError

IMAGES = synthetic.generate(24, 32, 0)


def collect(config, start, stop):
    return list(pipeline.batches(IMAGES, config, start, stop, config.batch_size))


def test_resuming_gives_the_same_batches(tiny):
    config = tiny(batch_size=5, augment_discriminator="color,cutout")
    everything, rest = collect(config, 0, 9), collect(config, 6, 9)
    for batch, again in zip(everything[6:], rest, strict=True):
        for value, other in zip(batch, again, strict=True):
            np.testing.assert_array_equal(value, other)
    draws = np.stack([batch.view_draws for batch in everything])  # (9, 5, 3, D)
    assert np.unique(draws).size == draws.size  # other ones for every step, image and view


def test_seed_changes_the_order_and_the_views(tiny):
    a, b = (collect(tiny(seed=seed), 0, 1)[0] for seed in (0, 1))
    assert not np.array_equal(a.x, b.x)
    assert not np.array_equal(a.x_aug, b.x_aug)


def test_an_epoch_shows_every_image_once_and_epochs_differ(tiny):
    config = tiny(batch_size=6, augment_flip=False)
    wanted = sorted(image.tobytes() for image in IMAGES.images)
    orders = []
    for epoch in range(2):
        shown = [b.x.numpy() for b in collect(config, 4 * epoch, 4 * epoch + 4)]
        pixels = np.rint((np.concatenate(shown) + 1) * 127.5).astype(np.uint8)
        assert sorted(image.tobytes() for image in pixels) == wanted
        orders.append(pixels)
    assert not np.array_equal(*orders)


def test_values_and_shapes(tiny):
    batch = collect(tiny(batch_size=6), 0, 1)[0]
    for images in (batch.x, batch.x_aug):
        assert images.shape == (6, 32, 32, 3)
        assert -1 <= np.min(images) < -0.2
        assert 0.2 < np.max(images) <= 1
    assert sorted(batch.reference.numpy()) == list(range(6))
    np.testing.assert_array_equal(batch.label, -1)


def test_semi_supervised_steps_are_labeled_first_and_then_with_their_fraction(tiny):
    config = tiny(
        labeled_fraction=0.25, num_domains=4, warmup_steps=100, labeled_only_steps=10, joint_steps=0
    )
    chosen = pipeline.labeled_positions(IMAGES, 0.25, config.seed)
    known = {IMAGES.images[p].tobytes() for p in chosen}
    known |= {IMAGES.images[p][:, ::-1].tobytes() for p in chosen}  # flipped
    labeled_steps = []
    for batch in collect(config, 0, 100):
        is_labeled = bool(batch.label[0] >= 0)
        assert np.all((batch.label.numpy() >= 0) == is_labeled)
        labeled_steps.append(is_labeled)
        if is_labeled:
            pixels = np.rint((batch.x.numpy() + 1) * 127.5).astype(np.uint8)
            assert all(np.ascontiguousarray(image).tobytes() in known for image in pixels)
    assert all(labeled_steps[:10])
    assert 0.1 < np.mean(labeled_steps[10:]) < 0.45


def test_supervised_steps_are_all_labeled(tiny):
    config = tiny(labeled_fraction=1.0, num_domains=4, joint_steps=5)
    for batch in collect(config, 0, 5):
        assert np.all(batch.label.numpy() >= 0)


def test_labels_are_chosen_from_every_class():
    labels = IMAGES.classes()
    for fraction in (0.001, 0.3):
        chosen = pipeline.labeled_positions(IMAGES, fraction, 0)
        for label in range(4):
            size = (labels == label).sum()
            assert (labels[chosen] == label).sum() == max(1, round(fraction * size))


def test_check_names_the_cure(tiny):
    with pytest.raises(UserError, match=r"batch of 25 needs.*only 24.*--batch_size"):
        pipeline.check(IMAGES, tiny(batch_size=25), 25)
    with pytest.raises(UserError, match=r"received 3 for 4 classes"):
        pipeline.check(IMAGES, tiny(labeled_fraction=0.5), 4)
    unlabeled = type(IMAGES)(IMAGES.images, IMAGES.rows, IMAGES.names)
    with pytest.raises(UserError, match=r"no class folders"):
        pipeline.check(unlabeled, tiny(labeled_fraction=0.5), 4)
