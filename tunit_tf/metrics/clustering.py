"""Partitions of images: their agreement with classes, and spherical k-means, which makes them."""

import itertools
from typing import NamedTuple

import numpy as np
import scipy.optimize
import sklearn.metrics

COMPONENTS = 64  # principal components that are kept
MAX_ITERATIONS = 100
RESTARTS = 10  # fits from other first centers, of which the best is kept
RESAMPLED_FITS = 6  # each on a random half of the vectors
RESAMPLED_RESTARTS = 3


def contingency(domains: np.ndarray, labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Counts `(K, C)` of images by domain `(n,)` and class `(n,)`."""
    counts = np.zeros(shape, np.int64)
    np.add.at(counts, (domains, labels), 1)
    return counts


def best_map(domains: np.ndarray, labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The one-to-one map of domains to classes under which most images are right.

    Args:
      domains: Pseudo-domains `(n,)` in 0..K-1.
      labels: Classes `(n,)` in 0..C-1.
      shape: `(K, C)`.

    Returns:
      The class of each domain `(K,)`, -1 for domains left over where K > C.
    """
    counts = contingency(domains, labels, shape)
    rows, columns = scipy.optimize.linear_sum_assignment(counts, maximize=True)
    mapping = np.full(shape[0], -1)
    mapping[rows] = columns
    return mapping


def accuracy(domains: np.ndarray, labels: np.ndarray, shape: tuple[int, int]) -> float:
    """Share of images that are right under their own best map; arguments as `best_map`."""
    return float((best_map(domains, labels, shape)[domains] == labels).mean())


def normalized_mutual_information(domains: np.ndarray, labels: np.ndarray) -> float:
    """NMI in [0, 1] with the arithmetic mean of the entropies."""
    return float(sklearn.metrics.normalized_mutual_info_score(labels, domains))


def adjusted_rand_index(domains: np.ndarray, labels: np.ndarray) -> float:
    """ARI; 0 for chance, 1 for equal partitions."""
    return float(sklearn.metrics.adjusted_rand_score(labels, domains))


def effective_domains(domains: np.ndarray, num_domains: int) -> float:
    """exp(entropy) of the domain sizes: K if all are equally used, 1 if all images share one."""
    return float(np.exp(entropy(domains, num_domains)))


def entropy(domains: np.ndarray, num_domains: int) -> float:
    """Entropy of the domain sizes in nats, ln K at most."""
    share = np.bincount(domains, minlength=num_domains) / len(domains)
    share = share[share > 0]
    return float(max(0.0, -(share * np.log(share)).sum()))


class Clusters(NamedTuple):
    """A partition of vectors.

    Attributes:
      labels: `(N,)` int32 in 0..K-1, numbered from the largest cluster to the smallest.
      centers: `(K, D)` float32 of length 1.
      cohesion: Mean cosine between a vector and its center, which a fit maximizes.
    """

    labels: np.ndarray
    centers: np.ndarray
    cohesion: float


def directions(vectors: np.ndarray) -> np.ndarray:
    """Principal components of vectors `(N, D)`, scaled to length 1; `(N, min(64, D))` float32.

    Without centering, features that are never negative all point in about the same direction. The
    components that are left out change clusters little and cost most of the time.
    """
    centered = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centered.T @ centered)  # by increasing variance
    main = centered @ axes[:, ::-1][:, :COMPONENTS]
    lengths = np.linalg.norm(main, axis=1, keepdims=True)
    return (main / np.maximum(lengths, 1e-12)).astype(np.float32)


def fit(x: np.ndarray, num_clusters: int, seed: int, restarts: int = RESTARTS) -> Clusters:
    """Spherical k-means (Dhillon and Modha 2001), with k-means++ seeding and several restarts.

    Args:
      x: `(N, D)` float32 of length 1, N at least `num_clusters`.
      num_clusters: K.
      seed: Seed of the first centers; the same seed gives the same clusters.
      restarts: Number of fits.
    """
    rng = np.random.default_rng(seed)
    fits = [_fit_once(x, num_clusters, rng) for _ in range(restarts)]
    best = max(fits, key=lambda found: found.cohesion)
    order = np.argsort(-np.bincount(best.labels, minlength=num_clusters), kind="stable")
    ranks = np.argsort(order).astype(np.int32)
    return Clusters(ranks[best.labels], best.centers[order], best.cohesion)


