"""Protocols of the image metrics: who is compared with whom, and how many."""

import os

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.evaluation import (
    feature_cache,
    image_quality,
    metric_table,
    scores,
    translation_evaluation,
)
from tunit_tf.evaluation.figures import EvaluationResult
from tunit_tf.evaluation.scores import encode
from tunit_tf.metrics import EXTRACTOR_NAMES, colors, distances, features

pytestmark = pytest.mark.usefixtures("plain_graphs")

TRAIN, HELD_OUT = synthetic.generate(120, 32, 0), synthetic.generate(40, 32, 1)


@pytest.fixture(scope="module")
def held_out(translator):
    return encode(translator, HELD_OUT)


class Painter:
    """Stands where a translator does, and draws any source as the reference itself."""

    def __init__(self, images):
        self._images = images

    def guide(self, images):
        assert images is self._images
        return np.arange(len(images), dtype=np.float32)[:, None], images.classes()

    def generate_batches(self, sources, styles):
        assert len(sources) == len(styles)
        yield self._images.pixels(styles[:, 0].astype(int))


PAINTED = encode(Painter(HELD_OUT), HELD_OUT)


def by_class():
    return image_quality.Partition(TRAIN.classes(), HELD_OUT.classes(), synthetic.DOMAINS)


def test_real_features_are_computed_once_for_the_same_pixels(extractor, tmp_path, monkeypatch):
    first = feature_cache.cached_features(extractor, TRAIN, str(tmp_path))
    np.testing.assert_allclose(first, extractor(TRAIN.pixels()), rtol=1e-4, atol=1e-5)
    (file,) = tmp_path.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(feature_cache, "_compute", None)
        again = feature_cache.cached_features(extractor, TRAIN, str(tmp_path))
    np.testing.assert_array_equal(first, again)
    feature_cache.cached_features(extractor, TRAIN.take(np.arange(119)), str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"feature cache .* cannot be written"):
        feature_cache.cached_features(extractor, HELD_OUT, str(tmp_path / "file"))
    assert file.exists()


@pytest.mark.parametrize(
    "spoil",
    [lambda whole: whole[:-100], lambda whole: whole[:20], lambda _: b"", lambda _: b"text"],
)
def test_damaged_features_are_computed_again(extractor, tmp_path, caplog, spoil):
    first = feature_cache.cached_features(extractor, HELD_OUT, str(tmp_path)).copy()
    (file,) = tmp_path.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    again = feature_cache.cached_features(extractor, HELD_OUT, str(tmp_path))
    np.testing.assert_array_equal(again, first)
    assert f"{file} are damaged" in caplog.text


