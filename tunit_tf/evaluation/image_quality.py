"""Image quality of translations by stated protocols: FID, KID, mFID, Density and Coverage."""

from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.evaluation.feature_cache import (
    COLOR_TRANSFER,
    UNTOUCHED,
    Pictures,
    Recolored,
    batches,
    cached_features,
    moments_of,
)
from tunit_tf.evaluation.scores import EncodedImages
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import EFFICIENTNETS, distances
from tunit_tf.metrics.features import Extractor

MAX_SAMPLE = 5000  # feature vectors compared one by one, for KID, Density and Coverage
TUNIT_TRANSLATIONS = 50  # in the reference protocol, about this many times K draws per source


class DistanceNames(NamedTuple):
    """What Fréchet distances are called, without the extractor.

    Attributes:
      distance: Between translations and training images.
      held_out: Between held-out and training images.
      mean: Mean distance over groups.
    """

    distance: str
    held_out: str
    mean: str


FID_NAMES = DistanceNames("fid", "fid_held_out", "mfid")
FRECHET_NAMES = DistanceNames("frechet", "frechet_held_out", "mean_frechet")


def distance_names(extractor: str) -> DistanceNames:
    """The names in an extractor's features; distances in EfficientNet's are never called FID."""
    return FRECHET_NAMES if extractor in EFFICIENTNETS else FID_NAMES


class Scores(NamedTuple):
    """Image metrics.

    Attributes:
      values: {metric: value}; the names end in the name of the extractor.
      counts: {metric: numbers of images behind it}.
      without_network: {row: {metric: value}} of the untouched held-out images, and of sources in
        the colors of their references.
    """

    values: dict[str, float]
    counts: dict[str, dict]
    without_network: dict[str, dict[str, float]]


class Partition(NamedTuple):
    """Training and held-out images divided into groups, by class or by pseudo-domain.

    Attributes:
      train: Groups of the training images `(N,)` int32 in 0..len(names)-1.
      held_out: Groups of the held-out images `(n,)`, likewise.
      names: Names of the groups.
    """

    train: np.ndarray
    held_out: np.ndarray
    names: tuple[str, ...]


def scores(
    translator: Translator,
    train: ImageSet,
    held_out: EncodedImages,
    partition: Partition,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
    color_transfer: bool = True,
) -> Scores:
    """All metrics of translations between held-out images, against the training images.

    `fid`, `kid`, `density`, `coverage`: every held-out image is translated into the styles of
    others, from any group to any. `fid_held_out` compares the held-out images themselves: what a
    perfect generator would get. `mfid`: the mean over groups t of the FID between images of other
    groups translated into styles of t and the training images of t. `distance_names` has the names
    in EfficientNet's features.

    Args:
      translator: Networks to judge.
      train: Training images of the run.
      held_out: Held-out images of the run.
      partition: Groups for mfid.
      extractor: Computes the features.
      cache_dir: Folder where features of real images are kept.
      num_translations: About this many translations are made for `fid`, and as many for `mfid`.
      color_transfer: Whether that row is scored too.
    """
    rng = np.random.default_rng(0)
    real = cached_features(extractor, train, cache_dir)
    places = np.arange(len(held_out.images))
    sources, references = (_cycle(places, num_translations, rng) for _ in range(2))
    fake = FeatureStream(extractor.dim)
    chosen = held_out.images.take(sources)
    for batch in translator.generate_batches(chosen, held_out.styles[references]):
        fake.add(extractor(batch))
    real_sample = real[np.sort(rng.permutation(len(real))[:MAX_SAMPLE])]
    real_images = _Real(extractor.name, moments_of(real), real_sample)
    rows: dict[str, Pictures] = {UNTOUCHED: held_out.images}
    if color_transfer:
        rows[COLOR_TRANSFER] = Recolored(chosen, held_out.images.take(references))
    without_network = {
        row: real_images.scores(_stream(cached_features(extractor, pictures, cache_dir)))
        for row, pictures in rows.items()
    }
    mean_distance, by_group = mean_frechet(
        translator, held_out, partition, real, extractor, num_translations
    )
    name, called = extractor.name, distance_names(extractor.name)
    values = real_images.scores(fake)
    values[f"{called.held_out}_{name}"] = without_network[UNTOUCHED][f"{called.distance}_{name}"]
    if by_group:
        values[f"{called.mean}_{name}"] = mean_distance
    counts: dict[str, dict] = {
        f"{called.distance}_{name}": {"real": len(real), "fake": fake.moments.count},
        f"{called.held_out}_{name}": {"real": len(real), "fake": len(held_out.images)},
        f"kid_{name}": {"real": len(real_sample), "fake": len(fake.sample)},
        f"{called.mean}_{name}": by_group,
    }
    return Scores(values, counts, without_network)


