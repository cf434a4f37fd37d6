"""Kernel distance of two samples: the squared maximum mean discrepancy (KID)."""

from typing import NamedTuple

import numpy as np

SUBSET = 1000
NUM_SUBSETS = 50


class KernelDistance(NamedTuple):
    """Mean over subsets and its standard error (0 with a single subset)."""

    value: float
    error: float


def squared_mmd(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared MMD of `(m, dim)` and `(n, dim)` under (x.y / dim + 1)^3.

    Binkowski et al. 2018, eq. 4. Its expectation is 0 for samples of one distribution, so it can
    be negative.
    """
    first, second = (np.asarray(f, np.float64) for f in (first, second))
    m, n = len(first), len(second)

    def within(x: np.ndarray) -> float:
        kernel = _kernel(x, x)
        return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))

    return float(within(first) + within(second) - 2 * _kernel(first, second).sum() / (m * n))


def distance(first: np.ndarray, second: np.ndarray, seed: int = 0) -> KernelDistance:
    """KID of feature vectors `(m, dim)` and `(n, dim)`: squared MMD, averaged over subsets.

    Up to `SUBSET` vectors of either side are taken at once; if neither side has more, all of them
    in one go.
    """
    size_first, size_second = min(len(first), SUBSET), min(len(second), SUBSET)
    rng = np.random.default_rng(seed)
    whole = len(first) <= SUBSET and len(second) <= SUBSET
    values = [
        squared_mmd(
            first[rng.choice(len(first), size_first, replace=False)],
            second[rng.choice(len(second), size_second, replace=False)],
        )
        for _ in range(1 if whole else NUM_SUBSETS)
    ]
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return KernelDistance(float(np.mean(values)), float(error))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3
