"""One training step of TUNIT, as in the paper: (state, batch) in, named scalar terms out.

The order of a joint step (docs/architecture.md has the reasons for what is shared):

1. E learns to cluster and to distinguish styles.
2. With the new E: pseudo-domains y, styles s, references = the batch in a random order;
   D learns to distinguish real images from translations in the references' domains.
3. With the new D: G and E learn to fool it, to reconstruct, and to show the reference's style.
4. The keys of 1 are enqueued, the averages of E and G follow.

A batch that does not fit into memory is computed in parts. Every network is stepped once, on the
mean gradient of the parts. Limited to a part are then the batch statistics of E, the clustering
matrix of its mutual information, and references, which are chosen within a part.

Returned terms are unweighted; `weights` has the weight of each.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import keras
import tensorflow as tf

from tunit_tf.config import PSEUDO_LABELED, Config
from tunit_tf.data import augment
from tunit_tf.data.pipeline import Batch
from tunit_tf.distribution import all_gather, all_mean, all_sum, num_replicas, take
from tunit_tf.training import losses
from tunit_tf.training.state import Target, TrainState

Terms = dict[str, tf.Tensor]
Seen: TypeAlias = tf.Tensor | list[tf.Tensor]  # images, or maps of frozen features


class Loss(NamedTuple):
    """A network's loss on a part of a batch: its sum of weighted terms, recorded on a tape."""

    tape: tf.GradientTape
    value: tf.Tensor
    terms: Terms


class Translated(NamedTuple):
    """Images, their translations, and what D sees of them.

    Attributes:
      x: The images `(B, S, S, 3)`.
      x_fake: Translations into the references' styles.
      x_rec: Reconstructions in the images' own styles.
      seen_real: What D sees of the images.
      seen_fake: What D sees of the translations.
      seen_rec: What D sees of the reconstructions.
      y: Pseudo-domains `(B,)`.
      y_ref: Those of the references.
      s_key_ref: Style keys of the references, `(B, style_dim)`.
    """

    x: tf.Tensor
    x_fake: tf.Tensor
    x_rec: tf.Tensor
    seen_real: Seen
    seen_fake: Seen
    seen_rec: Seen
    y: tf.Tensor
    y_ref: tf.Tensor
    s_key_ref: tf.Tensor


def warmup_step(state: TrainState, batch: Batch, config: Config) -> Terms:
    """One guiding-only step; it updates E, its average and the queue. Terms are float32 scalars."""
    terms, keys = guiding_step(state, parts_of(batch, config), config, factor=1.0)
    state.finish_step(keys, config, joint=False)
    return terms


def joint_step(state: TrainState, batch: Batch, config: Config) -> Terms:
    """One step of all networks. Terms are float32 scalars."""
    parts = parts_of(batch, config)

    # 1. E on the guiding loss.
    terms, keys = guiding_step(state, parts, config, factor=config.weight_guiding)

    # E and G do not change between D's step and G's, so one forward pass serves both. With several
    # parts it runs twice: keeping all of them would take the memory that parts are to save.
    kept = translate(state, batch, config) if len(parts) == 1 else None

    # 2. D on real images and translations.
    def loss_of_discriminator(part: Batch) -> Loss:
        _, translated = kept or translate(state, part, config)
        return discriminator_loss(state, translated, config)

    terms |= descend(loss_of_discriminator, parts, state.discriminator_targets)
    state.discriminator.follow_update()

    # 3. G and E through the new D: the tape of the forward pass goes on recording.
    def loss_of_generator(part: Batch) -> Loss:
        tape, translated = kept or translate(state, part, config)
        return generator_loss(state, tape, translated, config)

    terms |= descend(loss_of_generator, parts, state.generator_targets)

    # 4. Queue, averages, step count.
    state.finish_step(keys, config, joint=True)
    return terms


def guiding_step(
    state: TrainState, parts: list[Batch], config: Config, factor: float
) -> tuple[Terms, tf.Tensor]:
    """Steps E on `factor` times its own loss; returns terms and the keys `(B, style_dim)`."""
    keys = []

    def loss_of_guiding(part: Batch) -> Loss:
        keys.append(state.guiding_ema(part.x_aug, training=True).style)
        return guiding_loss(state, part, keys[-1], config, factor)

    terms = descend(loss_of_guiding, parts, state.guiding_targets)
    return terms, tf.concat(keys, 0)


