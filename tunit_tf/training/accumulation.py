"""The same steps for batches that do not fit: gradients are averaged over parts of the batch.

Every network is stepped once, on the mean gradient of all parts, as by the whole batch. Three
things are limited to one part: the batch statistics of E, the clustering matrix of its mutual
information, and references, which are chosen within a part. Keys, averages and the step count cover
the whole batch. E and G run forward twice, once for D's step and once for G's: what the two share
would have to be kept for all parts at once.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.data.batch import Batch
from tunit_tf.distribution import all_gather
from tunit_tf.training import steps
from tunit_tf.training.gradients import Gradients, descend, gradients_of
from tunit_tf.training.state import TrainState


def warmup_step(state: TrainState, batch: Batch, config: Config) -> steps.Terms:
    """As `steps.warmup_step`."""
    terms, keys = _update_guiding(state, parts_of(batch, config.accumulate_steps), config, 1.0)
    steps.finish_step(state, keys, config, joint=False)
    return terms


def joint_step(state: TrainState, batch: Batch, config: Config) -> steps.Terms:
    """As `steps.joint_step`."""
    parts = parts_of(batch, config.accumulate_steps)
    terms, keys = _update_guiding(state, parts, config, config.weight_guiding)

    def discriminator_gradients(part: Batch) -> tuple[Gradients, steps.Terms]:
        translated = steps.translate(state, part, config)
        return steps.discriminator_gradients(state, translated, config)

    gradients, discriminator_terms = mean_over(parts, discriminator_gradients)
    steps.descend_discriminator(state, gradients)

    targets = steps.generator_targets(state, config)

    def generator_gradients(part: Batch) -> tuple[Gradients, steps.Terms]:
        with tf.GradientTape() as tape:
            translated = steps.translate(state, part, config)
            found = steps.generator_terms(state, translated, config)
            loss = steps.weighted_generator(found, config)
        return gradients_of(tape, loss, targets), found

    gradients, generator_terms = mean_over(parts, generator_gradients)
    descend(gradients, targets)

    steps.finish_step(state, keys, config, joint=True)
    return terms | discriminator_terms | generator_terms


def parts_of(batch: Batch, count: int) -> list[Batch]:
    """Equal parts of a replica's batch, each with references among its own images."""
    parts = []
    for values in zip(*(tf.split(value, count) for value in batch), strict=True):
        part = Batch(*values)
        # The order of the places is kept; what was a permutation of all is one of the part.
        places = tf.sort(all_gather(part.reference))
        parts.append(part._replace(reference=tf.searchsorted(places, part.reference)))
    return parts


def mean_over(parts: list[Batch], compute: Callable[[Batch], Any]) -> Any:
    """Mean of a nested structure of tensors over parts that are computed one after the other."""
    total = None
    for part in parts:
        # Not all at once: only one part's activations are to be in memory.
        with tf.control_dependencies(tf.nest.flatten(total) if total is not None else []):
            part = Batch(*map(tf.identity, part))
            found = compute(part)
        total = found if total is None else tf.nest.map_structure(tf.add, total, found)
    return tf.nest.map_structure(lambda value: value / len(parts), total)


def _update_guiding(
    state: TrainState, parts: list[Batch], config: Config, weight: float
) -> tuple[steps.Terms, tf.Tensor]:
    """Steps E once; returns mean terms and the keys of all parts."""
    keys = []

    def guiding_gradients(part: Batch) -> tuple[Gradients, steps.Terms]:
        gradients, terms, part_keys = steps.guiding_gradients(state, part, config, weight)
        keys.append(part_keys)
        return gradients, terms

    gradients, terms = mean_over(parts, guiding_gradients)
    descend(gradients, steps.guiding_targets(state, config))
    return terms, tf.concat(keys, 0)
