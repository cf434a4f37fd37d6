"""The part of an evaluation on translations: image quality, style and content."""

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.data.sources import Split
from tunit_tf.evaluation import image_quality
from tunit_tf.evaluation.feature_cache import batches, cached_features
from tunit_tf.evaluation.figures import EvaluationResult
from tunit_tf.evaluation.scores import EncodedImages, edge_correlation, score_translations
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics.extractor_names import EFFICIENTNETS
from tunit_tf.metrics.features import Extractor

MAX_TRANSLATIONS = 1000  # held-out images translated for style and content


def has_classes(split: Split) -> bool:
    """Whether both parts have labels, and the training images have at least two classes."""
    labels = split.train.classes()
    if labels is None or split.validation.labels is None:
        return False
    return len(np.unique(labels)) > 1


def image_quality_by_group(
    result: EvaluationResult,
    translator: Translator,
    train: EncodedImages | ImageSet,
    held_out: EncodedImages,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
) -> None:
    """Adds the metrics of `image_quality`; groups are classes or, without labels, domains.

    Args:
      result: Receives metrics and counts.
      translator: Networks to judge.
      train: All training images; encoded ones are grouped by pseudo-domain, others by class.
      held_out: All held-out images.
      extractor: Computes the features.
      cache_dir: Folder where features of real images are kept.
      num_translations: About this many translations are made for each of FID and mFID.
    """
    if isinstance(train, EncodedImages):
        images = train.images
        names = tuple(f"domain {k}" for k in range(translator.num_domains))
        partition = image_quality.Partition(train.domains, held_out.domains, names)
    else:
        images = train
        labels, held_out_labels = images.classes(), held_out.images.classes()
        assert labels is not None
        assert held_out_labels is not None
        names = held_out.images.label_names
        partition = image_quality.Partition(labels, held_out_labels, names)
    scored = image_quality.scores(
        translator, images, held_out, partition, extractor, cache_dir, num_translations
    )
    result.metrics["Image quality"] = scored.values
    result.counts |= scored.counts
    # The paper's protocol is for Inception; other features serve as stand-ins, EfficientNet's not.
    if not isinstance(train, EncodedImages) and extractor.name not in EFFICIENTNETS:
        name = f"mfid_tunit_{extractor.name}"
        value, by_class = image_quality.mean_frechet_tunit(translator, images, held_out, extractor)
        if by_class:
            scored.values[name] = value
            result.counts[name] = by_class


def style_and_content(
    result: EvaluationResult,
    translator: Translator,
    held_out: EncodedImages,
    classifier_images: ImageSet | None,
    extractor: Extractor,
    cache_dir: str,
    seed: int,
) -> None:
    """Adds whether translations have the style of the reference and the content of the source.

    Args:
      result: Receives metrics and counts.
      translator: Networks to judge.
      held_out: All held-out images; at most `MAX_TRANSLATIONS` of them are translated.
      classifier_images: Images with labels that a classifier is fitted to; None without labels.
      extractor: Computes the features that the classifier sees.
      cache_dir: Folder where features of real images are kept.
      seed: Chooses the images to translate.
    """
    positions = sampled_positions(len(held_out.images), MAX_TRANSLATIONS, seed)
    chosen = held_out.at(positions)
    scored = score_translations(translator, chosen)
    scores, references, translated = scored.scores, scored.references, scored.pictures
    source = chosen.images.pixels()
    scores["edge_correlation"] = float(edge_correlation(source, translated).mean())
    scores["edge_correlation_chance"] = float(
        edge_correlation(source[references], translated).mean()
    )
    labels = chosen.images.classes()
    if classifier_images is not None and labels is not None:
        classifier = _fitted_classifier(classifier_images, extractor, cache_dir)
        features = np.concatenate([extractor(x) for x in batches(translated)])
        real = cached_features(extractor, held_out.images, cache_dir)[positions]
        name = extractor.name
        scores[f"class_agreement_{name}"] = float(
            (classifier.predict(features) == labels[references]).mean()
        )
        scores[f"class_agreement_real_{name}"] = float((classifier.predict(real) == labels).mean())
    result.metrics["Style and content"] = scores
    result.counts["style and content"] = {"held_out": len(chosen.images)}


def _fitted_classifier(
    train: ImageSet, extractor: Extractor, cache_dir: str
) -> sklearn.pipeline.Pipeline:
    """Predicts classes from features; independent of the networks that are judged."""
    features = cached_features(extractor, train, cache_dir)
    rows = sampled_positions(len(train), image_quality.MAX_SAMPLE)
    classifier = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(),
        sklearn.linear_model.LogisticRegression(max_iter=2000),
    )
    return classifier.fit(features[rows], train.classes(rows))
