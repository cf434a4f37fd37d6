"""Judges a trained run: clusters, image quality, style and content, as numbers and figures."""

import dataclasses

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing

from tunit_tf.data.image_set import ImageSet
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.evaluation import figures, image_quality, plots
from tunit_tf.evaluation.figures import Codes, Drawing
from tunit_tf.evaluation.scores import another_order, translation_scores
from tunit_tf.inference import domain_styles
from tunit_tf.inference.domain_styles import DomainStyles
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import clustering, content
from tunit_tf.metrics.features import Extractor

MAX_CODES = 20_000  # training images whose style codes are looked at
MAX_TRANSLATIONS = 1000  # held-out images translated for style and content
MIN_TRAIN = 10  # Density and Coverage need more than 5
MIN_HELD_OUT = 2
COINCIDE_BELOW = 0.5  # distance of two domains' means, in radii


@dataclasses.dataclass
class Evaluation:
    """What was found.

    Attributes:
      metrics: {section: {name: value}}.
      counts: {metric: images behind it}.
      domains: What is known of each pseudo-domain.
      warnings: Sentences a user should read.
      figures: {section: drawings}.
    """

    metrics: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    counts: dict[str, dict] = dataclasses.field(default_factory=dict)
    domains: dict = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, list[Drawing]] = dataclasses.field(default_factory=dict)


def evaluate(
    run: TrainedRun,
    split: Split,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
) -> Evaluation:
    """Evaluates the networks of a run on its own or other images.

    Args:
      run: The run.
      split: Training and held-out images.
      extractor: For the image metrics.
      cache_dir: For features of real images.
      num_translations: Made for each of FID and mFID.

    Raises:
      UserError: There are too few images, training and held-out images have other classes, or
        the labels do not fit a run that was trained with labels.
    """
    _check_counts(split)
    _check_labels(run, split)
    translator = run.translator
    result = Evaluation()
    if run.config.mode == "supervised":
        result.warnings.append(
            "The run was trained with all labels and without clustering: its pseudo-domains mean "
            "nothing, and neither do clustering scores, domain_agreement and domain averages."
        )
    train = _codes(translator, _some(split.train, MAX_CODES))
    held_out = _codes(translator, split.validation)
    known = domain_styles.estimate(train.styles, train.domains, translator.num_domains)
    _clusters(result, train, held_out, known, translator.num_domains)
    if not run.generator_is_trained:
        result.warnings.append(
            f"The checkpoint of step {run.step} is from the warm-up: its generator is "
            "untrained, so translations were not judged."
        )
    else:
        _image_quality(result, translator, split, held_out, extractor, cache_dir, num_translations)
        _style_and_content(result, run, split, extractor, cache_dir)
        result.figures["Translations"] = figures.translations(translator, split.validation)
    mapped = held_out if len(held_out.images) >= 100 else train
    result.figures["Style codes"] = figures.style_maps(mapped)
    result.figures["Domains"] = figures.galleries(train)
    return result


def _check_counts(split: Split) -> None:
    if len(split.train) < MIN_TRAIN or len(split.validation) < MIN_HELD_OUT:
        raise UserError(
            f"An evaluation needs at least {MIN_TRAIN} training and {MIN_HELD_OUT} held-out "
            f"images; there are {len(split.train)} and {len(split.validation)}."
        )


def _check_labels(run: TrainedRun, split: Split) -> None:
    config, classes = run.config, split.validation.label_names
    if classes and split.train.label_names and classes != split.train.label_names:
        different = sorted(set(classes) ^ set(split.train.label_names))
        raise UserError(
            f"Training and held-out images have other classes ({', '.join(different[:10])} in one "
            "of them only); give both the same class folders."
        )
    if config.mode == "unsupervised":
        return
    if not classes:
        raise UserError(
            f"{run.folder} was trained with labels, but these images have none; sort them "
            "into one folder a class."
        )
    if len(classes) != config.num_domains:
        raise UserError(
            f"{run.folder} was trained with {config.num_domains} classes, but these "
            f"images have {len(classes)} ({', '.join(classes[:10])}); evaluate it on images of "
            "the same classes."
        )


def _codes(translator: Translator, image_set: ImageSet) -> Codes:
    return Codes(image_set, *translator.guide(image_set))


def _some(image_set: ImageSet, count: int) -> ImageSet:
    """All of a set, or a seeded choice of `count` of it, in order."""
    if len(image_set) <= count:
        return image_set
    chosen = np.random.default_rng(0).permutation(len(image_set))[:count]
    return image_set.take(np.sort(chosen))


