"""Spherical k-means finds planted directions, and its scores say how many were planted."""

import numpy as np
import pytest

from tunit_tf.metrics import clustering, spherical_clusters

SIZES = (50, 40, 30)


@pytest.fixture(scope="module")
def planted():
    """Vectors of three directions, of all lengths, in mixed order, with their group."""
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(3), SIZES))
    x = 3 * np.eye(3, 16)[groups] + rng.normal(0, 0.3, (len(groups), 16))
    return spherical_clusters.directions(x * rng.uniform(0.5, 2, (len(groups), 1))), groups


def test_planted_groups_are_found_from_the_largest_to_the_smallest(planted):
    x, groups = planted
    found = spherical_clusters.fit(x, 3, seed=0)
    assert clustering.adjusted_rand_index(found.labels, groups) == 1.0
    np.testing.assert_array_equal(np.bincount(found.labels), SIZES)
    again = spherical_clusters.fit(x, 3, seed=0)
    np.testing.assert_array_equal(found.labels, again.labels)


def test_a_fit_is_a_fixed_point(planted):
    """Every vector is at its closest center, every center the mean direction of its vectors."""
    x, _ = planted
    found = spherical_clusters.fit(x, 5, seed=1)
    np.testing.assert_array_equal(spherical_clusters.assign(x, found.centers), found.labels)
    for label, center in enumerate(found.centers):
        mean = x[found.labels == label].mean(0)
        np.testing.assert_allclose(center, mean / np.linalg.norm(mean), atol=1e-6)
    own = np.einsum("nd,nd->n", x, found.centers[found.labels])
    np.testing.assert_allclose(found.cohesion, own.mean(), rtol=1e-5)


def test_restarts_never_make_a_fit_worse(planted):
    x, _ = planted
    once = spherical_clusters.fit(x, 8, seed=0, restarts=1)
    assert spherical_clusters.fit(x, 8, seed=0, restarts=8).cohesion >= once.cohesion


def test_the_right_number_has_the_best_silhouette_and_repeats(planted):
    x, _ = planted
    between = spherical_clusters.distances(x)
    found = {k: spherical_clusters.fit(x, k, seed=0).labels for k in (2, 3, 4, 6)}
    silhouettes = {k: spherical_clusters.silhouette(between, v) for k, v in found.items()}
    assert max(silhouettes, key=silhouettes.get) == 3
    assert spherical_clusters.stability(x, 3, seed=0) == 1.0
    assert spherical_clusters.stability(x, 6, seed=0) < 0.9


def test_equal_vectors_and_as_many_clusters_as_vectors():
    x = spherical_clusters.directions(np.eye(4).repeat(2, 0))
    found = spherical_clusters.fit(x, 4, seed=0)
    np.testing.assert_array_equal(np.bincount(found.labels), [2, 2, 2, 2])
    crowded = spherical_clusters.fit(np.tile(x[:1], (6, 1)), 3, seed=0)
    assert np.isfinite(crowded.centers).all()
    assert spherical_clusters.silhouette(np.zeros((6, 6)), crowded.labels * 0) == 0.0
