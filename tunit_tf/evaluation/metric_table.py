"""All metrics in one table: name, direction and meaning."""

from typing import NamedTuple

FEW_IMAGES = 50  # below it, scores depend on which images are held out


class Metric(NamedTuple):
    """What is known of a metric.

    Attributes:
      better: `more` or `less`, whichever is better; '' if the number only describes.
      meaning: A phrase for the report.
      in_validation: Whether training computes it, so that `--best_metric` can name it.
      needs: What held-out images must have for it, in words: `CLASSES` or `MASKS`; '' for nothing.
    """

    better: str
    meaning: str
    in_validation: bool = False
    needs: str = ""


CLASSES, MASKS = "classes", "masks, as only --data=synthetic has them"

JUDGES = {"k5": " in 5 groups", "k10": " in 10 groups", "classes": " by class"}

# By name; those computed from features end in the name of the extractor, which is left out here.
METRIC_TABLE = {
    "domains_used": Metric("", "pseudo-domains with at least one training image"),
    "entropy_nats": Metric("more", "entropy of the domain sizes; ln K if all are equally used"),
    "effective_domains": Metric("more", "exp(entropy), K if all domains are equally used", True),
    "empty_domains": Metric("less", "pseudo-domains without a held-out image", True),
    "closest_domains_radii": Metric("more", "distance of the two closest average styles, in radii"),
    "clustering_accuracy": Metric(
        "more", "images in the class of their domain; classes assigned on training images"
    ),
    "clustering_accuracy_same_set": Metric(
        "more",
        "the same with classes assigned on the scored images, as in the paper",
        True,
        CLASSES,
    ),
    "nmi": Metric("more", "normalized mutual information of domains and classes", True, CLASSES),
    "ari": Metric("more", "adjusted Rand index of domains and classes", True, CLASSES),
    "fid": Metric("less", "Fréchet distance between translations and training images"),
    "fid_held_out": Metric(
        "", "Fréchet distance between held-out and training images: what a perfect generator gets"
    ),
    "frechet": Metric("less", "Fréchet distance between translations and training images"),
    "frechet_held_out": Metric(
        "", "Fréchet distance between held-out and training images: what a perfect generator gets"
    ),
    "mean_frechet": Metric(
        "less", "mean over groups of the Fréchet distance of translations into the group"
    ),
    "kid": Metric("less", "kernel distance (squared MMD, unbiased) to training images"),
    "kid_error": Metric("", "standard error of KID over subsets; 0 for a single subset"),
    "density": Metric("more", "fidelity by 5 nearest neighbors; 1 for equal distributions"),
    "coverage": Metric("more", "diversity by 5 nearest neighbors; at most 1"),
    "mfid": Metric("less", "mean over groups of the FID of translations into the group"),
    "mfid_tunit": Metric("less", "mean FID by the protocol of the paper's reference code"),
    "domain_agreement": Metric(
        "more", "translations that E assigns to the pseudo-domain of the reference", True
    ),
    "reconstruction": Metric(
        "less", "mean absolute error, in [0, 2], of images in their own style", True
    ),
    "style_effect": Metric(
        "more", "mean absolute difference, in [0, 2], between own and other style", True
    ),
    "translation_accuracy": Metric(
        "more", "translations with the colors and texture of the reference", True, MASKS
    ),
    "frechet_random_conv64": Metric(
        "less", "Fréchet distance between translations and held-out images", True
    ),
    "content_iou": Metric("more", "overlap of the foreground with that of the source", True, MASKS),
    "edge_correlation": Metric("more", "correlation of edge maps with the source"),
    "edge_correlation_chance": Metric("", "correlation of edge maps with the reference"),
    "color_correlation": Metric("", "correlation of mean colors with those of the references"),
    **{
        name: Metric(better, f"{meaning}, as judged without color{by}")
        for judge, by in JUDGES.items()
        for name, better, meaning in (
            (f"look_of_reference_{judge}", "more", "translations with the reference's look"),
            (f"look_of_source_{judge}", "less", "translations that kept the source's look"),
            (f"look_judge_{judge}", "", "held-out images judged as expected"),
        )
    },
    "class_agreement": Metric("more", "translations classified as the reference's class"),
    "class_agreement_real": Metric("", "real held-out images classified correctly"),
}


def lookup(name: str, extractor_name: str = "") -> Metric | None:
    """The metric of a name, which may end in an extractor's name; None if it is unknown."""
    metric = METRIC_TABLE.get(name)
    return metric or METRIC_TABLE.get(name.removesuffix(f"_{extractor_name}"))


def caution(held_out: int) -> str:
    """A sentence on scores of very few held-out images; '' if there are enough."""
    if held_out >= FEW_IMAGES:
        return ""
    images = "image is" if held_out == 1 else "images are"
    return (
        f"Only {held_out} {images} held out: scores of fewer than {FEW_IMAGES} depend on which "
        "images these are, and say little about others."
    )
