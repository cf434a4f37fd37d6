"""Distances of samples against closed forms, plain loops, NumPy, SciPy and scikit-learn."""

import numpy as np
import pytest
import scipy.linalg
import sklearn.neighbors

from tunit_tf.metrics import distances

RNG = np.random.default_rng(0)


def moments(features, parts=1):
    found = distances.Moments(features.shape[1])
    for part in np.array_split(features, parts):
        found.add(part)
    return found


def gaussian(mean, covariance):
    """Moments as if of a Gaussian."""
    found = distances.Moments(len(mean))
    found.count, found.mean, found._scatter = 2, np.array(mean, float), np.array(covariance, float)
    return found


def test_streamed_moments_are_numpys_whatever_the_parts():
    features = RNG.normal(1e4, 1.0, (1000, 6)).astype(np.float32)  # far from 0: no cancellation
    for parts in (1, 7, 1000):
        found = moments(features, parts)
        np.testing.assert_allclose(found.mean, features.astype(np.float64).mean(0), rtol=1e-12)
        expected = np.cov(features.T.astype(np.float64))
        np.testing.assert_allclose(found.covariance, expected, rtol=1e-9, atol=1e-9)


def test_closed_forms():
    identity = np.eye(3)
    zero = gaussian([0, 0, 0], identity)
    np.testing.assert_allclose(distances.frechet(zero, zero), 0, atol=1e-9)
    np.testing.assert_allclose(distances.frechet(zero, gaussian([3, 4, 0], identity)), 25)
    # Commuting covariances: the sum of squared differences of standard deviations.
    wide = gaussian([0, 0, 0], np.diag([4, 9, 16]))
    np.testing.assert_allclose(distances.frechet(zero, wide), 1 + 4 + 9)
    # A rank-deficient covariance is no trouble.
    flat = gaussian([0, 0, 0], np.diag([1, 0, 0]))
    np.testing.assert_allclose(distances.frechet(zero, flat), 2)


def test_it_is_symmetric_and_scipys_matrix_root_agrees():
    factors = RNG.normal(size=(2, 5, 5))
    first, second = (gaussian(RNG.normal(size=5), f @ f.T) for f in factors)
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    shift = first.mean - second.mean
    expected = shift @ shift + np.trace(first.covariance + second.covariance - 2 * root)
    np.testing.assert_allclose(distances.frechet(first, second), expected)
    np.testing.assert_allclose(distances.frechet(second, first), expected)


def test_the_bias_of_two_samples_of_one_gaussian_is_the_known_one():
    """Two samples of n of N(0, I) in d dimensions score 2 d / n + d (d + 1) / (2 (n - 1)).

    The mean's part is the expectation of |m1 - m2|^2. The covariance's part is the second-order
    expansion |C1 - C2|^2 / 4 of the Bures distance at the identity, with the Wishart variances
    2 / (n - 1) on the diagonal and 1 / (n - 1) beside it.
    """
    n, d, rounds = 1000, 8, 60
    values = [
        distances.frechet(*(moments(RNG.standard_normal((n, d))) for _ in range(2)))
        for _ in range(rounds)
    ]
    expected = 2 * d / n + d * (d + 1) / (2 * (n - 1))
    error = np.std(values) / np.sqrt(rounds)
    assert abs(np.mean(values) - expected) < 4 * error + 0.02 * expected
    assert error < 0.05 * expected  # so that the check says something


def test_squared_mmd_is_the_double_loop():
    first, second = RNG.normal(size=(5, 3)), RNG.normal(1.0, 1.0, size=(4, 3))

    def k(x, y):
        return (x @ y / 3 + 1) ** 3

    within_first = np.mean(
        [k(x, y) for i, x in enumerate(first) for j, y in enumerate(first) if i != j]
    )
    within_second = np.mean(
        [k(x, y) for i, x in enumerate(second) for j, y in enumerate(second) if i != j]
    )
    across = np.mean([k(x, y) for x in first for y in second])
    np.testing.assert_allclose(
        distances.squared_mmd(first, second), within_first + within_second - 2 * across
    )


