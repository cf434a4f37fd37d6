"""Judges the averaged networks on held-out images while they train."""

import numpy as np

from tunit_tf.data import synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import clustering

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
}


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


def translation_scores(translator: Translator, images: ImageSet) -> dict[str, float]:
    """How translations of a set into styles of its own images, in another order, come out.

    `domain_agreement`: share whose pseudo-domain is the reference's, told by the guiding network;
    `reconstruction`: mean absolute error in [0, 2] of images in their own style; `style_effect`:
    mean absolute difference in [0, 2] of an image in its own and in the other style; on the
    procedural set also `translation_accuracy` and `content_iou`, told from pixels
    (`data/synthetic.py`).
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
    if images.masks is not None:
        verdict = synthetic.judge(translated)
        overlap = synthetic.intersection_over_union(verdict.mask, images.masks[images.rows])
        right = verdict.domain == images.classes()[reference]
        scores["translation_accuracy"] = float(right.mean())
        scores["content_iou"] = float(overlap.mean())
    return scores


def another_order(count: int) -> np.ndarray:
    """Which image of a set is the reference of which: a fixed permutation `(count,)`."""
    return np.random.default_rng(0).permutation(count)
