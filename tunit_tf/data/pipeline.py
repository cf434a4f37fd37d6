"""From a set of images to batches. The batch of a step is a function of (seed, step) alone.

So the data order needs no saving: a resumed run starts with the batch of its step.
"""

import enum
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tunit_tf.config import PSEUDO_LABELED, Config
from tunit_tf.data import augment
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.io import value_range


class Batch(NamedTuple):
    """One replica's part of a global batch.

    Attributes:
      x: Images `(B, S, S, 3)` in [-1, 1].
      x_aug: Augmented views of the same images.
      label: Class `(B,)` int32, or -1 for all images of a global batch: not to be used.
      reference: Place in the global batch of each image's reference, `(B,)` int32; over the
        replicas together a permutation.
      view_draws: Uniform numbers `(B, 3, D)` in [0, 1) for the augmented views that D gets of the
        image, its translation and its reconstruction; D is 0 without `augment_discriminator`.
    """

    x: tf.Tensor
    x_aug: tf.Tensor
    label: tf.Tensor
    reference: tf.Tensor
    view_draws: tf.Tensor


class Stream(enum.IntEnum):
    """Independent random streams, the last number of every stateless seed."""

    ORDER = 1
    LABELED_ORDER = 2
    WEAK_VIEW = 3
    STRONG_VIEW = 4
    REFERENCE = 5
    LABELED_STEP = 6
    DISCRIMINATOR_VIEW = 7


def check(image_set: ImageSet, config: Config, batch_size: int) -> None:
    """Checks that images suit a run.

    Args:
      image_set: Images to train on.
      config: Resolved config.
      batch_size: Global batch size.

    Raises:
      UserError: There are too few images, or labels are missing or do not match `num_domains`.
    """
    if len(image_set) < batch_size:
        flag = "--batch_size" if batch_size == config.batch_size else "--warmup_batch_size"
        raise UserError(
            f"A batch of {batch_size} needs at least as many training images, but there are only "
            f"{len(image_set)}; add images or lower {flag}."
        )
    if not config.labeled_fraction:
        return
    if image_set.labels is None:
        raise UserError(
            f"--labeled_fraction={config.labeled_fraction} needs labels, but {config.data} has no "
            "class folders; sort the images into one folder per class or leave the flag out."
        )
    if len(image_set.label_names) != config.num_domains:
        raise UserError(
            f"With labels --num_domains must be the number of classes; received "
            f"{config.num_domains} for {len(image_set.label_names)} classes "
            f"({', '.join(image_set.label_names)})."
        )


def labeled_positions(image_set: ImageSet, fraction: float, seed: int) -> np.ndarray:
    """Seeded choice of the images whose labels are used: a share of each class, at least one."""
    rng = np.random.default_rng([seed, Stream.LABELED_ORDER])
    labels = _classes(image_set)
    chosen = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen.append(members[: max(1, round(fraction * len(members)))])
    return np.sort(np.concatenate(chosen))


def _classes(image_set: ImageSet) -> np.ndarray:
    labels = image_set.classes()
    if labels is None:
        raise ValueError("the set has no labels; call `check` before")
    return labels


def batches(
    image_set: ImageSet, config: Config, start: int, stop: int, batch_size: int
) -> tf.data.Dataset:
    """The global batches of steps `start` to `stop`, prefetched.

    Args:
      image_set: Training images that pass `check`, in a pseudo-labeled run with pseudo-labels.
      config: Resolved config.
      start: First training step, within one phase.
      stop: Step before which it ends.
      batch_size: Global batch size.

    Returns:
      A dataset of `Batch`, one element per step.
    """
    labels = np.full(len(image_set), -1, np.int32)
    labeled = np.arange(0)
    if config.mode != "unsupervised":
        labeled = labeled_positions(image_set, _labeled_share(config), config.seed)
        labels[labeled] = _classes(image_set)[labeled]

    dtype = tf.float64 if config.mixed_precision == "float64" else tf.float32

    view_draws = augment.NUM_VIEW_DRAWS if config.augment_discriminator else 0

    def gather(rows: np.ndarray) -> np.ndarray:
        return image_set.pixels(rows)

    @tf.autograph.experimental.do_not_convert  # no control flow that depends on tensors
    def batch_of(step: tf.Tensor) -> Batch:
        def seed(stream: Stream) -> tf.Tensor:
            return tf.random.experimental.stateless_fold_in(
                tf.stack([tf.constant(config.seed, tf.int64), step]), int(stream)
            )

        is_labeled = _is_labeled_step(step, config)
        everything = _order(step, batch_size, len(image_set), config.seed, Stream.ORDER)
        positions = everything
        if len(labeled):
            few = _order(step, batch_size, len(labeled), config.seed, Stream.LABELED_ORDER)
            positions = tf.where(is_labeled, tf.gather(labeled, few), everything)
        x = tf.numpy_function(gather, [positions], tf.uint8, stateful=False)
        x = tf.ensure_shape(x, (batch_size, config.image_size, config.image_size, 3))
        x = tf.cast(x, tf.float32) / 255.0
        x_aug = augment.strong_view(x, seed(Stream.STRONG_VIEW), config)
        x = augment.weak_view(x, seed(Stream.WEAK_VIEW), config)

        reference = tf.random.experimental.stateless_shuffle(
            tf.range(batch_size), seed(Stream.REFERENCE)
        )
        return Batch(
            x=tf.cast(value_range.from_unit(x), dtype),
            x_aug=tf.cast(value_range.from_unit(x_aug), dtype),
            label=tf.where(is_labeled, tf.gather(labels, positions), -1),
            reference=reference,
            view_draws=tf.random.stateless_uniform(
                (batch_size, 3, view_draws), seed(Stream.DISCRIMINATOR_VIEW), dtype=dtype
            ),
        )

    dataset = tf.data.Dataset.range(start, stop)
    dataset = dataset.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return dataset.prefetch(tf.data.AUTOTUNE)


def _is_labeled_step(step: tf.Tensor, config: Config) -> tf.Tensor:
    """Whether a step uses a labeled batch: always, never, or with probability of the fraction."""
    draw = tf.random.stateless_uniform(
        (), tf.stack([tf.constant(config.seed, tf.int64), step * 16 + Stream.LABELED_STEP])
    )
    return (step < config.labeled_only_steps) | (draw < _labeled_share(config))


def _labeled_share(config: Config) -> float:
    """Share of the images whose labels are used; all have pseudo-labels."""
    return 1.0 if config.mode == PSEUDO_LABELED else config.labeled_fraction


def _order(step: tf.Tensor, batch_size: int, count: int, seed: int, stream: Stream) -> tf.Tensor:
    """Positions `(batch_size,)` of a step's images, in a new random order per epoch."""
    place = step * batch_size + tf.range(batch_size, dtype=tf.int64)
    epoch, offset = tf.cast(place // count, tf.uint32), place % count
    seeds = tf.stack(
        [tf.fill((batch_size,), tf.constant(seed, tf.uint32)), epoch,
         tf.fill((batch_size,), tf.constant(int(stream), tf.uint32))],
        axis=1,
    )  # (batch_size, 3)  # fmt: skip
    last = tf.constant(count - 1, tf.int64)
    # Unlike the public index_shuffle, the op takes one seed per index.
    return tf.raw_ops.RandomIndexShuffle(index=offset, seed=seeds, max_index=last, rounds=4)
