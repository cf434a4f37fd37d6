"""The part of an evaluation on translations: image quality, style and content."""

from collections.abc import Callable

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.evaluation import image_quality
from tunit_tf.evaluation.feature_cache import (
    COLOR_TRANSFER,
    UNTOUCHED,
    Pictures,
    Recolored,
    batches,
    cached_features,
    computed_features,
)
from tunit_tf.evaluation.feature_cache import Extractor as FeatureFunction
from tunit_tf.evaluation.figures import EvaluationResult
from tunit_tf.evaluation.look import LookBeyondColor, has_classes
from tunit_tf.evaluation.scores import EncodedImages, edge_correlation, score_translations
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import EFFICIENTNETS, colors
from tunit_tf.metrics.features import Extractor
from tunit_tf.metrics.look import Look

QUALITY, STYLE_AND_CONTENT = "Image quality", "Style and content"  # sections
MAX_TRANSLATIONS = 1000  # held-out images translated for style and content


def image_quality_by_group(
    result: EvaluationResult,
    translator: Translator,
    train: EncodedImages | ImageSet,
    held_out: EncodedImages,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
    without_network: bool = True,
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
      without_network: Whether the rows that need no network are added.
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
        translator, images, held_out, partition, extractor, cache_dir, num_translations,
        without_network,
    )  # fmt: skip
    result.metrics[QUALITY] = scored.values
    if without_network:
        result.add_without_network(QUALITY, scored.without_network)
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
    train: ImageSet,
    held_out: EncodedImages,
    extractor: Extractor,
    cache_dir: str,
    seed: int,
    without_network: bool = True,
) -> None:
    """Adds whether translations have the style of the reference and the content of the source.

    Args:
      result: Receives metrics and counts, also of what needs no network.
      translator: Networks to judge.
      train: Training images, which judges of looks and, with labels, a classifier are fitted to.
      held_out: All held-out images; at most `MAX_TRANSLATIONS` of them are translated.
      extractor: Computes the features that judges and classifier see.
      cache_dir: Folder where features of real images are kept.
      seed: Chooses the images to translate.
      without_network: Whether the rows that need no network are added.
    """
    positions = sampled_positions(len(held_out.images), MAX_TRANSLATIONS, seed)
    chosen = held_out.at(positions)
    scored = score_translations(translator, chosen)
    pairs = _Pairs(
        train, held_out.images, positions, positions[scored.references], extractor, cache_dir
    )
    result.metrics[STYLE_AND_CONTENT] = {
        **scored.scores,
        **pairs.scores(scored.pictures, lambda seen: computed_features(seen, scored.pictures)),
        **pairs.of_judges(),
    }
    result.counts["style and content"] = {"held_out": len(chosen.images), **pairs.pairs_apart()}
    if not without_network:
        return
    recolored = Recolored(chosen.images, chosen.images.take(scored.references))[:]
    result.add_without_network(
        STYLE_AND_CONTENT,
        {
            UNTOUCHED: pairs.scores(
                chosen.images,
                lambda seen: cached_features(seen, held_out.images, cache_dir)[positions],
            ),
            COLOR_TRANSFER: pairs.scores(
                recolored, lambda seen: cached_features(seen, recolored, cache_dir)
            ),
        },
    )


class _Pairs:
    """Sources and references, and scores of what became of the sources.

    Args:
      train: Training images.
      held_out: Held-out images.
      sources: Positions of N sources among them.
      references: Positions of their references.
      extractor: Computes the features that judges and classifier see.
      cache_dir: Folder where features of real images are kept.
    """

    def __init__(
        self,
        train: ImageSet,
        held_out: ImageSet,
        sources: np.ndarray,
        references: np.ndarray,
        extractor: Extractor,
        cache_dir: str,
    ) -> None:
        self._sources, self._references, self._extractor = sources, references, extractor
        self._held_out = held_out
        self._judges = LookBeyondColor(train, held_out, extractor, cache_dir)
        self._classifier = None
        if has_classes(train, held_out):
            self._classifier = fitted_classifier(train, extractor, cache_dir)
            real = cached_features(extractor, held_out, cache_dir)[sources]
            self._class_agreement_real = float(
                (self._classifier.predict(real) == held_out.classes(sources)).mean()
            )

    def scores(
        self, results: Pictures, features_by: Callable[[FeatureFunction], np.ndarray]
    ) -> dict[str, float]:
        """{metric: value} of N results; `features_by` returns their features by an extractor."""
        name, pictures = self._extractor.name, results[:]
        references = self._held_out.pixels(self._references)
        edges = edge_correlation(self._held_out.pixels(self._sources), pictures)
        scores = {
            "edge_correlation": float(edges.mean()),
            "edge_correlation_chance": float(edge_correlation(references, pictures).mean()),
            "color_correlation": color_correlation(pictures, references),
        }
        for judge, look in self._looks(features_by(self._judges.extractor)).items():
            if look.pairs:
                scores[f"look_of_reference_{judge}_{name}"] = look.of_reference
                scores[f"look_of_source_{judge}_{name}"] = look.of_source
        if self._classifier is not None:
            classes = self._held_out.classes(self._references)
            predicted = self._classifier.predict(features_by(self._extractor))
            scores[f"class_agreement_{name}"] = float((predicted == classes).mean())
        return scores

    def of_judges(self) -> dict[str, float]:
        """How well judges and classifier know real images, {metric: value}."""
        name = self._extractor.name
        found = {f"look_judge_{k}_{name}": share for k, share in self._judges.agreement.items()}
        if self._classifier is not None:
            found[f"class_agreement_real_{name}"] = self._class_agreement_real
        return found

    def pairs_apart(self) -> dict[str, int]:
        """{judge: pairs whose source and reference it tells apart}."""
        looks = self._looks(self._judges.real[self._sources])
        return {f"pairs_apart_{judge}": look.pairs for judge, look in looks.items()}

    def _looks(self, features: np.ndarray) -> dict[str, Look]:
        return self._judges.scores(self._sources, self._references, features)


def color_correlation(results: Pictures, references: Pictures) -> float:
    """Correlation of the mean colors of N results with those of their references, in [-1, 1]."""
    first, second = (
        np.concatenate([colors.mean_colors(x) for x in batches(pictures)])
        for pictures in (results, references)
    )
    return colors.correlation(first, second)


def fitted_classifier(
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
