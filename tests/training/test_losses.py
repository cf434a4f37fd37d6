"""Losses against NumPy and closed forms."""

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.training import losses

RNG = np.random.default_rng(0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_mutual_information_of_perfect_clusters_is_log_k():
    p = np.tile(np.eye(5, dtype=np.float32), (3, 1))
    joint = losses.joint_distribution(p, p)
    np.testing.assert_allclose(losses.mutual_information(joint), np.log(5), rtol=1e-6)


def test_mutual_information_of_uniform_and_of_collapsed_domains_is_zero():
    for p in (np.full((6, 4), 0.25, np.float32), np.eye(4, dtype=np.float32)[np.zeros(6, int)]):
        joint = losses.joint_distribution(p, p)
        np.testing.assert_allclose(losses.mutual_information(joint), 0.0, atol=1e-6)


def test_mutual_information_against_numpy():
    p, q = softmax(RNG.normal(size=(7, 4))), softmax(RNG.normal(size=(7, 4)))
    joint = np.einsum("bi,bj->ij", p, q) / 7
    joint = (joint + joint.T) / 2
    expected = sum(
        joint[i, j] * np.log(joint[i, j] / (joint[i].sum() * joint[:, j].sum()))
        for i in range(4)
        for j in range(4)
    )
    measured = losses.mutual_information(losses.joint_distribution(p, q))
    np.testing.assert_allclose(measured, expected, rtol=1e-10)


def test_entropy_weight_adds_the_marginal_entropies():
    p = softmax(RNG.normal(size=(9, 3)))
    joint = losses.joint_distribution(p, p)
    share = np.asarray(joint).sum(1) / np.asarray(joint).sum()
    entropy = -(share * np.log(share)).sum()
    extra = losses.mutual_information(joint, 1.5) - losses.mutual_information(joint)
    np.testing.assert_allclose(extra, 0.5 * 2 * entropy, rtol=1e-10)


def test_contrastive_against_numpy():
    query, key, negatives = (RNG.normal(size=s) for s in ((3, 5), (3, 5), (7, 5)))
    expected = []
    for q, k in zip(query, key, strict=True):
        logits = np.concatenate([[q @ k], negatives @ q]) / 0.3
        expected.append(np.log(np.exp(logits).sum()) - logits[0])
    measured = losses.contrastive(query, key, tf.constant(negatives), 0.3)
    np.testing.assert_allclose(measured, np.mean(expected), rtol=1e-10)


def test_contrastive_of_indistinguishable_keys_is_log_of_their_number():
    ones = tf.ones((2, 4))
    value = losses.contrastive(ones, ones, tf.ones((9, 4)), 0.07)
    np.testing.assert_allclose(value, np.log(10), rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "logits", "expected"),
    [
        (losses.hinge_real, [2.0, 0.5, -1.0], (0 + 0.5 + 2) / 3),
        (losses.hinge_fake, [-2.0, -0.5, 1.0], (0 + 0.5 + 2) / 3),
        (losses.adversarial, [1.0, -3.0], 1.0),
    ],
)
def test_adversarial_losses(loss, logits, expected):
    np.testing.assert_allclose(loss(tf.constant(logits)), expected, rtol=1e-6)


def test_gradient_penalty_of_a_linear_critic_is_its_squared_norm():
    weight = RNG.normal(size=(4, 4, 3))
    gradient = tf.constant(np.stack([weight, 2 * weight]))
    expected = (weight**2).sum() * (1 + 4) / 2
    np.testing.assert_allclose(losses.gradient_penalty(gradient), expected, rtol=1e-10)


def test_reconstruction_is_the_mean_absolute_difference():
    x = tf.ones((2, 4, 4, 3))
    np.testing.assert_allclose(losses.reconstruction(x, -x), 2.0)


def test_perceptual_is_relative_and_a_mean_over_maps():
    fine, coarse = tf.fill((2, 4, 4, 3), 5.0), tf.fill((2, 2, 2, 7), -0.1)
    found = losses.perceptual([fine, coarse], [fine * 1.5, coarse])
    np.testing.assert_allclose(found, (0.5 + 0) / 2, rtol=1e-6)
    np.testing.assert_allclose(losses.perceptual([coarse], [0 * coarse]), 1, rtol=1e-6)


def test_classification_and_logit_of():
    logits = tf.constant([[0.0, 2.0], [3.0, 0.0]])
    y = tf.constant([1, 1])
    expected = np.mean([np.log1p(np.exp(-2)), np.log1p(np.exp(3))])
    np.testing.assert_allclose(losses.classification(logits, y), expected, rtol=1e-6)
    np.testing.assert_allclose(losses.logit_of(logits, y), [2.0, 0.0])
    patches = tf.stack([logits, 10 * logits, -logits], axis=1)  # (2, 3, 2)
    np.testing.assert_allclose(losses.logit_of(patches, y), [[2, 20, -2], [0, 0, 0]])
