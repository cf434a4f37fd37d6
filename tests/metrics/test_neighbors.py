"""Density and Coverage against scikit-learn's neighbors, NumPy and theory."""

import numpy as np
import pytest
import sklearn.neighbors

from tunit_tf.metrics import neighbors

RNG = np.random.default_rng(0)


def by_loops(real, fake, k):
    """Straight from the definition, with a ball tree for the radii."""
    tree = sklearn.neighbors.NearestNeighbors(n_neighbors=k + 1, algorithm="ball_tree").fit(real)
    radius = tree.kneighbors(real)[0][:, k]
    inside = np.array(
        [[np.linalg.norm(f - r) < d for r, d in zip(real, radius, strict=True)] for f in fake]
    )
    return inside.sum() / (k * len(fake)), inside.any(0).mean()


@pytest.mark.parametrize("k", [1, 5])
def test_they_follow_the_definition(k):
    real, fake = RNG.normal(size=(60, 3)), RNG.normal(0.5, 1.2, size=(40, 3))
    found = neighbors.density_coverage(real, fake, k)
    np.testing.assert_allclose(found, by_loops(real, fake, k))


def test_identical_sets_score_one():
    """Every vector lies in its own ball and in those of which it is one of the k - 1 nearest."""
    real = RNG.normal(size=(500, 8))
    found = neighbors.density_coverage(real, real.copy())
    np.testing.assert_allclose(found.density, 1.0, atol=0.01)
    assert found.coverage == 1.0


def test_equal_distributions_have_the_expected_values():
    """Density 1; coverage 1 - C(n, k) / C(2n, k) to about 1 - 2^-k (Naeem et al., eq. 9)."""
    found = [
        neighbors.density_coverage(RNG.normal(size=(600, 4)), RNG.normal(size=(600, 4)))
        for _ in range(8)
    ]
    assert abs(np.mean([f.density for f in found]) - 1) < 0.03
    assert abs(np.mean([f.coverage for f in found]) - (1 - 2**-5)) < 0.01


def test_far_away_fakes_score_zero_and_one_mode_covers_little():
    real = np.concatenate([RNG.normal(size=(300, 2)), RNG.normal(50, 1, size=(300, 2))])
    assert neighbors.density_coverage(real, real + 1000.0) == (0.0, 0.0)
    one_mode = neighbors.density_coverage(real, RNG.normal(size=(600, 2)))
    assert 0.45 < one_mode.coverage <= 0.5


def test_too_few_reals_are_named():
    with pytest.raises(ValueError, match=r"more than 5 real images; received 5"):
        neighbors.density_coverage(np.zeros((5, 2)), np.zeros((5, 2)))