def guiding_loss(
    state: TrainState, batch: Batch, keys: tf.Tensor, config: Config, factor: float
) -> Loss:
    """E's own loss: styles unlike past ones, and domains by clustering or by labels."""
    table = weights(config)
    is_labeled = tf.reduce_all(batch.label >= 0)
    with tf.GradientTape() as tape:
        s, logits = state.guiding(batch.x, training=True)
        terms = {
            "guiding/contrastive": losses.contrastive(s, keys, state.queue.keys, config.temperature)
        }
        if config.mode != "supervised":
            _, logits_aug = state.guiding(batch.x_aug, training=True)
        if "guiding/mutual_information" in table:
            joint = losses.joint_distribution(tf.nn.softmax(logits), tf.nn.softmax(logits_aug))
            terms["guiding/mutual_information"] = losses.mutual_information(
                all_sum(joint), config.weight_entropy
            )
        if "guiding/classification" in table:
            label = tf.maximum(batch.label, 0)  # -1 is no class; the term is then set to 0
            error = losses.classification(logits, label) + losses.classification(logits_aug, label)
            terms["guiding/classification"] = tf.where(is_labeled, error, tf.zeros_like(error))
        if config.mode == "semi-supervised":  # a labeled batch is classified, not clustered
            weight = tf.constant(table["guiding/mutual_information"], s.dtype)
            table["guiding/mutual_information"] = tf.where(
                is_labeled, tf.zeros_like(weight), weight
            )
        loss = factor * weighted_sum(terms, table)
    return Loss(tape, loss, terms)


def translate(
    state: TrainState, batch: Batch, config: Config
) -> tuple[tf.GradientTape, Translated]:
    """Translates images into their references' styles and into their own, on a tape."""

    def seen(images: tf.Tensor, place: int) -> Seen:
        """Augmented views, or their frozen features if D is projected."""
        draws = batch.view_draws[:, place]
        views = augment.discriminator_view(images, draws, config.discriminator_views)
        return state.discriminator.frozen_features(views)

    with tf.GradientTape() as tape:
        # A gradient must not go back through the average of E.
        s_key = tf.stop_gradient(state.guiding_ema(batch.x, training=True).style)
        s, logits = state.guiding(batch.x, training=True)
        s_gen = s if config.joint else tf.stop_gradient(s)
        s_ref = take(s_gen, batch.reference)
        c = state.generator.encode(batch.x)  # (B, 16, 16, C)
        both = state.generator.decode(tf.concat([c, c], 0), tf.concat([s_ref, s_gen], 0))
        x_fake, x_rec = tf.split(both, 2)
        y = tf.argmax(logits, axis=-1, output_type=tf.int32)
        y = tf.where(batch.label >= 0, batch.label, y)
        # What is compared is seen in the same view; otherwise every image has a view of its own.
        view_of_rec = 0 if config.weight_perceptual else 2
        translated = Translated(
            batch.x,
            x_fake,
            x_rec,
            seen(batch.x, 0),
            seen(x_fake, 1),
            seen(x_rec, view_of_rec),
            y,
            y_ref=tf.gather(all_gather(y), batch.reference),
            s_key_ref=tf.gather(all_gather(s_key), batch.reference),
        )
    return tape, translated


def discriminator_loss(state: TrainState, translated: Translated, config: Config) -> Loss:
    """D's loss: real images in their domains, and translations in the references' domains.

    The paper's real images are the references. They are the batch itself in another order, and
    every term is a mean over samples that D treats alone, so the order does not matter. The
    penalty R1 takes D's gradient at the views that D sees.
    """
    real = translated.seen_real
    fake = tf.nest.map_structure(tf.stop_gradient, translated.seen_fake)
    table = weights(config)
    with tf.GradientTape() as tape:
        with tf.GradientTape() as image_tape:
            image_tape.watch(real)
            logit_real = losses.logit_of(state.discriminator.judge(real), translated.y)
            total = tf.reduce_sum(logit_real)
        logit_fake = losses.logit_of(state.discriminator.judge(fake), translated.y_ref)
        terms = {
            "discriminator/real": losses.hinge_real(logit_real),
            "discriminator/fake": losses.hinge_fake(logit_fake),
        }
        if "discriminator/r1" in table:
            image_gradient = image_tape.gradient(total, real)
            terms["discriminator/r1"] = losses.gradient_penalty(image_gradient)
        loss = weighted_sum(terms, table)
    return Loss(tape, loss, terms)


def generator_loss(
    state: TrainState, tape: tf.GradientTape, translated: Translated, config: Config
) -> Loss:
    """G's loss: fool D, reconstruct, show the reference's style.

    Args:
      state: Networks and queue.
      tape: Recorded the forward pass; it goes on recording here.
      translated: What the forward pass computed.
      config: Resolved config.
    """
    table = weights(config)
    with tape:
        y = tf.concat([translated.y_ref, translated.y], 0)
        # One call of D, which treats samples alone.
        seen = tf.nest.map_structure(
            lambda fake, rec: tf.concat([fake, rec], 0), translated.seen_fake, translated.seen_rec
        )
        logit = losses.logit_of(state.discriminator.judge(seen), y)
        logit_fake, logit_rec = tf.split(logit, 2)
        s_fake = state.guiding(translated.x_fake, training=True).style
        terms = {
            "generator/adversarial_translated": losses.adversarial(logit_fake),
            "generator/adversarial_reconstructed": losses.adversarial(logit_rec),
            "generator/reconstruction": losses.reconstruction(translated.x, translated.x_rec),
            "generator/style_contrastive": losses.contrastive(
                s_fake, translated.s_key_ref, state.queue.keys, config.temperature
            ),
        }
        if "generator/perceptual" in table:
            real, rec = (
                [tf.cast(features, logit.dtype) for features in maps]
                for maps in (translated.seen_real, translated.seen_rec)
            )
            terms["generator/perceptual"] = losses.perceptual(real, rec)
        if config.weight_reconstruction_first:
            table["generator/reconstruction"] = tf.cast(
                reconstruction_weight(state.step, config), logit.dtype
            )
        loss = weighted_sum(terms, table)
    return Loss(tape, loss, terms)


