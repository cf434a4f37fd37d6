"""Judges the averaged networks on held-out images while they train."""

import numpy as np
import tensorflow as tf

from tunit_tf import images as pixels
from tunit_tf.data import pipeline, synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.metrics import clustering
from tunit_tf.networks import Generator, GuidingNetwork

# For every metric: is more better? The names --best_metric accepts.
METRICS = {
    "clustering_accuracy": True,
    "nmi": True,
    "ari": True,
    "effective_domains": True,
    "domain_agreement": True,
    "reconstruction": False,
    "translation_accuracy": True,
    "content_iou": True,
}


class Translator:
    """Compiled inference with one pair of networks."""

    def __init__(self, guiding: GuidingNetwork, generator: Generator, batch_size: int = 32):
        self.num_domains = guiding.num_domains
        self._batch_size = batch_size
        self._guide = tf.function(lambda x: guiding(x, training=False))
        self._generate = tf.function(generator.__call__)

    def guide(self, images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
        """Style codes `(N, style_dim)` and most likely domains `(N,)` of a set."""
        outputs = [self._guide(x) for _, x in pipeline.in_order(images, self._batch_size)]
        domains = np.concatenate([np.argmax(o.domain_logits, axis=-1) for o in outputs])
        return np.concatenate([o.style for o in outputs]), domains.astype(np.int32)

    def translate(self, images: ImageSet, styles: np.ndarray) -> np.ndarray:
        """uint8 `(N, S, S, 3)`: every image of a set in its own style of `(N, style_dim)`."""
        translated = [
            pixels.to_bytes(self._generate(x, styles[positions]))
            for positions, x in pipeline.in_order(images, self._batch_size)
        ]
        return np.concatenate(translated)


def domain_styles(styles: np.ndarray, domains: np.ndarray, num_domains: int) -> np.ndarray:
    """Mean style code `(K, style_dim)` of every pseudo-domain; NaN where a domain is empty."""
    means = np.full((num_domains, styles.shape[1]), np.nan, np.float32)
    for domain in np.unique(domains):
        means[domain] = styles[domains == domain].mean(0)
    return means


def cluster_scores(translator: Translator, images: ImageSet) -> dict[str, float]:
    """How the pseudo-domains of a set are used and, with labels, how they match the classes."""
    _, domains = translator.guide(images)
    scores = {"effective_domains": clustering.effective_domains(domains, translator.num_domains)}
    labels = images.classes()
    if labels is not None:
        shape = (translator.num_domains, len(images.label_names))
        scores["clustering_accuracy"] = clustering.accuracy(domains, labels, shape)
        scores["nmi"] = clustering.normalized_mutual_information(domains, labels)
        scores["ari"] = clustering.adjusted_rand_index(domains, labels)
    return scores


def translation_scores(translator: Translator, images: ImageSet) -> dict[str, float]:
    """How translations of a set into styles of its own images, in another order, come out.

    `domain_agreement`: share whose pseudo-domain is the reference's, told by the guiding network;
    `reconstruction`: mean absolute error in [0, 2] of images in their own style; on the procedural
    set also `translation_accuracy` and `content_iou`, told from pixels (`data/synthetic.py`).
    """
    styles, domains = translator.guide(images)
    reference = np.random.default_rng(0).permutation(len(images))
    translated = translator.translate(images, styles[reference])
    own = ImageSet(translated, np.arange(len(images)), images.names)
    _, domains_translated = translator.guide(own)

    reconstructed = translator.translate(images, styles).astype(np.float32)
    scores = {
        "domain_agreement": float((domains_translated == domains[reference]).mean()),
        "reconstruction": float(abs(reconstructed - images.pixels()).mean() / 127.5),
    }
    if images.masks is not None:
        verdict = synthetic.judge(translated)
        overlap = synthetic.intersection_over_union(verdict.mask, images.masks[images.rows])
        right = verdict.domain == images.classes()[reference]
        scores["translation_accuracy"] = float(right.mean())
        scores["content_iou"] = float(overlap.mean())
    return scores
