"""The step: what is shared changes no number, what is stopped stays still, modes differ right."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.data import pipeline, synthetic
from tunit_tf.training import losses, steps


@functools.cache
def batch_of(config, step=0):
    images = synthetic.generate(16, config.image_size, 0)
    return next(iter(pipeline.batches(images, config, step, step + 1, config.batch_size)))


def values(network):
    return [v.numpy() for v in network.variables]


def moved(before, after):
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


@pytest.fixture(scope="module")
def joint(tiny, fresh_state):
    """Terms of a joint step with the usual settings, and E's weights after it."""
    config = tiny()
    state = fresh_state(config)
    terms = steps.joint_step(state, batch_of(config), config)
    return terms, [v.numpy() for v in state.guiding.trainable_variables]


def test_warmup_moves_only_the_guiding_network(tiny, fresh_state):
    config = tiny()
    state = fresh_state(config)
    before = [values(n) for n in (state.guiding, state.generator, state.discriminator)]
    terms = steps.warmup_step(state, batch_of(config), config)
    after = [values(n) for n in (state.guiding, state.generator, state.discriminator)]
    assert [any(moved(a, b)) for a, b in zip(before, after, strict=True)] == [True, False, False]
    assert terms.keys() == {"guiding/contrastive", "guiding/mutual_information"}
    assert state.step == 1
    assert state.queue.position == config.batch_size


def test_joint_terms_are_unweighted_and_named(tiny, fresh_state, joint):
    config = tiny(weight_r1=1e-3, weight_reconstruction=7.0, weight_adversarial=0.0)
    terms = steps.joint_step(fresh_state(config), batch_of(config), config)
    before_d_moves = [
        "guiding/contrastive",
        "guiding/mutual_information",
        "discriminator/real",
        "discriminator/fake",
        "discriminator/r1",
        "generator/reconstruction",
        "generator/style_contrastive",
    ]
    for name in before_d_moves:
        np.testing.assert_allclose(joint[0][name], terms[name], rtol=1e-5, err_msg=name)


def test_separate_training_keeps_the_generators_loss_out_of_the_guiding_network(
    tiny, fresh_state, joint
):
    """Separate: E moves as in a step whose generator loss is zero. Joint: it does not."""
    results = {"joint": joint[1]}
    for name, changes in {
        "separate": {"joint": False},
        "silent": {"joint": False, "weight_adversarial": 0.0, "weight_reconstruction": 0.0},
    }.items():
        config = tiny(**changes)
        state = fresh_state(config)
        steps.joint_step(state, batch_of(config), config)
        results[name] = [v.numpy() for v in state.guiding.trainable_variables]
    for separate, silent in zip(results["separate"], results["silent"], strict=True):
        np.testing.assert_array_equal(separate, silent)
    assert any(moved(results["joint"], results["separate"]))


def test_sharing_changes_no_number(tiny, fresh_state):
    """Fakes and losses of D equal those of the textbook order, computed piece by piece."""
    config = tiny(mixed_precision="float64")
    batch, state = batch_of(config), fresh_state(config)
    steps.update_guiding(state, batch, config, weight=config.weight_guiding)
    x, x_ref = batch.x, tf.gather(batch.x, batch.reference)
    y_ref = tf.argmax(state.guiding(x_ref, training=True).domain_logits, -1, tf.int32)
    s_ref = state.guiding(x_ref, training=True).style
    with tf.GradientTape() as tape:
        image = tf.cast(x_ref, tf.float64)
        tape.watch(image)
        real = losses.logit_of(state.discriminator(image), y_ref)
    gradient = tape.gradient(real, image)
    fake = losses.logit_of(state.discriminator(state.generator(x, s_ref)), y_ref)
    expected = {
        "discriminator/real": losses.hinge_real(real),
        "discriminator/fake": losses.hinge_fake(fake),
        "discriminator/r1": losses.gradient_penalty(gradient),
    }
    other = fresh_state(config)
    terms = steps.joint_step(other, batch, config)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-6, err_msg=name)


def test_generator_average_starts_as_a_copy_and_then_lags(tiny, fresh_state):
    config = tiny(warmup_steps=0, ema_start=1)
    state = fresh_state(config)
    for step in range(2):
        steps.joint_step(state, batch_of(config, step), config)
        same = not any(moved(values(state.generator), values(state.generator_ema)))
        assert same == (step < 1)


def test_weights_follow_the_papers_table(tiny):
    config = tiny()
    one = tf.constant(1.0)
    guiding = {
        name: one
        for name in (
            "guiding/contrastive", "guiding/mutual_information", "guiding/classification",
        )
    }  # fmt: skip
    some = tiny(labeled_fraction=0.5)
    assert steps.weighted_guiding(guiding, tf.constant(False), config) == 1 - 5
    assert steps.weighted_guiding(guiding, tf.constant(False), some) == 1 - 5
    assert steps.weighted_guiding(guiding, tf.constant(True), some) == 1 + 5
    assert steps.weighted_guiding(guiding, tf.constant(True), tiny(labeled_fraction=1.0)) == 1
    discriminator = {f"discriminator/{n}": one for n in ("real", "fake", "r1")}
    assert steps.weighted_discriminator(discriminator, config) == 1 + 1 + 10
    generator = {
        f"generator/{n}": one
        for n in (
            "adversarial_translated", "adversarial_reconstructed", "reconstruction",
            "style_contrastive",
        )
    }  # fmt: skip
    np.testing.assert_allclose(steps.weighted_generator(generator, config), 2.11, rtol=1e-6)


def test_only_labeled_batches_have_a_classification_error(tiny, fresh_state):
    config = tiny(labeled_fraction=0.5, labeled_only_steps=0)
    batch = batch_of(config)
    for is_labeled in (False, True):
        labeled = tf.fill(batch.labeled.shape, is_labeled)
        label = tf.where(labeled, tf.range(len(labeled)) % config.num_domains, -1)
        given = batch._replace(labeled=labeled, label=label)
        _, terms, _ = steps.guiding_gradients(fresh_state(config), given, config, 1.0)
        assert (terms["guiding/classification"] > 0) == is_labeled


def test_labels_replace_pseudo_domains_where_there_are_some():
    logits = tf.constant([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
    label, labeled = tf.constant([-1, 1, 0]), tf.constant([False, True, True])
    np.testing.assert_array_equal(steps.pseudo_domain(logits, label, labeled), [1, 1, 0])


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_steps_stay_close_to_float32(tiny, fresh_state, joint, precision):
    config = tiny(mixed_precision=precision)
    for state in (fresh_state(tiny()), fresh_state(config)):
        assert all(v.dtype == "float32" for v in state.generator.variables)
    terms = steps.joint_step(fresh_state(config), batch_of(config), config)
    for name in ("guiding/contrastive", "discriminator/real", "generator/reconstruction"):
        np.testing.assert_allclose(terms[name], joint[0][name], rtol=0.05, err_msg=name)


def test_float16_scales_losses_and_skips_overflow(tiny, fresh_state):
    config = tiny(mixed_precision="float16")
    state = fresh_state(config)
    scale = state.generator_optimizer.dynamic_scale
    before = values(state.generator)
    scale.assign(1e38)  # every gradient overflows
    steps.joint_step(state, batch_of(config), config)
    assert not any(moved(before, values(state.generator)))
    assert scale.numpy() < 1e38
    scale.assign(1024.0)
    steps.joint_step(state, batch_of(config, 1), config)
    assert any(moved(before, values(state.generator)))
