"""How far apart two sets of feature vectors are: by moments, by a kernel, by nearest neighbors."""

from typing import NamedTuple

import numpy as np
import sklearn.metrics

SUBSET = 1000  # vectors that a kernel distance takes at once
NUM_SUBSETS = 50
NEIGHBORS = 5
CHUNK_MB = 128  # distances held at once


class Moments:
    """Mean and covariance of feature vectors that come in batches (Chan et al., 1979).

    Args:
      dim: Length of a vector.

    Attributes:
      count: Vectors seen.
      mean: `(dim,)` float64.
    """

    def __init__(self, dim: int) -> None:
        self.count = 0
        self.mean = np.zeros(dim)
        self._scatter = np.zeros((dim, dim))  # sum of outer products of deviations from the mean

    def add(self, features: np.ndarray) -> None:
        """Adds a batch `(n, dim)`."""
        features = np.asarray(features, np.float64)
        count, mean = len(features), features.mean(0)
        deviation = features - mean
        shift = mean - self.mean
        total = self.count + count
        self._scatter += deviation.T @ deviation
        self._scatter += np.outer(shift, shift) * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total

    @property
    def covariance(self) -> np.ndarray:
        """`(dim, dim)` float64, unbiased; zero for fewer than two vectors."""
        return self._scatter / max(1, self.count - 1)


def frechet(first: Moments, second: Moments) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two Gaussians (Heusel et al. 2017, eq. 6).

    `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`. The trace of the root is the sum of the square
    roots of the eigenvalues of `C1^(1/2) C2 C1^(1/2)`: real and finite for any covariances, where
    a matrix root of `C1 C2` need be neither.
    """
    values, vectors = np.linalg.eigh(first.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ second.covariance @ root)
    trace = np.sqrt(np.maximum(product, 0)).sum()
    shift = first.mean - second.mean
    total = np.trace(first.covariance) + np.trace(second.covariance)
    return float(max(0.0, shift @ shift + total - 2 * trace))


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


def kernel(first: np.ndarray, second: np.ndarray, seed: int = 0) -> KernelDistance:
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


class DensityCoverage(NamedTuple):
    """`density`: 1 if fakes are as dense as reals, can be larger; `coverage`: in [0, 1]."""

    density: float
    coverage: float


def density_coverage(
    real: np.ndarray, fake: np.ndarray, neighbors: int = NEIGHBORS
) -> DensityCoverage:
    """Density (eq. 4) and Coverage (eq. 5) of fake features within real ones.

    Args:
      real: `(m, dim)`, more than `neighbors`.
      fake: `(n, dim)`.
      neighbors: k, whose distance is the radius of the ball around a real vector.

    Raises:
      ValueError: There are too few real vectors.
    """
    if len(real) <= neighbors:
        raise ValueError(
            f"Density and Coverage with k = {neighbors} need more than {neighbors} real images; "
            f"received {len(real)}."
        )
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)

    def kth_smallest(rows: np.ndarray, _: int) -> np.ndarray:
        return np.partition(rows, neighbors, axis=1)[:, neighbors]

    # A vector's distance to itself, 0, is the smallest of its row.
    chunks = sklearn.metrics.pairwise_distances_chunked(
        real, reduce_func=kth_smallest, working_memory=CHUNK_MB
    )
    radius = np.concatenate(list(chunks))  # (m,)
    balls, covered = 0, np.zeros(len(real), bool)
    chunks = sklearn.metrics.pairwise_distances_chunked(fake, real, working_memory=CHUNK_MB)
    for rows in chunks:  # (chunk, m)
        inside = rows < radius
        balls += inside.sum()
        covered |= inside.any(0)
    return DensityCoverage(float(balls / (neighbors * len(fake))), float(covered.mean()))