def _clusters(
    result: Evaluation, train: Codes, held_out: Codes, known: DomainStyles, num_domains: int
) -> None:
    """How many domains are used, whether any coincide, and how they match the classes."""
    entropy = clustering.entropy(train.domains, num_domains)
    scores = {
        "domains_used": int((known.counts > 0).sum()),
        "entropy_nats": entropy,
        "effective_domains": float(np.exp(entropy)),
    }
    names = [str(k) for k in range(num_domains)]
    figures = [
        Drawing(
            "domain_sizes",
            "Domain sizes; dashed: if all were equally used",
            plots.sizes(known.counts, names),
        )
    ]
    result.domains = {"sizes": known.counts.tolist()}

    empty = np.flatnonzero(known.counts == 0)
    if len(empty):
        result.warnings.append(
            f"{len(empty)} of {num_domains} domains are empty ({', '.join(map(str, empty))}): the "
            "images hold fewer looks than --num_domains, or training merged some; try a smaller "
            "number or a larger --weight_entropy."
        )
    closeness = known.closeness()
    for i, j in np.argwhere(np.triu(closeness < COINCIDE_BELOW, 1)):
        result.warnings.append(
            f"Domains {i} and {j} nearly coincide: their average styles are "
            f"{closeness[i, j]:.2f} radii apart (distinct ones {COINCIDE_BELOW} or more); try a "
            "smaller --num_domains."
        )
    pairs = closeness[np.triu_indices(num_domains, 1)]
    if np.isfinite(pairs).any():
        scores["closest_domains_radii"] = float(np.nanmin(pairs))

    labels_train, labels = train.images.classes(), held_out.images.classes()
    if labels is not None and labels_train is not None:
        label_names = held_out.images.label_names
        shape = (num_domains, len(label_names))
        mapping = clustering.best_map(train.domains, labels_train, shape)
        scores |= {
            "clustering_accuracy": float((mapping[held_out.domains] == labels).mean()),
            "clustering_accuracy_same_set": clustering.accuracy(held_out.domains, labels, shape),
            "nmi": clustering.normalized_mutual_information(held_out.domains, labels),
            "ari": clustering.adjusted_rand_index(held_out.domains, labels),
        }
        counts = clustering.contingency(held_out.domains, labels, shape)
        result.domains |= {"classes": list(label_names), "contingency": counts.tolist()}
        figures.append(
            Drawing(
                "confusion",
                "Held-out images by pseudo-domain and class",
                plots.confusion(counts, names, list(label_names)),
            )
        )
    result.metrics["Clusters"] = scores
    result.counts["clusters"] = {"train": len(train.images), "held_out": len(held_out.images)}
    result.figures["Clusters"] = figures


def _image_quality(
    result: Evaluation,
    translator: Translator,
    split: Split,
    held_out: Codes,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
) -> None:
    labelled = _has_classes(split)
    if labelled:
        by = image_quality.Domains(
            split.train.classes(), split.validation.classes(), split.validation.label_names
        )
    else:
        names = tuple(f"domain {k}" for k in range(translator.num_domains))
        by = image_quality.Domains(translator.domains(split.train), held_out.domains, names)
    scored = image_quality.scores(
        translator, split.train, split.validation, by, extractor, cache_dir, num_translations
    )
    result.metrics["Image quality"] = scored.values
    result.counts |= scored.counts
    if labelled:
        name = f"mfid_tunit_{extractor.name}"
        value, by_class = image_quality.mean_frechet_tunit(
            translator, split.train, split.validation, extractor
        )
        if by_class:
            scored.values[name] = value
            result.counts[name] = by_class


def _style_and_content(
    result: Evaluation, run: TrainedRun, split: Split, extractor: Extractor, cache_dir: str
) -> None:
    """Do translations have the style of the reference and the content of the source?"""
    order = np.random.default_rng(run.config.seed).permutation(len(split.validation))
    chosen = split.validation.take(order[:MAX_TRANSLATIONS])
    translator = run.translator
    scores = translation_scores(translator, chosen)
    reference = another_order(len(chosen))
    translated = translator.generate(chosen, translator.style(chosen)[reference])
    source = chosen.pixels()
    scores["edge_correlation"] = float(content.edge_correlation(source, translated).mean())
    scores["edge_correlation_chance"] = float(
        content.edge_correlation(source[reference], translated).mean()
    )
    if _has_classes(split):
        classifier = _classifier(split.train, extractor, cache_dir)
        labels = chosen.classes()
        features = np.concatenate(
            [extractor(x) for x in np.array_split(translated, -(-len(translated) // 64))]
        )
        real = image_quality.cached_features(extractor, chosen, cache_dir)
        name = extractor.name
        scores[f"class_agreement_{name}"] = float(
            (classifier.predict(features) == labels[reference]).mean()
        )
        scores[f"class_agreement_real_{name}"] = float((classifier.predict(real) == labels).mean())
    result.metrics["Style and content"] = scores
    result.counts["style and content"] = {"held_out": len(chosen)}


def _has_classes(split: Split) -> bool:
    """Whether both parts have labels, and training images of two classes at least."""
    if split.train.labels is None or split.validation.labels is None:
        return False
    return len(np.unique(split.train.classes())) > 1


def _classifier(train: ImageSet, extractor: Extractor, cache_dir: str):
    """Tells classes from features; it never saw the networks that are judged."""
    features = image_quality.cached_features(extractor, train, cache_dir)
    rows = np.random.default_rng(0).permutation(len(train))[: image_quality.MAX_SAMPLE]
    classifier = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(),
        sklearn.linear_model.LogisticRegression(max_iter=2000),
    )
    return classifier.fit(features[rows], train.classes(rows))