def assign(x: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The closest of centers `(K, D)` for each of `(N, D)`, both of length 1; `(N,)` int32."""
    return (x @ centers.T).argmax(1).astype(np.int32)


def cosine_distances(x: np.ndarray) -> np.ndarray:
    """Cosine distances `(N, N)` in [0, 2] between vectors `(N, D)` of length 1."""
    found = np.clip(1.0 - x @ x.T, 0.0, 2.0)
    np.fill_diagonal(found, 0.0)
    return found


def silhouette(between: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette (Rousseeuw 1987) in [-1, 1]; more is better.

    Args:
      between: Distances `(N, N)`.
      labels: `(N,)`; 0 is returned for a single cluster.
    """
    if len(np.unique(labels)) < 2:
        return 0.0
    return float(sklearn.metrics.silhouette_score(between, labels, metric="precomputed"))


def stability(x: np.ndarray, num_clusters: int, seed: int) -> float:
    """Whether clusters repeat: mean adjusted Rand index of fits on random halves; 1 at most.

    Every fit assigns all vectors, so that any two fits can be compared (Ben-Hur et al. 2002).

    Args:
      x: `(N, D)` float32 of length 1, N at least twice `num_clusters`.
      num_clusters: K.
      seed: Seed of the halves and the first centers.
    """
    rng = np.random.default_rng([seed, num_clusters])
    assigned = []
    for number in range(RESAMPLED_FITS):
        half = x[np.sort(rng.permutation(len(x))[: -(-len(x) // 2)])]
        assigned.append(
            assign(x, fit(half, num_clusters, seed + number, RESAMPLED_RESTARTS).centers)
        )
    pairs = itertools.combinations(assigned, 2)
    return float(np.mean([sklearn.metrics.adjusted_rand_score(*pair) for pair in pairs]))


def _fit_once(x: np.ndarray, num_clusters: int, rng: np.random.Generator) -> Clusters:
    centers = _spread(x, num_clusters, rng)
    labels = np.full(len(x), -1)
    for _ in range(MAX_ITERATIONS):
        similarity = x @ centers.T  # (N, K)
        closest = similarity.argmax(1)
        if np.array_equal(closest, labels):
            break
        labels = closest
        centers = _means(x, labels, num_clusters, similarity)
    own = (x * centers[labels]).sum(1)
    return Clusters(labels, centers, float(own.mean(dtype=np.float64)))


def _spread(x: np.ndarray, num_clusters: int, rng: np.random.Generator) -> np.ndarray:
    """First centers by k-means++: far from one another with high probability."""
    chosen = [int(rng.integers(len(x)))]
    distance = np.full(len(x), np.inf)
    while len(chosen) < num_clusters:
        distance = np.minimum(distance, np.clip(1.0 - x @ x[chosen[-1]], 0.0, None))
        total = distance.sum(dtype=np.float64)
        share = distance / total if total > 0 else np.full(len(x), 1 / len(x))
        chosen.append(int(np.searchsorted(np.cumsum(share), rng.random()).clip(max=len(x) - 1)))
    return x[chosen]


def _means(
    x: np.ndarray, labels: np.ndarray, num_clusters: int, similarity: np.ndarray
) -> np.ndarray:
    """Mean directions of the clusters; an empty one gets a vector that is far from its center."""
    members = labels == np.arange(num_clusters)[:, None]
    sums = members.astype(np.float32) @ x  # (K, D)
    empty = np.flatnonzero(~members.any(1))
    if len(empty):
        sums[empty] = x[np.argsort(similarity.max(1), kind="stable")[: len(empty)]]
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