def mean_frechet(
    translator: Translator,
    held_out: EncodedImages,
    partition: Partition,
    real: np.ndarray,
    extractor: Extractor,
    num_translations: int,
) -> tuple[float, dict[str, dict]]:
    """Mean Fréchet distance over the groups of a partition.

    Args:
      translator: Networks to judge.
      held_out: Sources and references.
      partition: Groups; one needs two training images, a reference and an image of another group.
      real: Features of the training images `(N, dim)`.
      extractor: Computes the features.
      num_translations: About this many translations are made for all groups together.

    Returns:
      The mean, and {group: its distance and counts}; NaN and {} if no group can be scored.
    """
    rng, key = np.random.default_rng(1), distance_names(extractor.name).distance
    each = max(2, num_translations // len(partition.names))
    by_group = {}
    for group, group_name in enumerate(partition.names):
        members = np.flatnonzero(partition.held_out == group)
        others = np.flatnonzero(partition.held_out != group)
        own_real = np.flatnonzero(partition.train == group)
        if min(len(members), len(others)) < 1 or len(own_real) < 2:
            continue
        fake = FeatureStream(extractor.dim)
        sources = held_out.images.take(_cycle(others, each, rng))
        styles = held_out.styles[_cycle(members, each, rng)]
        for batch in translator.generate_batches(sources, styles):
            fake.add(extractor(batch))
        value = distances.frechet(moments_of(real, own_real), fake.moments)
        by_group[group_name] = {key: value, "real": len(own_real), "fake": each}
    return float(np.mean([group[key] for group in by_group.values()] or [np.nan])), by_group


def mean_frechet_tunit(
    translator: Translator, train: ImageSet, held_out: EncodedImages, extractor: Extractor
) -> tuple[float, dict[str, dict]]:
    """`mfid_tunit`: the protocol of the paper's reference code, with its faults, for comparison.

    For a target class t of C, with N half the sum of the smallest and the largest training class,
    m = max(1, 50 // C) and n = (N // m) // (C - 1): the first n held-out images of every other
    class are translated m times into styles of n images of t, drawn again each time; the first N
    translations count. Real images are all training images of t, flipped at random. Features are
    of images normalized twice (`Extractor.as_reference`). The number is comparable with published
    ones for the extractor `inception_2015` only.

    Args:
      translator: Networks to judge.
      train: Training images with labels.
      held_out: Held-out images with labels.
      extractor: Computes the features.

    Returns:
      The mean over classes, and {class: its FID and counts}.
    """
    rng = np.random.default_rng(2)
    num_classes = len(train.label_names)
    labels_train, labels = train.classes(), held_out.images.classes()
    assert labels_train is not None
    assert labels is not None
    sizes = np.bincount(labels_train, minlength=num_classes)
    total = int(sizes.min() + sizes.max()) // 2
    draws = max(1, TUNIT_TRANSLATIONS // num_classes)
    per_draw = max(1, (total // draws) // (num_classes - 1))
    by_class = {}
    for target in range(num_classes):
        members = np.flatnonzero(labels == target)
        own_real = np.flatnonzero(labels_train == target)
        pairs: list[tuple[int, int]] = []
        for other in range(num_classes):
            candidates = np.flatnonzero(labels == other)[:per_draw]
            if other == target or not len(members):
                continue
            for _ in range(draws):
                pairs += zip(candidates, rng.choice(members, len(candidates)), strict=True)
        if len(own_real) < 2 or len(pairs) < 2:
            continue
        sources, references = np.array(pairs[:total]).T
        fake, real = FeatureStream(extractor.dim), FeatureStream(extractor.dim)
        chosen = held_out.images.take(sources)
        for batch in translator.generate_batches(chosen, held_out.styles[references]):
            fake.add(extractor.as_reference(batch))
        for x in batches(train.take(own_real)):
            flip = rng.random(len(x)) < 0.5
            x = np.where(flip[:, None, None, None], x[:, :, ::-1], x)
            real.add(extractor.as_reference(x))
        value = distances.frechet(real.moments, fake.moments)
        by_class[train.label_names[target]] = {
            "fid": value, "real": len(own_real), "fake": len(sources),
        }  # fmt: skip
    return float(np.mean([c["fid"] for c in by_class.values()] or [np.nan])), by_class


class _Real(NamedTuple):
    """What translations are compared with.

    Attributes:
      extractor: Name of the extractor.
      moments: Moments of the features of training images.
      sample: Some of these features, at most `MAX_SAMPLE`.
    """

    extractor: str
    moments: distances.Moments
    sample: np.ndarray

    def scores(self, fake: "FeatureStream") -> dict[str, float]:
        """{metric: value} of pictures by their features."""
        name = self.extractor
        kid = distances.kernel(self.sample, fake.sample)
        manifold = distances.density_coverage(self.sample, fake.sample)
        return {
            f"{distance_names(name).distance}_{name}": distances.frechet(
                self.moments, fake.moments
            ),
            f"kid_{name}": kid.value,
            f"kid_error_{name}": kid.error,
            f"density_{name}": manifold.density,
            f"coverage_{name}": manifold.coverage,
        }


class FeatureStream:
    """Moments of features that come in batches, and the first `MAX_SAMPLE` vectors.

    Args:
      dim: Length of a feature vector.

    Attributes:
      moments: Moments of all vectors so far.
    """

    def __init__(self, dim: int) -> None:
        self.moments = distances.Moments(dim)
        self._kept: list[np.ndarray] = []

    def add(self, features: np.ndarray) -> None:
        """Adds a batch of features `(n, dim)`."""
        free = MAX_SAMPLE - self.moments.count
        if free > 0:
            self._kept.append(features[:free])
        self.moments.add(features)

    @property
    def sample(self) -> np.ndarray:
        """The first vectors, `(min(count, MAX_SAMPLE), dim)`."""
        return np.concatenate(self._kept)


def _stream(features: np.ndarray) -> FeatureStream:
    """Features `(N, dim)`, possibly memory-mapped, as a stream."""
    stream = FeatureStream(features.shape[1])
    for start in range(0, len(features), 1024):
        stream.add(features[start : start + 1024])
    return stream


def _cycle(values: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the values in random order, all used before any is used again."""
    rounds = -(-count // len(values))
    return np.concatenate([rng.permutation(values) for _ in range(rounds)])[:count]
