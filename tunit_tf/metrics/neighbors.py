"""Density and Coverage: fidelity and diversity by nearest neighbors (Naeem et al., ICML 2020)."""

from typing import NamedTuple

import numpy as np
import sklearn.metrics

NEIGHBORS = 5
CHUNK_MB = 128  # distances held at once


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
