"""One training step of TUNIT, as in the paper: (state, batch) in, named scalar terms out.

The order of a joint step (docs/architecture.md has the reasons for what is shared):

1. E learns to cluster and to distinguish styles.
2. With the new E: pseudo-domains y, styles s, references = the batch in a random order;
   D learns to distinguish real images from translations in the references' domains.
3. With the new D: G and E learn to fool it, to reconstruct, and to show the reference's style.
4. The keys of 1 are enqueued, the averages of E and G follow.

Returned terms are unweighted; `weighted_*` below are the only places where weights are applied.
"""

from typing import NamedTuple, TypeAlias

import tensorflow as tf

from tunit_tf.config import PSEUDO_LABELED, Config
from tunit_tf.data import differentiable_augmentation
from tunit_tf.data.batch import Batch
from tunit_tf.distribution import all_gather, all_sum
from tunit_tf.training import ema, losses
from tunit_tf.training.gradients import Gradients, Target, descend, gradients_of
from tunit_tf.training.state import TrainState

Terms = dict[str, tf.Tensor]
Seen: TypeAlias = tf.Tensor | list[tf.Tensor]  # images, or maps of frozen features


def warmup_step(state: TrainState, batch: Batch, config: Config) -> Terms:
    """One guiding-only step; it updates E, its average and the queue. Terms are float32 scalars."""
    terms, keys = update_guiding(state, batch, config, weight=1.0)
    finish_step(state, keys, config, joint=False)
    return terms


def joint_step(state: TrainState, batch: Batch, config: Config) -> Terms:
    """One step of all networks. Terms are float32 scalars."""
    # 1. E on the guiding loss.
    terms, keys = update_guiding(state, batch, config, weight=config.weight_guiding)

    # 2. D. One forward pass of E and G serves D's step and G's: neither changes in between.
    with tf.GradientTape() as tape:
        translated = translate(state, batch, config)
    terms |= update_discriminator(state, translated, config)

    # 3. G and E on the generator's loss. The tape goes on recording, now through the new D.
    with tape:
        for_generator = generator_terms(state, translated, config)
        loss = weighted_generator(for_generator, config)
    targets = generator_targets(state, config)
    descend(gradients_of(tape, loss, targets), targets)

    # 4. Queue, averages, step count.
    finish_step(state, keys, config, joint=True)
    return terms | for_generator


class Translated(NamedTuple):
    """A batch, its translations, and what D sees of them.

    Attributes:
      x: The images `(B, S, S, 3)`.
      x_fake: Translations into the references' styles.
      x_rec: Reconstructions in the images' own styles; not needed in D's step.
      seen_real: What D sees of the images.
      seen_fake: What D sees of the translations.
      seen_rec: What D sees of the reconstructions; not needed in D's step.
      y: Pseudo-domains `(B,)`.
      y_ref: Those of the references.
      s_key_ref: Style keys of the references, `(B, style_dim)`; not needed in D's step.
    """

    x: tf.Tensor
    x_fake: tf.Tensor
    x_rec: tf.Tensor | None
    seen_real: Seen
    seen_fake: Seen
    seen_rec: Seen | None
    y: tf.Tensor
    y_ref: tf.Tensor
    s_key_ref: tf.Tensor | None


def translate(state: TrainState, batch: Batch, config: Config) -> Translated:
    """Translates a batch into its references' styles and into its own."""
    # A tape around this call must not go back through the average of E.
    s_key = tf.stop_gradient(state.guiding_ema(batch.x, training=True).style)
    s, logits = state.guiding(batch.x, training=True)
    s_gen = s if config.joint else tf.stop_gradient(s)
    s_ref = permute(all_gather(s_gen), batch.reference)
    c = state.generator.encode(batch.x)
    both = state.generator.decode(tf.concat([c, c], 0), tf.concat([s_ref, s_gen], 0))
    x_fake, x_rec = tf.split(both, 2)
    real, fake, rec = (
        see(state, images, batch.view_draws[:, i], config)
        for i, images in enumerate((batch.x, x_fake, x_rec))
    )
    y = pseudo_domain(logits, batch.label, batch.labeled)
    return Translated(
        batch.x,
        x_fake,
        x_rec,
        real,
        fake,
        rec,
        y,
        y_ref=tf.gather(all_gather(y), batch.reference),
        s_key_ref=tf.gather(all_gather(s_key), batch.reference),
    )


