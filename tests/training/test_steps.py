"""The step: what is shared changes no number, what is stopped stays still, modes differ right."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.training.states import everything
from tunit_tf.data import augment, pipeline, synthetic
from tunit_tf.data.pipeline import Batch
from tunit_tf.errors import UserError
from tunit_tf.training import losses, phases, steps, trainer


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
    steps.guiding_step(state, [batch], config, factor=config.weight_guiding)
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


PAPER = {
    "guiding/contrastive": 1, "guiding/mutual_information": -5, "guiding/classification": 5,
    "discriminator/real": 1, "discriminator/fake": 1, "discriminator/r1": 10,
    "generator/adversarial_translated": 1, "generator/adversarial_reconstructed": 1,
    "generator/reconstruction": 0.1, "generator/style_contrastive": 0.01,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({}, {"guiding/classification"}),
        ({"labeled_fraction": 0.5}, set()),
        ({"labeled_fraction": 1.0}, {"guiding/classification", "guiding/mutual_information"}),
        ({"domains_from": "efficientnet_lite0"}, {"guiding/mutual_information"}),
        ({"weight_r1": 0.0}, {"guiding/classification", "discriminator/r1"}),
        ({"discriminator": "projected"}, {"guiding/classification", "discriminator/r1"}),
    ],
)
def test_weights_follow_the_papers_table(tiny, changes, absent):
    expected = {name: weight for name, weight in PAPER.items() if name not in absent}
    assert steps.weights(tiny(**changes)) == expected


def test_the_first_weight_of_reconstruction_falls_linearly_and_stays(tiny):
    config = tiny(
        weight_reconstruction=4.0, weight_reconstruction_first=20.0, reconstruction_steps=8
    )
    start = config.warmup_steps
    found = [float(steps.reconstruction_weight(start + done, config)) for done in (0, 2, 8, 99)]
    np.testing.assert_allclose(found, [20, 16, 4, 4], rtol=1e-6)


def test_the_perceptual_term_is_float32_with_half_precision(tiny, fresh_state):
    config = tiny(
        discriminator="projected", features_size=32, head_width=4, weight_perceptual=2.0,
        mixed_precision="bfloat16",
    )  # fmt: skip
    state = fresh_state(config)
    tape, translated = steps.translate(state, batch_of(config), config)
    loss = steps.generator_loss(state, tape, translated, config)
    assert {term.dtype for term in loss.terms.values()} == {tf.float32}
    assert np.isfinite(loss.value)


def test_perception_is_compared_in_the_same_view_and_has_its_weight(tiny, fresh_state):
    settings = {"discriminator": "projected", "features_size": 32, "head_width": 4}
    settings |= {"augment_discriminator": "translation,cutout"}
    config = tiny(**settings, weight_perceptual=2.0, weight_reconstruction_first=3.0)
    batch, state = batch_of(config), fresh_state(config)
    tape, translated = steps.translate(state, batch, config)
    equal = translated._replace(x_rec=translated.x, seen_rec=translated.seen_real)
    state.step.assign(config.warmup_steps)
    loss = steps.generator_loss(state, tape, translated, config)
    table = steps.weights(config) | {"generator/reconstruction": 3.0}
    assert table["generator/perceptual"] == 2.0
    np.testing.assert_allclose(loss.value, steps.weighted_sum(loss.terms, table), rtol=1e-5)
    assert loss.terms["generator/perceptual"] > 0.1
    views = augment.discriminator_view(
        translated.x_rec, batch.view_draws[:, 0], config.discriminator_views
    )
    for seen, expected in zip(
        translated.seen_rec, state.discriminator.frozen_features(views), strict=True
    ):
        np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-4)
    same = steps.generator_loss(state, tape, equal, config)
    np.testing.assert_allclose(same.terms["generator/perceptual"], 0, atol=1e-6)


def test_a_loss_is_the_weighted_sum_of_its_terms():
    terms = {name: tf.constant(2.0) for name in PAPER}
    np.testing.assert_allclose(steps.weighted_sum(terms, PAPER), 2 * sum(PAPER.values()), rtol=1e-6)


def test_a_batch_is_classified_if_it_is_labeled_and_clustered_if_not(tiny, fresh_state):
    config = tiny(labeled_fraction=0.5, labeled_only_steps=0)
    batch, state = batch_of(config), fresh_state(config)
    label = tf.range(len(batch.label)) % config.num_domains
    keys = state.guiding_ema(batch.x_aug, training=True).style
    for is_labeled in (False, True):
        given = batch._replace(label=label if is_labeled else tf.fill(label.shape, -1))
        loss = steps.guiding_loss(state, given, keys, config, factor=0.5)
        terms = loss.terms
        assert (terms["guiding/classification"] > 0) == is_labeled
        other = terms["guiding/classification" if is_labeled else "guiding/mutual_information"]
        expected = terms["guiding/contrastive"] + (5 if is_labeled else -5) * other
        np.testing.assert_allclose(loss.value, 0.5 * expected, rtol=1e-6)


def test_labels_replace_pseudo_domains_where_there_are_some(tiny, fresh_state):
    config = tiny()
    batch, state = batch_of(config), fresh_state(config)
    found = tf.argmax(state.guiding(batch.x, training=True).domain_logits, -1).numpy()
    label = np.array([-1, (found[1] + 1) % config.num_domains, -1, 0], np.int32)
    _, translated = steps.translate(state, batch._replace(label=tf.constant(label)), config)
    y = np.where(label >= 0, label, found)
    np.testing.assert_array_equal(translated.y, y)
    np.testing.assert_array_equal(translated.y_ref, y[batch.reference])


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


def twice(batch):
    """A batch of the same images two times over, references within each half."""
    size = len(batch.reference)
    reference = tf.concat([batch.reference, batch.reference + size], 0)
    doubled = Batch(*(tf.concat([value, value], 0) for value in batch))
    return doubled._replace(reference=reference)


@pytest.mark.parametrize("mode", [0.0, 1.0])
def test_equal_halves_give_the_update_of_the_whole(tiny, fresh_state, mode):
    """Then batch statistics, clustering matrix and references of a part are those of the whole."""
    changes = {"mixed_precision": "float64", "batch_size": 8, "labeled_fraction": mode}
    config = tiny(**changes)
    batch = twice(batch_of(tiny(**{**changes, "batch_size": 4})))
    state = fresh_state(config)
    expected = steps.joint_step(state, batch, config)
    ours = everything(state)
    state = fresh_state(config)
    found = steps.joint_step(state, batch, tiny(**changes, accumulate_steps=2))
    theirs = everything(state)
    assert found.keys() == expected.keys()
    for term, value in expected.items():
        np.testing.assert_allclose(found[term], value, rtol=1e-9, atol=1e-12, err_msg=term)
    # Running statistics move once a pass: twice a step here, and again for what G's step redraws.
    running = {
        f"{part}/{i}"
        for part in ("guiding", "guiding_ema")
        for i, variable in enumerate(getattr(state, part).variables)
        if "running" in variable.path
    }
    biases = {
        f"{part}/{i}"
        for part in ("guiding", "generator", "guiding_ema", "generator_ema", "discriminator")
        for i, variable in enumerate(getattr(state, part).variables)
        if "bias" in variable.path  # in front of a norm their gradients are rounding errors
    }
    for key in ours.keys() - running - biases:
        if "optimizer" not in key:
            np.testing.assert_allclose(theirs[key], ours[key], rtol=1e-6, atol=1e-9, err_msg=key)


def test_references_stay_within_their_part(tiny):
    config = tiny(batch_size=8, accumulate_steps=4)
    batch = batch_of(config)
    parts = steps.parts_of(batch, config)
    for i, part in enumerate(parts):
        assert sorted(part.reference.numpy()) == [0, 1]
        np.testing.assert_array_equal(part.x, batch.x[2 * i : 2 * i + 2])


def test_a_run_trains_in_parts(tiny, tmp_path):
    config = tiny(run_dir=str(tmp_path / "run"), warmup_steps=2, joint_steps=0, accumulate_steps=2)
    run = trainer.open_run(config)
    assert run.run()
    assert run.state.queue.position == 2 * config.batch_size


def test_parts_must_be_equal(tiny):
    message = "--batch_size=4 cannot be cut into --accumulate_steps=3 equal parts on 1 devices"
    with pytest.raises(UserError, match=message):
        phases.check_strategy(tf.distribute.get_strategy(), tiny(accumulate_steps=3))
