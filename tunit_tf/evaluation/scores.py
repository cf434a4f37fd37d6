"""Judges the averaged networks on held-out images while they train."""

import functools

import numpy as np

from tunit_tf.data import synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import clustering, features, frechet

# For every metric: is more better? The names --best_metric accepts.
METRICS = {
    "clustering_accuracy_same_set": True,
    "nmi": True,
    "ari": True,
    "effective_domains": True,
    "empty_domains": False,
    "domain_agreement": True,
    "reconstruction": False,
    "style_effect": True,
    "translation_accuracy": True,
    "content_iou": True,
    "frechet_random_conv64": False,
}
BATCH = 64  # images whose features are computed at once


def cluster_scores(translator: Translator, images: ImageSet) -> dict[str, float]:
    """How the pseudo-domains of a set are used and, with labels, how they match the classes."""
    _, domains = translator.guide(images)
    used = len(np.unique(domains))
    scores = {
        "effective_domains": clustering.effective_domains(domains, translator.num_domains),
        "empty_domains": float(translator.num_domains - used),
    }
    labels = images.classes()
    if labels is not None:
        shape = (translator.num_domains, len(images.label_names))
        scores["clustering_accuracy_same_set"] = clustering.accuracy(domains, labels, shape)
        scores["nmi"] = clustering.normalized_mutual_information(domains, labels)
        scores["ari"] = clustering.adjusted_rand_index(domains, labels)
    return scores


def translation_scores(
    translator: Translator, images: ImageSet, quality: "PictureQuality | None" = None
) -> dict[str, float]:
    """How translations of a set into styles of its own images, in another order, come out.

    `domain_agreement`: share whose pseudo-domain is the reference's, told by the guiding network;
    `reconstruction`: mean absolute error in [0, 2] of images in their own style; `style_effect`:
    mean absolute difference in [0, 2] of an image in its own and in the other style; on the
    procedural set also `translation_accuracy` and `content_iou`, told from pixels
    (`data/synthetic.py`). With `quality` also the distance that it measures.
    """
    styles, domains = translator.guide(images)
    reference = another_order(len(images))
    translated = translator.generate(images, styles[reference])
    domains_translated = translator.domains(translated)

    reconstructed = translator.generate(images, styles).astype(np.float32)
    scores = {
        "domain_agreement": float((domains_translated == domains[reference]).mean()),
        "reconstruction": float(abs(reconstructed - images.pixels()).mean() / 127.5),
        "style_effect": float(abs(reconstructed - translated).mean() / 127.5),
    }
    if quality is not None:
        scores |= quality.scores(translated)
    if images.masks is not None:
        verdict = synthetic.judge(translated)
        overlap = synthetic.intersection_over_union(verdict.mask, images.masks[images.rows])
        right = verdict.domain == images.classes()[reference]
        scores["translation_accuracy"] = float(right.mean())
        scores["content_iou"] = float(overlap.mean())
    return scores


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
        return features.load("random_conv64", file="", cache_dir="")

    @functools.cached_property
    def _real(self) -> frechet.Moments:
        return self._moments(self._images)

    def scores(self, translated: np.ndarray) -> dict[str, float]:
        """`frechet_random_conv64` of translations, uint8 `(N, S, S, 3)`."""
        distance = frechet.distance(self._real, self._moments(translated))
        return {f"frechet_{self._extractor.name}": distance}

    def _moments(self, images: ImageSet | np.ndarray) -> frechet.Moments:
        moments = frechet.Moments(self._extractor.dim)
        for start in range(0, len(images), BATCH):
            moments.add(self._extractor(images[start : start + BATCH]))
        return moments


def another_order(count: int) -> np.ndarray:
    """Which image of a set is the reference of which: a fixed permutation `(count,)`."""
    return np.random.default_rng(0).permutation(count)