def see(state: TrainState, x: tf.Tensor, draws: tf.Tensor, config: Config) -> Seen:
    """What D sees of images: augmented views, or their frozen features if it is projected.

    Args:
      state: Provides the discriminator.
      x: Images `(B, S, S, 3)` in [-1, 1].
      draws: `(B, D)` in [0, 1), the random numbers of these views.
      config: Its `augment_discriminator` says which.
    """
    views = differentiable_augmentation.augment(x, draws, config.discriminator_views)
    return state.discriminator.frozen_features(views)


def update_guiding(
    state: TrainState, batch: Batch, config: Config, weight: float
) -> tuple[Terms, tf.Tensor]:
    """Steps E on its own loss; returns the terms and the keys `(B, style_dim)` to enqueue."""
    gradients, terms, keys = guiding_gradients(state, batch, config, weight)
    descend(gradients, guiding_targets(state, config))
    return terms, keys


def guiding_gradients(
    state: TrainState, batch: Batch, config: Config, weight: float
) -> tuple[Gradients, Terms, tf.Tensor]:
    """Gradients of E's own loss, its terms, and the keys to enqueue."""
    keys = state.guiding_ema(batch.x_aug, training=True).style
    with tf.GradientTape() as tape:
        s, logits = state.guiding(batch.x, training=True)
        terms = {
            "guiding/contrastive": losses.contrastive(s, keys, state.queue.keys, config.temperature)
        }
        if config.mode != "supervised":
            _, logits_aug = state.guiding(batch.x_aug, training=True)
        if config.mode in ("unsupervised", "semi-supervised"):
            joint = losses.joint_distribution(tf.nn.softmax(logits), tf.nn.softmax(logits_aug))
            terms["guiding/mutual_information"] = losses.mutual_information(
                all_sum(joint), config.weight_entropy
            )
        if config.mode in ("semi-supervised", PSEUDO_LABELED):
            label = tf.where(batch.labeled, batch.label, 0)  # any; the term of these is 0
            error = losses.classification(logits, label) + losses.classification(logits_aug, label)
            is_labeled = tf.reduce_all(batch.labeled)
            terms["guiding/classification"] = tf.where(is_labeled, error, tf.zeros_like(error))
        loss = weight * weighted_guiding(terms, tf.reduce_all(batch.labeled), config)
    return gradients_of(tape, loss, guiding_targets(state, config)), terms, keys


def update_discriminator(state: TrainState, translated: Translated, config: Config) -> Terms:
    """Steps D on real images of their domains and translations in the references' domains."""
    gradients, terms = discriminator_gradients(state, translated, config)
    descend_discriminator(state, gradients)
    return terms


def descend_discriminator(state: TrainState, gradients: Gradients) -> None:
    """Updates D with its gradients."""
    descend(gradients, discriminator_targets(state))
    state.discriminator.follow_update()


def discriminator_gradients(
    state: TrainState, translated: Translated, config: Config
) -> tuple[Gradients, Terms]:
    """Gradients of D's loss, and its terms.

    The paper's real images are the references. They are the batch itself in another order, and
    every term is a mean over samples that D treats alone, so the order does not matter. The
    penalty R1 takes D's gradient at the views that D sees; one of weight 0 is not computed.
    """
    real = translated.seen_real
    fake = tf.nest.map_structure(tf.stop_gradient, translated.seen_fake)
    penalized = config.discriminator == "paper" and config.weight_r1 > 0
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
        if penalized:
            image_gradient = image_tape.gradient(total, real)
            terms["discriminator/r1"] = losses.gradient_penalty(image_gradient)
        loss = weighted_discriminator(terms, config)
    return gradients_of(tape, loss, discriminator_targets(state)), terms


def generator_terms(state: TrainState, translated: Translated, config: Config) -> Terms:
    """Terms of G's loss."""
    y = tf.concat([translated.y_ref, translated.y], 0)
    # One call of D, which treats samples alone.
    seen = tf.nest.map_structure(
        lambda fake, rec: tf.concat([fake, rec], 0), translated.seen_fake, translated.seen_rec
    )
    logit = losses.logit_of(state.discriminator.judge(seen), y)
    logit_fake, logit_rec = tf.split(logit, 2)
    s_fake = state.guiding(translated.x_fake, training=True).style
    return {
        "generator/adversarial_translated": losses.adversarial(logit_fake),
        "generator/adversarial_reconstructed": losses.adversarial(logit_rec),
        "generator/reconstruction": losses.reconstruction(translated.x, translated.x_rec),
        "generator/style_contrastive": losses.contrastive(
            s_fake, translated.s_key_ref, state.queue.keys, config.temperature
        ),
    }