def reconstruction_weight(step: tf.Tensor, config: Config) -> tf.Tensor:
    """Weight of the reconstruction at a joint step: it falls, then stays. Not in the paper.

    Args:
      step: int64 scalar, finished steps.
      config: Resolved config.
    """
    done = tf.cast(step - config.warmup_steps, tf.float32) / config.reconstruction_steps
    first, last = config.weight_reconstruction_first, config.weight_reconstruction
    return last + (first - last) * tf.maximum(0.0, 1.0 - done)


def weights(config: Config) -> dict[str, float]:
    """The weight of every term that a run has; terms that are not listed are not computed."""
    guiding = {
        "guiding/contrastive": config.weight_contrastive,
        "guiding/mutual_information": -config.weight_mutual_information,  # it is maximized
        "guiding/classification": config.weight_classification,
    }
    discriminator = {
        "discriminator/real": config.weight_adversarial,
        "discriminator/fake": config.weight_adversarial,
        "discriminator/r1": config.weight_r1,
    }
    generator = {
        "generator/adversarial_translated": config.weight_adversarial,
        "generator/adversarial_reconstructed": config.weight_adversarial,
        "generator/reconstruction": config.weight_reconstruction,
        "generator/perceptual": config.weight_perceptual,
        "generator/style_contrastive": config.weight_style_contrastive,
    }
    if config.mode in ("supervised", PSEUDO_LABELED):
        del guiding["guiding/mutual_information"]
    if config.mode in ("supervised", "unsupervised"):
        del guiding["guiding/classification"]
    if config.discriminator != "paper" or config.weight_r1 == 0:
        del discriminator["discriminator/r1"]
    if config.weight_perceptual == 0:
        del generator["generator/perceptual"]
    return {**guiding, **discriminator, **generator}


def weighted_sum(terms: Terms, table: dict[str, float | tf.Tensor]) -> tf.Tensor:
    """The loss of a network: its terms times their weights."""
    return tf.add_n([table[name] * term for name, term in terms.items()])


def parts_of(batch: Batch, config: Config) -> list[Batch]:
    """`accumulate_steps` equal parts of a replica's batch; references are among a part's images."""
    if config.accumulate_steps == 1:
        return [batch]
    parts = []
    for values in zip(*(tf.split(value, config.accumulate_steps) for value in batch), strict=True):
        part = Batch(*values)
        # Places in the global batch become places in the part, in the same order.
        places = tf.sort(all_gather(part.reference))
        parts.append(part._replace(reference=tf.searchsorted(places, part.reference)))
    return parts


def descend(compute: Callable[[Batch], Loss], parts: list[Batch], targets: list[Target]) -> Terms:
    """Steps the targets once, on the mean gradient of a batch's parts; returns the mean terms.

    Keras' optimizers sum gradients over replicas, hence the division by their number (see
    `distribution.py`). With float16, optimizers scale the loss; here it is scaled for the first
    target, and the gradients of the others are rescaled to theirs.

    Args:
      compute: Computes the loss of a part.
      parts: The parts of this replica's batch.
      targets: What the loss trains.
    """
    loss_scale = targets[0].optimizer.scale_loss(1.0)
    total: list = []
    for part in parts:
        # One after the other, so that only one part's activations are in memory.
        with tf.control_dependencies(tf.nest.flatten(total)):
            tape, loss, terms = compute(Batch(*map(tf.identity, part)) if total else part)
            share = tf.fill(loss.shape, tf.cast(loss_scale / num_replicas(), loss.dtype))
            variables = [target.variables for target in targets]
            found = [tape.gradient(loss, variables, output_gradients=share), terms]
        total = tf.nest.map_structure(tf.add, total, found) if total else found
    if len(parts) > 1:
        total = tf.nest.map_structure(lambda value: value / len(parts), total)
    gradients, terms = total
    for target, values in zip(targets, gradients, strict=True):
        if isinstance(target.optimizer, keras.optimizers.LossScaleOptimizer):
            # Keras checks for overflow before it sums over replicas, so all need the same sum.
            factor = target.optimizer.scale_loss(1.0) / loss_scale
            values = [all_mean(value) * factor for value in values]
        target.optimizer.apply_gradients(zip(values, target.variables, strict=True))
    return terms
