"""Scores of the averaged networks on held-out images; cheap enough to compute during training."""

import functools
from typing import NamedTuple

import numpy as np

from tunit_tf.data import synthetic
from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.errors import UserError
from tunit_tf.evaluation.feature_cache import batches
from tunit_tf.evaluation.metric_table import CLASSES, MASKS, METRIC_TABLE
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import RANDOM_CONV64, clustering, distances, features

LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue
# The names that --best_metric accepts, and whether more is better.
METRICS = {name: m.better == "more" for name, m in METRIC_TABLE.items() if m.in_validation}


def check_metric(name: str, held_out: ImageSet) -> None:
    """Checks that training can choose the best checkpoint by a metric.

    Raises:
      UserError: There is no such metric, or these images have no classes or masks for it.
    """
    has = {CLASSES: held_out.labels is not None, MASKS: held_out.masks is not None}
    choices = [known for known in METRICS if has.get(METRIC_TABLE[known].needs, True)]
    if name in choices:
        return
    why = ""
    if name in METRICS:
        why = f"; {name} needs {METRIC_TABLE[name].needs}, which the held-out images do not have"
    raise UserError(f"best_metric must be one of {', '.join(choices)}; received {name!r}{why}.")


class EncodedImages(NamedTuple):
    """N images as the guiding network encodes them.

    Attributes:
      images: The images.
      styles: Style codes `(N, style_dim)`.
      domains: Most likely pseudo-domains `(N,)` int32.
    """

    images: ImageSet
    styles: np.ndarray
    domains: np.ndarray

    def at(self, positions: np.ndarray) -> "EncodedImages":
        """The subset at `positions`, an integer array."""
        return EncodedImages(
            self.images.take(positions), self.styles[positions], self.domains[positions]
        )

    def sample(self, count: int, seed: int = 0) -> "EncodedImages":
        """The subset that `ImageSet.sample` draws."""
        return self.at(sampled_positions(len(self.images), count, seed))


def encode(translator: Translator, images: ImageSet) -> EncodedImages:
    """Encodes all images of a set."""
    return EncodedImages(images, *translator.guide(images))


class ScoredTranslations(NamedTuple):
    """Translations of N images into the styles of one another.

    Attributes:
      references: `(N,)`, position of the reference of each image.
      pictures: The translations, uint8 `(N, S, S, 3)`.
      scores: {metric: value}.
    """

    references: np.ndarray
    pictures: np.ndarray
    scores: dict[str, float]


def cluster_scores(encoded: EncodedImages, num_domains: int) -> dict[str, float]:
    """How the pseudo-domains of a set are used and, with labels, how they match the classes."""
    images, _, domains = encoded
    used = len(np.unique(domains))
    scores = {
        "effective_domains": clustering.effective_domains(domains, num_domains),
        "empty_domains": float(num_domains - used),
    }
    labels = images.classes()
    if labels is not None:
        shape = (num_domains, len(images.label_names))
        scores["clustering_accuracy_same_set"] = clustering.accuracy(domains, labels, shape)
        scores["nmi"] = clustering.normalized_mutual_information(domains, labels)
        scores["ari"] = clustering.adjusted_rand_index(domains, labels)
    return scores


def score_translations(
    translator: Translator, encoded: EncodedImages, quality: "PictureQuality | None" = None
) -> ScoredTranslations:
    """Translates images into the styles of one another and scores the translations.

    `domain_agreement`: share of the translations that the guiding network assigns to the
    pseudo-domain of the reference; `reconstruction`: mean absolute error in [0, 2] of images in
    their own style; `style_effect`: mean absolute difference in [0, 2] between an image in its own
    and in the other style. On the procedural set also `translation_accuracy` and `content_iou`,
    which `data/synthetic.py` measures from pixels.

    Args:
      translator: Networks to score.
      encoded: Sources, which are also the references, in another order.
      quality: Adds the distance that it measures.
    """
    images, styles, domains = encoded
    references = shuffled_positions(len(images))
    translated = translator.generate(images, styles[references])
    domains_translated = translator.domains(translated)

    reconstructed = translator.generate(images, styles).astype(np.float32)
    scores = {
        "domain_agreement": float((domains_translated == domains[references]).mean()),
        "reconstruction": float(abs(reconstructed - images.pixels()).mean() / 127.5),
        "style_effect": float(abs(reconstructed - translated).mean() / 127.5),
    }
    if quality is not None:
        scores |= quality.scores(translated)
    labels = images.classes()
    if images.masks is not None and labels is not None:
        verdict = synthetic.judge(translated)
        overlap = synthetic.intersection_over_union(verdict.mask, images.masks[images.rows])
        right = verdict.domain == labels[references]
        scores["translation_accuracy"] = float(right.mean())
        scores["content_iou"] = float(overlap.mean())
    return ScoredTranslations(references, translated, scores)


class PictureQuality:
    """Fréchet distance between translations and the images of a set, in built-in features.

    It follows what translations look like: 0 where their features are distributed as those of the
    images. The numbers compare only within one set, so they serve to choose a checkpoint.

    Args:
      images: The images to compare with; their features are computed once.
    """

    def __init__(self, images: ImageSet) -> None:
        self._images = images

    @functools.cached_property
    def _extractor(self) -> features.Extractor:
        return features.load(RANDOM_CONV64, file="", cache_dir="")

    @functools.cached_property
    def _real(self) -> distances.Moments:
        return self._moments(self._images)

    def scores(self, translated: np.ndarray) -> dict[str, float]:
        """`frechet_random_conv64` of translations, uint8 `(N, S, S, 3)`."""
        distance = distances.frechet(self._real, self._moments(translated))
        return {f"frechet_{self._extractor.name}": distance}

    def _moments(self, images: ImageSet | np.ndarray) -> distances.Moments:
        moments = distances.Moments(self._extractor.dim)
        for x in batches(images):
            moments.add(self._extractor(x))
        return moments


def shuffled_positions(count: int) -> np.ndarray:
    """Position of the reference of each of `count` images, a fixed permutation `(count,)`."""
    return np.random.default_rng(0).permutation(count)


def edge_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson correlation `(n,)` of the edge maps of images and their translations.

    An edge map is the magnitude of the brightness gradient: it shows shapes and does not change
    with palette, light or contrast. 0 where a map is constant.

    Args:
      first: Images, uint8 `(n, S, S, 3)`.
      second: Their translations, likewise.
    """
    maps = []
    for images in (first, second):
        brightness = images @ LUMINANCE  # (n, S, S)
        # Central differences; at the border they would be one-sided, and large in every image.
        along_y = brightness[:, 2:, 1:-1] - brightness[:, :-2, 1:-1]
        along_x = brightness[:, 1:-1, 2:] - brightness[:, 1:-1, :-2]
        edges = np.hypot(along_x, along_y)
        edges = edges.reshape(len(edges), -1)
        edges -= edges.mean(1, keepdims=True)
        maps.append(edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-9))
    return (maps[0] * maps[1]).sum(1)