def guiding_targets(state: TrainState, config: Config) -> list[Target]:
    """What E's own loss trains: E, without its domain head where labels replace clustering."""
    supervised = config.mode == "supervised"
    variables = state.guiding.style_variables if supervised else state.guiding.trainable_variables
    return [Target(state.guiding_optimizer, variables)]


def discriminator_targets(state: TrainState) -> list[Target]:
    """What D's loss trains."""
    return [Target(state.discriminator_optimizer, state.discriminator.trainable_variables)]


def generator_targets(state: TrainState, config: Config) -> list[Target]:
    """What G's loss trains: G and, in joint training, E except its domain head."""
    targets = [Target(state.generator_optimizer, state.generator.trainable_variables)]
    if config.joint:
        targets.append(Target(state.guiding_optimizer, state.guiding.style_variables))
    return targets


def finish_step(state: TrainState, keys: tf.Tensor, config: Config, joint: bool) -> None:
    """Enqueues keys `(B, style_dim)` of this replica, moves the averages, counts the step."""
    state.queue.enqueue(all_gather(keys))
    ema.follow(state.guiding, state.guiding_ema, _decay(config, state.step))
    if joint:
        averaged = state.step - (config.warmup_steps + config.ema_start)
        decay = tf.where(averaged < 0, 0.0, _decay(config, averaged))
        ema.follow(state.generator, state.generator_ema, decay)
    state.step.assign_add(1)


def weighted_guiding(terms: Terms, labeled: tf.Tensor, config: Config) -> tf.Tensor:
    """Loss of E. A semi-supervised batch is classified if it is `labeled`, else clustered."""
    loss = config.weight_contrastive * terms["guiding/contrastive"]
    if config.mode == "supervised":
        return loss
    if config.mode == PSEUDO_LABELED:
        return loss + config.weight_mutual_information * terms["guiding/classification"]
    clustering = -terms["guiding/mutual_information"]
    if config.mode == "semi-supervised":
        clustering = tf.where(labeled, terms["guiding/classification"], clustering)
    return loss + config.weight_mutual_information * clustering


def weighted_discriminator(terms: Terms, config: Config) -> tf.Tensor:
    """Loss of D."""
    hinge = terms["discriminator/real"] + terms["discriminator/fake"]
    loss = config.weight_adversarial * hinge
    if "discriminator/r1" in terms:
        loss += config.weight_r1 * terms["discriminator/r1"]
    return loss


def weighted_generator(terms: Terms, config: Config) -> tf.Tensor:
    """Loss of G, and of E in joint training."""
    fooling = (
        terms["generator/adversarial_translated"] + terms["generator/adversarial_reconstructed"]
    )
    return (
        config.weight_adversarial * fooling
        + config.weight_reconstruction * terms["generator/reconstruction"]
        + config.weight_style_contrastive * terms["generator/style_contrastive"]
    )


def pseudo_domain(logits: tf.Tensor, label: tf.Tensor, labeled: tf.Tensor) -> tf.Tensor:
    """The label where an image is labeled, else its most likely domain.

    Args:
      logits: `(B, K)`.
      label: `(B,)` int32.
      labeled: `(B,)` bool.

    Returns:
      `(B,)` int32.
    """
    return tf.where(labeled, label, tf.argmax(logits, axis=-1, output_type=tf.int32))


def permute(values: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """`values[places]`, `(N, D), (B,) -> (B, D)`, with a dense gradient.

    A gather's gradient is sparse, which the gradient of a gather over replicas cannot take.
    """
    return tf.matmul(tf.one_hot(places, tf.shape(values)[0], dtype=values.dtype), values)


def _decay(config: Config, averaged: tf.Tensor) -> tf.Tensor:
    """Decay of an average after `averaged` steps."""
    if config.ema_ramp:
        return ema.ramped_decay(config.ema_decay, averaged)
    return tf.constant(config.ema_decay)
