"""Features of real images, computed once and kept on disk; their moments and directions."""

import hashlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from absl import logging

from tunit_tf.data.image_set import ImageSet
from tunit_tf.io import files
from tunit_tf.metrics import clustering, colors, distances, features, look
from tunit_tf.paths import user_path

COMPUTING = ".features-"  # prefix of the folder in which features are computed
BATCH = 64  # images whose features are computed at once
UNTOUCHED, COLOR_TRANSFER = "source untouched", "color transfer"  # rows that need no network


class Extractor(Protocol):
    """What computes features, as `metrics.features.Extractor` does.

    Attributes:
      name: Distinguishes its files from those of others.
      dim: Length of a feature vector.
    """

    name: str
    dim: int

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features `(n, dim)` float32 of uint8 `(n, S, S, 3)`."""


class Pictures(Protocol):
    """Images in order: an array, an `ImageSet`, or what makes them when they are read."""

    def __len__(self) -> int: ...

    def __getitem__(self, positions: slice, /) -> np.ndarray:
        """uint8 `(n, S, S, 3)`."""


class Recolored:
    """N sources in the colors of N references, made when they are read.

    Args:
      sources: N images.
      references: N images.

    Attributes:
      made_of: Both.
      made_by: The transfer of two images of noise.
    """

    def __init__(self, sources: ImageSet, references: ImageSet) -> None:
        self._sources, self._references = sources, references
        self.made_of = sources, references
        noise = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 16, 3), np.uint8)
        self.made_by = colors.transferred(*noise).tobytes()

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, positions: slice) -> np.ndarray:
        """uint8 `(n, S, S, 3)`."""
        sources, references = self._sources[positions], self._references[positions]
        return colors.transferred(sources, references)


def cached_features(extractor: Extractor, images: Pictures, cache_dir: str) -> np.ndarray:
    """Features of a set of images, memory-mapped; computed once for the same pixels.

    Args:
      extractor: Computes the features.
      images: N images.
      cache_dir: Folder of the feature files.

    Returns:
      `(N, dim)` float32.

    Raises:
      UserError: The cache cannot be written.
    """
    folder = user_path(cache_dir, "--cache_dir")
    path = folder / f"{_fingerprint(extractor, images)}-{extractor.name}.npy"
    shape = (len(images), extractor.dim)
    if path.exists():
        found = files.opened_array(path, shape, np.float32)
        if found is not None:
            return found
        logging.warning("The features in %s are damaged; they are computed again.", path)
    cure = "name another folder with --cache_dir"
    with (
        files.writing(f"The feature cache {folder}", cure),
        files.filled_array(path, shape, np.float32, COMPUTING) as array,
    ):
        _compute(extractor, images, array)
    return np.load(path, mmap_mode="r")


def computed_features(extractor: Extractor, images: Pictures) -> np.ndarray:
    """Features `(N, dim)` float32 of N images, kept nowhere."""
    return np.concatenate([extractor(x) for x in batches(images)])


def moments_of(features: np.ndarray, rows: np.ndarray | None = None) -> distances.Moments:
    """Moments of (some rows of) features `(N, dim)`, possibly memory-mapped, a part at a time."""
    rows = np.arange(len(features)) if rows is None else rows
    moments = distances.Moments(features.shape[1])
    for start in range(0, len(rows), 1024):
        moments.add(features[rows[start : start + 1024]])
    return moments


def directions(images: ImageSet, extractor_name: str, cache_dir: str) -> np.ndarray:
    """Principal components of features, scaled to length 1.

    Args:
      images: N images.
      extractor_name: One of `EXTRACTOR_NAMES` that needs no file, or such a name with
        `_without_color` behind it.
      cache_dir: Folder where the features are kept.

    Returns:
      `(N, 64)` float32.

    Raises:
      UserError: The extractor's weights are not installed, or the cache cannot be written.
    """
    name = extractor_name.removesuffix(look.WITHOUT_COLOR)
    extractor = features.load(name, "", cache_dir)
    sees: Extractor = extractor
    if name != extractor_name:
        sees = look.FeaturesWithoutColor(extractor)
    return clustering.directions(cached_features(sees, images, cache_dir))


def batches(images: Pictures) -> Iterator[np.ndarray]:
    """Yields uint8 `(n, S, S, 3)`, `BATCH` images at a time, the last batch smaller."""
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _compute(extractor: Extractor, images: Pictures, features: np.ndarray) -> None:
    start = 0
    for x in batches(images):
        features[start : start + len(x)] = extractor(x)
        start += len(x)


def _fingerprint(extractor: Extractor, images: Pictures) -> str:
    """Changes with any pixel of a set, their order, and the extractor's weights.

    Of recolored images only the originals are read: recoloring takes longer than the features do.
    """
    probe = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    digest = hashlib.sha256(extractor(probe).tobytes())
    originals: tuple[Pictures, ...] = (images,)
    if isinstance(images, Recolored):
        digest.update(images.made_by)
        originals = images.made_of
    for pictures in originals:
        for x in batches(pictures):
            digest.update(x.tobytes())
    return digest.hexdigest()[:20]