def test_a_full_disk_gets_one_sentence_before_features_are_computed(
    extractor, tmp_path, monkeypatch
):
    """Writing to a sparse memory map of a full disk ends the process."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(UserError, match=r"feature cache .* \(No space left on device\)"):
        feature_cache.cached_features(extractor, HELD_OUT, str(tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_painter_who_copies_references_scores_as_the_held_out_images(extractor, cache_dir):
    found = image_quality.scores(
        Painter(HELD_OUT), TRAIN, PAINTED, by_class(), extractor, cache_dir, 80
    )
    values = found.values
    assert set(found.counts["fid_random_conv64"].items()) == {("real", 120), ("fake", 80)}
    # Every held-out image was painted twice: same mean, covariance scaled by 39/40 * 80/79.
    np.testing.assert_allclose(
        values["fid_random_conv64"], values["fid_held_out_random_conv64"], rtol=0.02
    )
    real = feature_cache.moments_of(extractor(TRAIN.pixels()))
    fake = feature_cache.moments_of(extractor(HELD_OUT.pixels()))
    np.testing.assert_allclose(
        values["fid_held_out_random_conv64"], distances.frechet(real, fake), rtol=1e-3
    )


def test_rows_without_a_network_have_the_same_metrics(extractor, cache_dir):
    found = image_quality.scores(
        Painter(HELD_OUT), TRAIN, PAINTED, by_class(), extractor, cache_dir, 40
    )
    untouched, transferred = (
        found.without_network[row] for row in ("source untouched", "color transfer")
    )
    assert set(untouched) == set(transferred) < set(found.values)
    assert untouched["fid_random_conv64"] == found.values["fid_held_out_random_conv64"]
    # Each of 40 images is a source once, and in the colors of one that is a reference once.
    rng = np.random.default_rng(0)
    sources, references = (HELD_OUT.pixels(rng.permutation(40)) for _ in range(2))
    recolored = feature_cache.moments_of(extractor(colors.transferred(sources, references)))
    real = feature_cache.moments_of(extractor(TRAIN.pixels()))
    np.testing.assert_allclose(
        transferred["fid_random_conv64"], distances.frechet(real, recolored), rtol=1e-3
    )


def test_colors_are_transferred_once_and_not_for_a_second_checkpoint(
    extractor, tmp_path, monkeypatch
):
    counted = []
    transferred = colors.transferred

    def counting(sources, references):
        counted.append(len(sources))
        return transferred(sources, references)

    monkeypatch.setattr(colors, "transferred", counting)
    given = Painter(HELD_OUT), TRAIN, PAINTED, by_class(), extractor, str(tmp_path), 40
    beside = image_quality.scores(*given, color_transfer=False)
    assert list(beside.without_network) == ["source untouched"]
    assert not counted
    first = image_quality.scores(*given)
    assert [count for count in counted if count > 1] == [40]  # and one pair of noise
    again = image_quality.scores(*given)
    assert [count for count in counted if count > 1] == [40]
    assert first.without_network == again.without_network
    assert first.values == beside.values


def test_mean_fid_compares_each_domain_with_its_own_images(extractor, cache_dir):
    real = feature_cache.cached_features(extractor, TRAIN, cache_dir)
    painter = Painter(HELD_OUT)
    mean, domains = image_quality.mean_frechet(painter, PAINTED, by_class(), real, extractor, 40)
    assert list(domains) == list(synthetic.DOMAINS)
    np.testing.assert_allclose(mean, np.mean([d["fid"] for d in domains.values()]))
    own = extractor(HELD_OUT.pixels(np.flatnonzero(HELD_OUT.classes() == 1)))
    reals = feature_cache.moments_of(real, np.flatnonzero(TRAIN.classes() == 1))
    assert domains["moss"]["real"] == (TRAIN.classes() == 1).sum()
    assert domains["moss"]["fake"] == 10
    np.testing.assert_allclose(
        domains["moss"]["fid"],
        distances.frechet(reals, feature_cache.moments_of(own)),
        rtol=0.35,
    )
    # Painting another class's images instead is far worse.
    shuffled = by_class()._replace(held_out=(HELD_OUT.classes() + 1) % 4)
    worse, _ = image_quality.mean_frechet(painter, PAINTED, shuffled, real, extractor, 40)
    assert worse > 5 * mean


def test_domains_that_cannot_be_scored_are_left_out(translator, held_out, extractor, cache_dir):
    names = (*synthetic.DOMAINS, "nothing")
    domains = image_quality.Partition(TRAIN.classes(), HELD_OUT.classes(), names)
    found = image_quality.scores(translator, TRAIN, held_out, domains, extractor, cache_dir, 40)
    assert set(found.counts["mfid_random_conv64"]) == set(synthetic.DOMAINS)
    alone = image_quality.Partition(np.zeros(120, int), np.zeros(40, int), ("all",))
    found = image_quality.scores(translator, TRAIN, held_out, alone, extractor, cache_dir, 40)
    assert "mfid_random_conv64" not in found.values


def test_the_references_protocol_counts_as_described(translator, held_out, extractor, monkeypatch):
    """N, m and n of the docstring, with classes of 8 to 20 training images and C = 4."""
    rows = np.concatenate(
        [np.flatnonzero(TRAIN.classes() == k)[:count] for k, count in enumerate((8, 12, 20, 16))]
    )
    train = TRAIN.take(rows)
    monkeypatch.setattr(image_quality, "TUNIT_TRANSLATIONS", 8)
    drawn = []
    generate = translator.generate_batches

    def watch(sources, styles):
        drawn.append((sources, len(styles)))
        return generate(sources, styles)

    monkeypatch.setattr(translator, "generate_batches", watch)
    mean, classes = image_quality.mean_frechet_tunit(translator, train, held_out, extractor)
    total, draws = (8 + 20) // 2, 8 // 4
    each = (total // draws) // 3
    assert list(classes) == list(synthetic.DOMAINS)
    for target, (sources, count) in enumerate(drawn):
        assert count == len(sources) == min(total, 3 * draws * each)
        assert target not in sources.classes()
        for other in set(range(4)) - {target}:
            firsts = HELD_OUT.rows[np.flatnonzero(HELD_OUT.classes() == other)[:each]]
            used = sources.rows[sources.classes() == other]
            np.testing.assert_array_equal(used, np.tile(firsts, draws))
    assert [c["real"] for c in classes.values()] == [8, 12, 20, 16]
    np.testing.assert_allclose(mean, np.mean([c["fid"] for c in classes.values()]))


def test_every_score_has_a_direction_and_a_meaning(translator, held_out, extractor, cache_dir):
    """What validation and the image metrics emit is in the one table."""
    emitted = {
        **scores.cluster_scores(held_out, translator.num_domains),
        **scores.score_translations(translator, held_out, scores.PictureQuality(TRAIN)).scores,
    }
    assert set(emitted) == set(scores.METRICS)
    for name in emitted:
        metric = metric_table.lookup(name)
        assert metric.better in ("more", "less")
        assert scores.METRICS[name] == (metric.better == "more")
    found = image_quality.scores(translator, TRAIN, held_out, by_class(), extractor, cache_dir, 40)
    for name in found.values:
        assert metric_table.lookup(name, extractor.name).meaning


def test_distances_in_the_features_of_efficientnet_are_never_called_fid(cache_dir):
    extractor = features.Extractor("efficientnet_lite2", 8, lambda x: tf.reduce_mean(x, (1, 2)))
    result = EvaluationResult()
    translation_evaluation.image_quality_by_group(
        result, Painter(HELD_OUT), TRAIN, PAINTED, extractor, cache_dir, 40
    )
    names = {"frechet", "frechet_held_out", "mean_frechet", "kid", "kid_error", "density",
             "coverage"}  # fmt: skip
    found = result.metrics["Image quality"]
    assert set(found) == {f"{name}_efficientnet_lite2" for name in names}
    assert all(metric_table.lookup(name, extractor.name) for name in found)
    groups = result.counts["mean_frechet_efficientnet_lite2"].values()
    distances = [group["frechet"] for group in groups]
    np.testing.assert_allclose(found["mean_frechet_efficientnet_lite2"], np.mean(distances))
    assert not [name for name in result.counts if "fid" in name]


def test_the_names_of_extractors_are_those_that_can_be_loaded():
    assert tuple(features.EXTRACTORS) == EXTRACTOR_NAMES
