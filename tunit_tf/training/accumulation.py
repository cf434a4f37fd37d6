"""The same steps for batches that do not fit: gradients are averaged over parts of the batch.

Every network is stepped once, on the mean gradient of all parts, as by the whole batch. Three
things see only their part: the batch statistics of E, the clustering matrix of its mutual
information, and references, which are drawn within a part. Keys, averages and the step count see
everything. E and G run forward twice, once for D's step and once for G's: what the two share would
have to be kept for all parts at once.
"""

from collections.abc import Callable

import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.data.batch import Batch
from tunit_tf.distribution import all_gather
from tunit_tf.training import steps
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

    def of_discriminator(part):
        drawn = steps.translate(state, part, config)
        return steps.discriminator_gradients(
            state, part.x, drawn.y, drawn.x_fake, drawn.y_ref, config
        )

    gradients, discriminator_terms = mean_over(parts, of_discriminator)
    steps.descend(gradients, steps.discriminator_targets(state))

    targets = steps.generator_targets(state, config)

    def of_generator(part):
        with tf.GradientTape() as tape:
            found = steps.judge(state, part.x, steps.translate(state, part, config), config)
            loss = steps.weighted_generator(found, config)
        return steps.gradients_of(tape, loss, targets), found

    gradients, generator_terms = mean_over(parts, of_generator)
    steps.descend(gradients, targets)

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


def mean_over(parts: list[Batch], compute: Callable):
    """Mean of a nested structure of tensors over parts that are computed one after the other."""
    total = None
    for part in parts:
        # Not all at once: only one part's activations are to be in memory.
        with tf.control_dependencies(tf.nest.flatten(total) if total is not None else []):
            part = Batch(*map(tf.identity, part))
            found = compute(part)
        total = found if total is None else tf.nest.map_structure(tf.add, total, found)
    return tf.nest.map_structure(lambda value: value / len(parts), total)


def _update_guiding(state, parts, config, weight):
    """Steps E once; returns mean terms and the keys of all parts."""
    keys = []

    def of_guiding(part):
        gradients, terms, part_keys = steps.guiding_gradients(state, part, config, weight)
        keys.append(part_keys)
        return gradients, terms

    gradients, terms = mean_over(parts, of_guiding)
    steps.descend(gradients, steps.guiding_targets(state, config))
    return terms, tf.concat(keys, 0)
