"""Clustering scores against hand counts and brute force; clusters against planted directions."""

import itertools

import numpy as np
import pytest

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


SIZES = (50, 40, 30)


@pytest.fixture(scope="module")
def planted():
    """Vectors of three directions, of all lengths, in mixed order, with their group."""
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(3), SIZES))
    x = 3 * np.eye(3, 16)[groups] + rng.normal(0, 0.3, (len(groups), 16))
    return clustering.directions(x * rng.uniform(0.5, 2, (len(groups), 1))), groups


def test_planted_groups_are_found_from_the_largest_to_the_smallest(planted):
    x, groups = planted
    found = clustering.fit(x, 3, seed=0)
    assert clustering.adjusted_rand_index(found.labels, groups) == 1.0
    np.testing.assert_array_equal(np.bincount(found.labels), SIZES)
    again = clustering.fit(x, 3, seed=0)
    np.testing.assert_array_equal(found.labels, again.labels)


def test_a_fit_is_a_fixed_point(planted):
    """Every vector is at its closest center, every center the mean direction of its vectors."""
    x, _ = planted
    found = clustering.fit(x, 5, seed=1)
    np.testing.assert_array_equal(clustering.assign(x, found.centers), found.labels)
    for label, center in enumerate(found.centers):
        mean = x[found.labels == label].mean(0)
        np.testing.assert_allclose(center, mean / np.linalg.norm(mean), atol=1e-6)
    own = np.einsum("nd,nd->n", x, found.centers[found.labels])
    np.testing.assert_allclose(found.cohesion, own.mean(), rtol=1e-5)


def test_restarts_never_make_a_fit_worse(planted):
    x, _ = planted
    once = clustering.fit(x, 8, seed=0, restarts=1)
    assert clustering.fit(x, 8, seed=0, restarts=8).cohesion >= once.cohesion


def test_the_right_number_has_the_best_silhouette_and_repeats(planted):
    x, _ = planted
    between = clustering.cosine_distances(x)
    found = {k: clustering.fit(x, k, seed=0).labels for k in (2, 3, 4, 6)}
    silhouettes = {k: clustering.silhouette(between, v) for k, v in found.items()}
    assert max(silhouettes, key=silhouettes.get) == 3
    assert clustering.stability(x, 3, seed=0) == 1.0
    assert clustering.stability(x, 6, seed=0) < 0.9


def test_equal_vectors_and_as_many_clusters_as_vectors():
    x = clustering.directions(np.eye(4).repeat(2, 0))
    found = clustering.fit(x, 4, seed=0)
    np.testing.assert_array_equal(np.bincount(found.labels), [2, 2, 2, 2])
    crowded = clustering.fit(np.tile(x[:1], (6, 1)), 3, seed=0)
    assert np.isfinite(crowded.centers).all()
    assert clustering.silhouette(np.zeros((6, 6)), crowded.labels * 0) == 0.0
