"""Look beyond color of whole networks: what each of three extreme ones scores."""

import dataclasses
import pathlib

import numpy as np
import pytest

from tunit_tf.data import synthetic
from tunit_tf.evaluation import look as look_lib
from tunit_tf.evaluation import metric_table, translation_evaluation
from tunit_tf.evaluation.feature_cache import (
    COLOR_TRANSFER,
    UNTOUCHED,
    Recolored,
    cached_features,
    computed_features,
)
from tunit_tf.evaluation.figures import EvaluationResult
from tunit_tf.evaluation.look import LookBeyondColor
from tunit_tf.evaluation.scores import encode, shuffled_positions
from tunit_tf.metrics import colors, features

pytestmark = pytest.mark.usefixtures("plain_graphs")


def textures(count, seed):
    """Stripes along one of four directions, in random colors; the class is the direction."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 4, count)
    y, x = np.mgrid[:32, :32]
    angles = classes[:, None, None] * np.pi / 4
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 1))
    waves = np.sin((np.cos(angles) * x + np.sin(angles) * y) * 1.2 + phase)  # (N, 32, 32)
    colors = rng.uniform(90, 160, (count, 1, 1, 3)) + 30 * waves[..., None]
    noise = rng.normal(0, 4, (count, 32, 32, 3))
    whole = synthetic.generate(count, 32, seed)
    return dataclasses.replace(
        whole,
        images=(colors + noise).clip(0, 255).astype(np.uint8),
        labels=classes.astype(np.int32),
        label_names=("0", "45", "90", "135"),
        masks=None,
    )


TRAIN, HELD_OUT = textures(120, 0), textures(60, 1)
ROUNDING = 0.05  # share of results that may be judged differently after rounding and clipping


def without_labels(images):
    return dataclasses.replace(images, labels=None, label_names=())


class Copier:
    """Stands where a translator does; its style codes are positions among the images.

    Args:
      images: Sources and references.
      copies: `source` or `reference`, which it returns.
    """

    num_domains = 4

    def __init__(self, images, copies):
        self._images, self._copies = images, copies

    def guide(self, images):
        return np.arange(len(images), dtype=np.float32)[:, None], np.zeros(len(images), np.int32)

    def domains(self, pictures):
        return np.zeros(len(pictures), np.int32)

    def generate(self, sources, styles):
        if self._copies == "source":
            return sources.pixels()
        return self._images.pixels(styles[:, 0].astype(int))


def evaluated(train, held_out, copies, extractor, cache_dir):
    result, translator = EvaluationResult(), Copier(held_out, copies)
    translation_evaluation.style_and_content(
        result, translator, train, encode(translator, held_out), extractor, cache_dir, seed=0
    )
    return result


@pytest.mark.parametrize("labeled", [True, False])
def test_copies_of_sources_and_references_are_the_extremes(labeled, extractor, cache_dir):
    train, held_out = (x if labeled else without_labels(x) for x in (TRAIN, HELD_OUT))
    judges = ["classes"] if labeled else ["k5", "k10"]
    for copies, expected in (("source", (0, 1)), ("reference", (1, 0))):
        result = evaluated(train, held_out, copies, extractor, cache_dir)
        scores = result.metrics["Style and content"]
        found = {name for name in scores if name.startswith("look")}
        assert found == {
            f"look_{what}_{judge}_random_conv64"
            for what in ("of_reference", "of_source", "judge")
            for judge in judges
        }
        assert all(metric_table.lookup(name, "random_conv64").meaning for name in found)
        for judge in judges:
            assert scores[f"look_of_reference_{judge}_random_conv64"] == expected[0]
            assert scores[f"look_of_source_{judge}_random_conv64"] == expected[1]
            assert result.counts["style and content"][f"pairs_apart_{judge}"] > 30
        color = 1 if copies == "reference" else result.without_network[UNTOUCHED][
            "Style and content"]["color_correlation"]  # fmt: skip
        np.testing.assert_allclose(scores["color_correlation"], color)


def test_without_a_network_only_colors_are_the_references(extractor, cache_dir):
    rows = evaluated(TRAIN, HELD_OUT, "source", extractor, cache_dir).without_network
    untouched, transferred = (
        rows[name]["Style and content"] for name in (UNTOUCHED, COLOR_TRANSFER)
    )
    assert untouched["look_of_reference_classes_random_conv64"] == 0
    assert untouched["look_of_source_classes_random_conv64"] == 1
    np.testing.assert_allclose(untouched["edge_correlation"], 1)
    assert transferred["look_of_reference_classes_random_conv64"] <= ROUNDING
    assert transferred["look_of_source_classes_random_conv64"] >= 1 - ROUNDING
    assert transferred["edge_correlation"] > 0.9
    assert untouched["color_correlation"] < 0.5 < 0.95 < transferred["color_correlation"]


def test_judges_know_classes_and_their_own_groups(extractor, cache_dir):
    by_class = LookBeyondColor(TRAIN, HELD_OUT, extractor, cache_dir)
    assert by_class.agreement["classes"] > 0.9
    plain = LookBeyondColor(without_labels(TRAIN), without_labels(HELD_OUT), extractor, cache_dir)
    assert plain.agreement["k5"] > 0.8
    assert by_class.real.shape == (60, extractor.dim)


def test_the_judge_of_photographs_cannot_see_a_color_transfer(cache_dir):
    """With EfficientNet, as for photographs, to groups that it sees in gray images."""
    extractor = features.load("efficientnet_lite2", "", "")
    train, held_out = (
        without_labels(x) for x in (TRAIN.take(np.arange(50)), HELD_OUT.take(np.arange(30)))
    )
    judges = LookBeyondColor(train, held_out, extractor, cache_dir)
    assert list(judges.agreement) == ["k5"]
    references = shuffled_positions(30)
    pictures = Recolored(held_out, held_out.take(references))
    seen = computed_features(judges.extractor, pictures)
    found = judges.scores(np.arange(30), references, seen)["k5"]
    assert found.pairs > 15
    assert found.of_reference <= ROUNDING
    assert found.of_source >= 1 - ROUNDING
    untouched = judges.scores(np.arange(30), references, judges.real)["k5"]
    assert untouched[:2] == (0, 1)


def test_few_images_or_a_single_class_leave_judges_out(extractor, cache_dir):
    few = without_labels(TRAIN).take(np.arange(10 * 5 - 1))
    assert LookBeyondColor(few, HELD_OUT, extractor, cache_dir).agreement == {}
    single = TRAIN.take(np.flatnonzero(TRAIN.classes() == 1))
    assert not look_lib.has_classes(single, HELD_OUT)


def test_recolored_images_are_made_when_read_and_cached_as_others(extractor, cache_dir):
    references = HELD_OUT.take(shuffled_positions(60))
    lazy = Recolored(HELD_OUT, references)
    whole = colors.transferred(HELD_OUT.pixels(), references.pixels())
    np.testing.assert_array_equal(lazy[:], whole)
    np.testing.assert_array_equal(lazy[50:70], whole[50:])
    np.testing.assert_allclose(
        cached_features(extractor, lazy, cache_dir), extractor(whole), rtol=1e-4, atol=1e-5
    )
    # It is found again by its sources and references, whose order matters.
    found = len(list(pathlib.Path(cache_dir).iterdir()))
    cached_features(extractor, Recolored(HELD_OUT, references), cache_dir)
    assert len(list(pathlib.Path(cache_dir).iterdir())) == found
    cached_features(extractor, Recolored(references, HELD_OUT), cache_dir)
    assert len(list(pathlib.Path(cache_dir).iterdir())) == found + 1
    means = [colors.mean_colors(x) for x in (whole, references.pixels())]
    np.testing.assert_allclose(
        translation_evaluation.color_correlation(lazy, references), colors.correlation(*means)
    )
