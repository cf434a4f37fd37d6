"""Color transfer by statistics: the row without a network that a translation has to beat."""

import numpy as np

from tunit_tf.metrics import cielab

BATCH = 64  # images converted at once


def transferred(sources: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Sources in the colors of references (Reinhard et al., IEEE CG&A 2001).

    Each channel of Lab is shifted and scaled to the mean and standard deviation of the reference's,
    in CIELAB instead of the paper's l-alpha-beta. Channels that are constant are only shifted.

    Args:
      sources: uint8 `(N, S, S, 3)`.
      references: uint8 `(N, R, R, 3)`.

    Returns:
      uint8 `(N, S, S, 3)`.
    """
    result = np.empty(sources.shape, np.uint8)
    for start in range(0, len(sources), BATCH):
        part = slice(start, start + BATCH)
        source, reference = cielab.from_srgb(sources[part]), cielab.from_srgb(references[part])
        deviation = source.std((1, 2), keepdims=True)
        scale = reference.std((1, 2), keepdims=True) / np.maximum(deviation, 1e-6)
        shifted = (source - source.mean((1, 2), keepdims=True)) * scale
        result[part] = cielab.to_srgb(shifted + reference.mean((1, 2), keepdims=True))
    return result


def mean_colors(images: np.ndarray) -> np.ndarray:
    """Mean color of every image, uint8 `(N, S, S, 3)` to float64 `(N, 3)`."""
    return images.mean((1, 2))


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of two lists of mean colors `(N, 3)`, over images and channels, in [-1, 1].

    0 if all values of one list are equal.
    """
    x, y = (values.ravel() - values.mean() for values in (first, second))
    lengths = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / lengths) if lengths else 0.0
