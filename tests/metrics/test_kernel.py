"""KID against a plain double loop and its known expectations."""

import numpy as np

from tunit_tf.metrics import kernel

RNG = np.random.default_rng(0)


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
        kernel.squared_mmd(first, second), within_first + within_second - 2 * across
    )


def test_two_samples_of_one_distribution_score_zero_on_average():
    """Unbiased: the mean is 0 within its error. With the diagonal kept it would be the bias
    (E k(x, x) - E k(x, y)) (1 / m + 1 / n), which is many errors away.
    """
    m, n, d, rounds = 60, 40, 6, 400
    values = [
        kernel.squared_mmd(RNG.standard_normal((m, d)), RNG.standard_normal((n, d)))
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
        kernel.squared_mmd(RNG.standard_normal((200, 4)), RNG.standard_normal((200, 4)) + shift)
        for _ in range(200)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < 4 * error
    assert error < 0.05 * expected


def test_large_samples_are_averaged_over_subsets(monkeypatch):
    monkeypatch.setattr(kernel, "SUBSET", 300)
    first, second = RNG.standard_normal((2, 450, 4))
    found = kernel.distance(first, second + 0.5)
    whole = kernel.squared_mmd(first, second + 0.5)
    assert found.error > 0
    assert abs(found.value - whole) < 5 * found.error


def test_small_samples_are_taken_in_one_go():
    first, second = RNG.normal(size=(30, 3)), RNG.normal(size=(20, 3))
    found = kernel.distance(first, second)
    np.testing.assert_allclose(found.value, kernel.squared_mmd(first, second))
    assert found.error == 0.0
