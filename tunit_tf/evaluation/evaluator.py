"""Evaluates a trained run: clusters, image quality, style and content, as numbers and figures."""

import numpy as np

from tunit_tf.data.image_set import sampled_positions
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.evaluation import (
    cluster_evaluation,
    figures,
    metric_table,
    plots,
    translation_evaluation,
)
from tunit_tf.evaluation.figures import EvaluationResult
from tunit_tf.evaluation.look import has_classes
from tunit_tf.evaluation.scores import EncodedImages, encode
from tunit_tf.inference import domain_styles
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.metrics.features import Extractor

MAX_ENCODED = 20_000  # training images behind the statistics of the domains
MIN_TRAIN = 10  # Density and Coverage need more than 5
MIN_HELD_OUT = 2
MIN_MAPPED = 100  # held-out images in a map of styles; with fewer, training images are mapped


def evaluate(
    run: TrainedRun,
    split: Split,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
    alone: bool = True,
) -> EvaluationResult:
    """Evaluates the networks of a run on its own or other images.

    Args:
      run: The run.
      split: Training and held-out images.
      extractor: Computes the features of the image metrics.
      cache_dir: Folder where features of real images are kept.
      num_translations: About this many translations are made for each of FID and mFID.
      alone: Whether the report is about this checkpoint. Otherwise it stands beside that of another
        one, and leaves out maps, galleries and what needs no network.

    Raises:
      UserError: There are too few images, training and held-out images have different classes, or
        the labels do not fit a run that was trained with labels.
    """
    _check_counts(split)
    _check_labels(run, split)
    translator = run.translator
    result = EvaluationResult()
    result.warnings += filter(None, [metric_table.caution(len(split.validation))])
    if run.config.mode == "supervised":
        result.warnings.append(
            "The run was trained with all labels and without clustering: its pseudo-domains are "
            "meaningless, and so are clustering scores, domain_agreement and domain averages."
        )
    labeled = has_classes(split.train, split.validation)
    # Without labels, all training images are grouped by their pseudo-domains.
    # Sorted, because a file is read fastest from its start to its end.
    positions = np.sort(sampled_positions(len(split.train), MAX_ENCODED))
    if labeled or not run.generator_is_trained:
        all_train: EncodedImages | None = None
        train = encode(translator, split.train.take(positions))
    else:
        all_train = encode(translator, split.train)
        train = all_train.at(positions)
    held_out = encode(translator, split.validation)
    known = domain_styles.estimate(train.styles, train.domains, translator.num_domains)
    cluster_evaluation.evaluate(result, train, held_out, known)
    if run.generator_is_trained:
        translation_evaluation.image_quality_by_group(
            result, translator, all_train or split.train, held_out, extractor, cache_dir,
            num_translations, alone,
        )  # fmt: skip
        translation_evaluation.style_and_content(
            result, translator, split.train, held_out, extractor, cache_dir, run.config.seed,
            alone,
        )  # fmt: skip
        result.add_figures("Translations", lambda: figures.translations(translator, held_out))
    else:
        result.warnings.append(
            f"The checkpoint of step {run.step} is from the warm-up: its generator is "
            "untrained, so translations were not evaluated."
        )
    if not alone:
        return result
    mapped = held_out if len(held_out.images) >= MIN_MAPPED else train
    result.add_figures("Style codes", lambda: plots.style_maps(mapped))
    result.add_figures("Domains", lambda: figures.galleries(train))
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
            "Training and held-out images have different classes "
            f"({', '.join(different[:10])} in only one of them); give both the same class folders."
        )
    if not config.labeled_fraction:
        return
    if not classes:
        raise UserError(
            f"{run.folder} was trained with labels, but these images have none; sort them "
            "into one folder per class."
        )
    if len(classes) != config.num_domains:
        raise UserError(
            f"{run.folder} was trained with {config.num_domains} classes, but these "
            f"images have {len(classes)} ({', '.join(classes[:10])}); evaluate it on images of "
            "the same classes."
        )
