"""The part of an evaluation on pseudo-domains: use, separation and agreement with classes."""

import numpy as np

from tunit_tf.evaluation import plots
from tunit_tf.evaluation.figures import EvaluationResult, Figure
from tunit_tf.evaluation.scores import EncodedImages
from tunit_tf.inference.domain_styles import DomainStyles
from tunit_tf.metrics import clustering

SECTION = "Clusters"
COINCIDE_BELOW = 0.5  # distance between the means of two domains, in radii


def evaluate(
    result: EvaluationResult, train: EncodedImages, held_out: EncodedImages, known: DomainStyles
) -> None:
    """Adds how many domains are used, whether any coincide, and how they match the classes.

    Args:
      result: Receives metrics, counts, figures and warnings.
      train: Training images, on which domains are assigned to classes.
      held_out: Held-out images, which are scored.
      known: Statistics of the domains of `train`.
    """
    num_domains = len(known.counts)
    entropy = clustering.entropy(train.domains, num_domains)
    scores = {
        "domains_used": int((known.counts > 0).sum()),
        "entropy_nats": entropy,
        "effective_domains": float(np.exp(entropy)),
    }
    result.domains = {"sizes": known.counts.tolist()}
    _warn_of_empty_domains(result, known)
    closeness = _warn_of_coinciding_domains(result, known)
    pairs = closeness[np.triu_indices(num_domains, 1)]
    if np.isfinite(pairs).any():
        scores["closest_domains_radii"] = float(np.nanmin(pairs))

    labels_train, labels = train.images.classes(), held_out.images.classes()
    if labels is not None and labels_train is not None:
        classes = list(held_out.images.label_names)
        shape = (num_domains, len(classes))
        class_of = clustering.best_map(train.domains, labels_train, shape)
        scores |= {
            "clustering_accuracy": float((class_of[held_out.domains] == labels).mean()),
            "clustering_accuracy_same_set": clustering.accuracy(held_out.domains, labels, shape),
            "nmi": clustering.normalized_mutual_information(held_out.domains, labels),
            "ari": clustering.adjusted_rand_index(held_out.domains, labels),
        }
        counts = clustering.contingency(held_out.domains, labels, shape)
        result.domains |= {"classes": classes, "contingency": counts.tolist()}
    result.metrics[SECTION] = scores
    result.counts["clusters"] = {"train": len(train.images), "held_out": len(held_out.images)}
    result.add_figures(SECTION, lambda: _figures(result.domains))


def _figures(domains: dict[str, list]) -> list[Figure]:
    """The sizes of the domains and, with labels, how they match the classes."""
    names = [str(k) for k in range(len(domains["sizes"]))]
    caption = "Domain sizes; the dashed line is the size if all domains were equally used"
    figures = [Figure("domain_sizes", caption, plots.sizes(np.array(domains["sizes"]), names))]
    if "classes" in domains:
        classes, meanings = plots.labels(domains["classes"], "class")
        confusion = plots.confusion(np.array(domains["contingency"]), names, classes)
        caption = f"Held-out images by pseudo-domain and class{meanings}"
        figures.append(Figure("confusion", caption, confusion))
    return figures


def _warn_of_empty_domains(result: EvaluationResult, known: DomainStyles) -> None:
    empty = np.flatnonzero(known.counts == 0)
    if len(empty):
        result.warnings.append(
            f"{len(empty)} of {len(known.counts)} domains are empty "
            f"({', '.join(map(str, empty))}): the images have fewer looks than --num_domains, or "
            "training merged some; try a smaller number or a larger --weight_entropy."
        )


def _warn_of_coinciding_domains(result: EvaluationResult, known: DomainStyles) -> np.ndarray:
    """Returns `DomainStyles.closeness`."""
    closeness = known.closeness()
    for i, j in np.argwhere(np.triu(closeness < COINCIDE_BELOW, 1)):
        result.warnings.append(
            f"Domains {i} and {j} nearly coincide: their average styles are "
            f"{closeness[i, j]:.2f} radii apart (distinct ones {COINCIDE_BELOW} or more); try a "
            "smaller --num_domains."
        )
    return closeness
