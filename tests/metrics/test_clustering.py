"""Clustering scores against hand counts and brute force."""

import itertools

import numpy as np

from tunit_tf.metrics import clustering

RNG = np.random.default_rng(0)


def test_accuracy_is_the_best_over_all_maps():
    domains, labels = RNG.integers(0, 4, 60), RNG.integers(0, 4, 60)
    best = max(
        np.mean(np.array(mapping)[domains] == labels)
        for mapping in itertools.permutations(range(4))
    )
    np.testing.assert_allclose(clustering.accuracy(domains, labels, (4, 4)), best)


def test_more_domains_than_classes_leave_some_unmapped():
    domains, labels = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1])
    np.testing.assert_allclose(clustering.accuracy(domains, labels, (3, 2)), 0.8)


def test_perfect_clusters_score_one_whatever_their_names():
    labels = np.array([0, 0, 1, 1, 2, 2])
    domains = np.array([2, 2, 0, 0, 1, 1])
    assert clustering.accuracy(domains, labels, (3, 3)) == 1.0
    np.testing.assert_allclose(clustering.normalized_mutual_information(domains, labels), 1.0)
    np.testing.assert_allclose(clustering.adjusted_rand_index(domains, labels), 1.0)


def test_effective_domains():
    np.testing.assert_allclose(clustering.effective_domains(np.arange(5), 5), 5.0)
    np.testing.assert_allclose(clustering.effective_domains(np.zeros(5, int), 5), 1.0)
    np.testing.assert_allclose(clustering.effective_domains(np.array([0, 1]), 8), 2.0)
