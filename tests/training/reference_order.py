"""A joint step in the textbook order, nothing shared: the baseline of `train_step.py` only.

The same update as `tunit_tf.training.steps.joint_step`, but every network runs again wherever the
algorithm names it, and D's weight gradients are computed in the generator's step as well.
"""

import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.data.pipeline import Batch
from tunit_tf.training import losses, steps
from tunit_tf.training.state import TrainState

UNUSED = "discriminator/unused_gradient_norm"


def joint_step(state: TrainState, batch: Batch, config: Config) -> steps.Terms:
    """One joint step on one replica; terms as `steps.joint_step`, and `UNUSED`."""
    guiding, generator, discriminator = state.guiding, state.generator, state.discriminator
    x, x_ref = batch.x, tf.gather(batch.x, batch.reference)
    terms, keys = steps.guiding_step(state, [batch], config, factor=config.weight_guiding)

    _, logits = guiding(x, training=True)
    s_ref, logits_ref = guiding(x_ref, training=True)
    y, y_ref = (
        tf.where(label >= 0, label, tf.argmax(found, -1, output_type=tf.int32))
        for label, found in (
            (batch.label, logits), (tf.gather(batch.label, batch.reference), logits_ref)
        )
    )  # fmt: skip
    x_fake = generator(x, s_ref)
    seen = steps.Translated(
        x_ref,
        x_fake,
        x_rec=x_fake,  # not looked at
        seen_real=x_ref,
        seen_fake=x_fake,
        seen_rec=x_fake,
        y=y_ref,
        y_ref=y_ref,
        s_key_ref=keys,
    )

    def discriminator_loss(_: Batch) -> steps.Loss:
        return steps.discriminator_loss(state, seen, config)

    terms |= steps.descend(discriminator_loss, [batch], state.discriminator_targets)

    with tf.GradientTape() as tape:
        s = guiding(x, training=True).style
        s_ref = guiding(x_ref, training=True).style
        x_fake, x_rec = generator(x, s_ref), generator(x, s)
        logit_fake = losses.logit_of(discriminator(x_fake), y_ref)
        logit_rec = losses.logit_of(discriminator(x_rec), y)
        s_fake = guiding(x_fake, training=True).style
        s_key = state.guiding_ema(x_ref, training=True).style
        generator_terms = {
            "generator/adversarial_translated": losses.adversarial(logit_fake),
            "generator/adversarial_reconstructed": losses.adversarial(logit_rec),
            "generator/reconstruction": losses.reconstruction(x, x_rec),
            "generator/style_contrastive": losses.contrastive(
                s_fake, s_key, state.queue.keys, config.temperature
            ),
        }
        loss = steps.weighted_sum(generator_terms, steps.weights(config))
    groups = [
        generator.trainable_variables,
        guiding.style_variables,
        discriminator.trainable_variables,
    ]
    for_generator, for_guiding, unused = tape.gradient(loss, groups)
    state.generator_optimizer.apply_gradients(zip(for_generator, groups[0], strict=True))
    state.guiding_optimizer.apply_gradients(zip(for_guiding, groups[1], strict=True))
    state.finish_step(keys, config, joint=True)
    # TensorFlow prunes unused results; the textbook order computes these and drops them.
    return terms | generator_terms | {UNUSED: tf.linalg.global_norm(unused)}
