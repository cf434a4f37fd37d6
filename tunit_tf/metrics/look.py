"""Look beyond color: whether a translation looks like its reference where a color transfer cannot.

A judge sees images without color. It assigns them to groups of the training images, or to classes
where these are known. Of the pairs whose source and reference it assigns differently, the score is
the share whose translation goes to the reference's group, and the share that stays in the source's.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sklearn.linear_model

from tunit_tf.metrics import clustering, colors

if TYPE_CHECKING:  # features needs TensorFlow
    from tunit_tf.metrics.features import Extractor

MEAN, DEVIATION = 0.5, 0.22  # of every image without color, of values in [0, 1]
WITHOUT_COLOR = "_without_color"  # behind the names of extractors
MIN_DEVIATION = 1e-3  # of L* / 100; less contrast is not amplified, so a constant image stays one


class Look(NamedTuple):
    """Whose look translations have, of the pairs that the judge tells apart.

    Attributes:
      of_reference: Share in the reference's group, in [0, 1]; more is better.
      of_source: Share in the source's group.
      pairs: Number of pairs whose source and reference are in different groups.
    """

    of_reference: float
    of_source: float
    pairs: int


def without_color(images: np.ndarray) -> np.ndarray:
    """Gray images of equal brightness and contrast.

    Gray is CIELAB's L*, shifted and scaled to mean 0.5 and deviation 0.22 in every image. So any
    change of a* and b*, and any shift and positive scale of L*, leaves the result as it is, up to
    rounding and to what is clipped at black and white. `colors.transferred` changes nothing else.

    Args:
      images: uint8 `(N, S, S, 3)`.

    Returns:
      uint8 `(N, S, S, 3)` of three equal channels.
    """
    gray = colors.lightness(images) / 100  # (N, S, S)
    gray -= gray.mean((1, 2), keepdims=True)
    gray *= DEVIATION / np.maximum(gray.std((1, 2), keepdims=True), MIN_DEVIATION)
    gray = np.round(255 * np.clip(gray + MEAN, 0, 1)).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=-1)


class FeaturesWithoutColor:
    """An extractor that sees images without color.

    Args:
      extractor: Computes the features.

    Attributes:
      name: The extractor's name and `_without_color`.
      dim: Length of a feature vector.
    """

    def __init__(self, extractor: "Extractor") -> None:
        self._extractor = extractor
        self.name, self.dim = extractor.name + WITHOUT_COLOR, extractor.dim

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features `(n, dim)` of uint8 `(n, S, S, 3)`."""
        return self._extractor(without_color(images))


class Judge:
    """Assigns directions of features to groups, by logistic regression.

    Args:
      directions: Of training images without color, `(N, dim)`, see `directions`.
      groups: Their groups or classes `(N,)` int.
    """

    def __init__(self, directions: np.ndarray, groups: np.ndarray) -> None:
        self._only = groups[0] if len(np.unique(groups)) == 1 else None
        self._classifier = sklearn.linear_model.LogisticRegression(max_iter=2000)
        if self._only is None:
            self._classifier.fit(directions, groups)

    def __call__(self, directions: np.ndarray) -> np.ndarray:
        """Groups `(n,)` of directions `(n, dim)`."""
        if self._only is not None:
            return np.full(len(directions), self._only)
        return self._classifier.predict(directions)


def mean_of(features: np.ndarray) -> np.ndarray:
    """Mean `(dim,)` float64 of features `(N, dim)`."""
    return np.asarray(np.mean(features, axis=0, dtype=np.float64))


def directions(features: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Features `(n, dim)` minus a mean, scaled to length 1; float32."""
    centered = features - mean
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    return (centered / np.maximum(lengths, 1e-12)).astype(np.float32)


class Groups:
    """Groups of training images by spherical k-means.

    Args:
      directions: Of training images without color, `(N, dim)`, see `directions`.
      count: Number of groups.

    Attributes:
      labels: Groups of the training images `(N,)` int32, from the largest to the smallest.
    """

    def __init__(self, directions: np.ndarray, count: int) -> None:
        found = clustering.fit(directions, count, seed=0)
        self.labels, self._centers = found.labels, found.centers

    def assign(self, directions: np.ndarray) -> np.ndarray:
        """The groups `(n,)` int32 whose centers are closest to directions `(n, dim)`."""
        return clustering.assign(directions, self._centers)


def compare(sources: np.ndarray, references: np.ndarray, results: np.ndarray) -> Look:
    """Scores results by the groups of sources, references and results, each `(N,)`.

    The shares are NaN if no source is in another group than its reference.
    """
    apart = sources != references
    pairs = int(apart.sum())
    if not pairs:
        return Look(float("nan"), float("nan"), 0)
    return Look(
        float((results == references)[apart].mean()),
        float((results == sources)[apart].mean()),
        pairs,
    )
