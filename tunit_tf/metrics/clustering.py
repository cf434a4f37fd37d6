"""How well pseudo-domains agree with classes, and how many domains are used."""

import numpy as np
import scipy.optimize
import sklearn.metrics


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
