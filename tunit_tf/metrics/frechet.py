"""Fréchet distance of two Gaussians, and their moments from a stream in float64."""

import numpy as np


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


def distance(first: Moments, second: Moments) -> float:
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
