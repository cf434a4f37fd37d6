"""Fréchet distance and streamed moments against closed forms, NumPy and SciPy."""

import numpy as np
import scipy.linalg

from tunit_tf.metrics import frechet

RNG = np.random.default_rng(0)


def moments(features, parts=1):
    found = frechet.Moments(features.shape[1])
    for part in np.array_split(features, parts):
        found.add(part)
    return found


def gaussian(mean, covariance):
    """Moments as if of a Gaussian."""
    found = frechet.Moments(len(mean))
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
    np.testing.assert_allclose(frechet.distance(zero, zero), 0, atol=1e-9)
    np.testing.assert_allclose(frechet.distance(zero, gaussian([3, 4, 0], identity)), 25)
    # Commuting covariances: the sum of squared differences of standard deviations.
    wide = gaussian([0, 0, 0], np.diag([4, 9, 16]))
    np.testing.assert_allclose(frechet.distance(zero, wide), 1 + 4 + 9)
    # A rank-deficient covariance is no trouble.
    flat = gaussian([0, 0, 0], np.diag([1, 0, 0]))
    np.testing.assert_allclose(frechet.distance(zero, flat), 2)


def test_it_is_symmetric_and_scipys_matrix_root_agrees():
    factors = RNG.normal(size=(2, 5, 5))
    first, second = (gaussian(RNG.normal(size=5), f @ f.T) for f in factors)
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    shift = first.mean - second.mean
    expected = shift @ shift + np.trace(first.covariance + second.covariance - 2 * root)
    np.testing.assert_allclose(frechet.distance(first, second), expected)
    np.testing.assert_allclose(frechet.distance(second, first), expected)


def test_the_bias_of_two_samples_of_one_gaussian_is_the_known_one():
    """Two samples of n of N(0, I) in d dimensions score 2 d / n + d (d + 1) / (2 (n - 1)).

    The mean's part is the expectation of |m1 - m2|^2. The covariance's part is the second-order
    expansion |C1 - C2|^2 / 4 of the Bures distance at the identity, with the Wishart variances
    2 / (n - 1) on the diagonal and 1 / (n - 1) beside it.
    """
    n, d, rounds = 1000, 8, 60
    values = [
        frechet.distance(*(moments(RNG.standard_normal((n, d))) for _ in range(2)))
        for _ in range(rounds)
    ]
    expected = 2 * d / n + d * (d + 1) / (2 * (n - 1))
    error = np.std(values) / np.sqrt(rounds)
    assert abs(np.mean(values) - expected) < 4 * error + 0.02 * expected
    assert error < 0.05 * expected  # so that the check says something