def test_two_samples_of_one_distribution_score_zero_on_average():
    """Unbiased: the mean is 0 within its error. With the diagonal kept it would be the bias
    (E k(x, x) - E k(x, y)) (1 / m + 1 / n), which is many errors away.
    """
    m, n, d, rounds = 60, 40, 6, 400
    values = [
        distances.squared_mmd(RNG.standard_normal((m, d)), RNG.standard_normal((n, d)))
        for _ in range(rounds)
    ]
    error = np.std(values) / np.sqrt(rounds)
    assert abs(np.mean(values)) < 4 * error
    x, y = RNG.standard_normal((2, 100_000, d))
    bias = np.mean(((x * x).sum(1) / d + 1) ** 3 - ((x * y).sum(1) / d + 1) ** 3) * (1 / m + 1 / n)
    assert bias > 20 * error


def expected_kernel(a, b):
    """E (x.y / d + 1)^3 for independent x ~ N(a, I), y ~ N(b, I), by the moments of x.y."""
    d, m = len(a), a @ b
    second = m**2 + a @ a + b @ b + d
    third = m**3 + 3 * m * (b @ b) + 3 * m * (a @ a + d + 2)
    return third / d**3 + 3 * second / d**2 + 3 * m / d + 1


def test_a_known_shift_is_measured():
    zero, shift = np.zeros(4), np.array([1.0, 0.5, 0.0, 0.0])
    expected = (
        expected_kernel(zero, zero)
        + expected_kernel(shift, shift)
        - 2 * expected_kernel(zero, shift)
    )
    values = [
        distances.squared_mmd(RNG.standard_normal((200, 4)), RNG.standard_normal((200, 4)) + shift)
        for _ in range(200)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < 4 * error
    assert error < 0.05 * expected


def test_large_samples_are_averaged_over_subsets(monkeypatch):
    monkeypatch.setattr(distances, "SUBSET", 300)
    first, second = RNG.standard_normal((2, 450, 4))
    found = distances.kernel(first, second + 0.5)
    whole = distances.squared_mmd(first, second + 0.5)
    assert found.error > 0
    assert abs(found.value - whole) < 5 * found.error


def test_small_samples_are_taken_in_one_go():
    first, second = RNG.normal(size=(30, 3)), RNG.normal(size=(20, 3))
    found = distances.kernel(first, second)
    np.testing.assert_allclose(found.value, distances.squared_mmd(first, second))
    assert found.error == 0.0


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
    found = distances.density_coverage(real, fake, k)
    np.testing.assert_allclose(found, by_loops(real, fake, k))


def test_identical_sets_score_one():
    """Every vector lies in its own ball and in those of which it is one of the k - 1 nearest."""
    real = RNG.normal(size=(500, 8))
    found = distances.density_coverage(real, real.copy())
    np.testing.assert_allclose(found.density, 1.0, atol=0.01)
    assert found.coverage == 1.0


def test_equal_distributions_have_the_expected_values():
    """Density 1; coverage 1 - C(n, k) / C(2n, k) to about 1 - 2^-k (Naeem et al., eq. 9)."""
    found = [
        distances.density_coverage(RNG.normal(size=(600, 4)), RNG.normal(size=(600, 4)))
        for _ in range(8)
    ]
    assert abs(np.mean([f.density for f in found]) - 1) < 0.03
    assert abs(np.mean([f.coverage for f in found]) - (1 - 2**-5)) < 0.01


def test_far_away_fakes_score_zero_and_one_mode_covers_little():
    real = np.concatenate([RNG.normal(size=(300, 2)), RNG.normal(50, 1, size=(300, 2))])
    assert distances.density_coverage(real, real + 1000.0) == (0.0, 0.0)
    one_mode = distances.density_coverage(real, RNG.normal(size=(600, 2)))
    assert 0.45 < one_mode.coverage <= 0.5


def test_too_few_reals_are_named():
    with pytest.raises(ValueError, match=r"more than 5 real images; received 5"):
        distances.density_coverage(np.zeros((5, 2)), np.zeros((5, 2)))
