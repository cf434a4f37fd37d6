"""Pseudo-labels come from features alone, are kept in the run, and are what E learns."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.data import pipeline, synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.io import files
from tunit_tf.metrics import clustering
from tunit_tf.training import pseudo_labels, steps

IMAGES = synthetic.generate(48, 32, 0)
UNLABELED = dataclasses.replace(IMAGES, labels=None, label_names=())
FROM_FEATURES = {"domains_from": "efficientnet_lite0", "num_domains": 4}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pseudo")
    return {
        **FROM_FEATURES, "run_dir": str(folder / "run"), "cache_dir": str(folder / "cache"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def prepared(settings):
    return pseudo_labels.prepare(UNLABELED, Config(**settings))


@pytest.fixture
def recorded_run(prepared, settings, tmp_path):
    """Settings of a run with a record and something that counts as a checkpoint."""
    config = Config(**{**settings, "run_dir": str(tmp_path)})
    files.write_json(tmp_path / run_folder.DOMAINS, pseudo_labels.record(prepared, config))
    files.write_bytes(tmp_path / "checkpoints" / "ckpt-1.index", b"")
    return config


def test_features_tell_looks_apart(tmp_path):
    """Noise, half of it blurred; without a label."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (24, 32, 32, 3))
    blurred = noise.reshape(24, 4, 8, 4, 8, 3).mean((2, 4)).repeat(8, 1).repeat(8, 2)
    looks = np.arange(24) % 2
    x = np.where(looks[:, None, None, None] == 1, blurred, noise).astype(np.uint8)
    images = ImageSet(x, np.arange(24), tuple(f"{i}.png" for i in range(24)))
    settings = {"run_dir": str(tmp_path / "run"), "cache_dir": str(tmp_path), "num_domains": 2}
    found = pseudo_labels.prepare(images, Config(domains_from="efficientnet_lite0", **settings))
    assert clustering.adjusted_rand_index(found.classes(), looks) == 1.0


def test_groups_without_color_ignore_colors_and_see_patterns(tmp_path):
    """Stripes or squares, in one of two colors."""
    rng = np.random.default_rng(0)
    patterns = np.arange(24) % 2
    red = np.arange(24) // 12
    rows = np.arange(32) // 4 % 2
    striped, checked = np.tile(rows[:, None], (1, 32)), rows[:, None] ^ rows
    gray = np.where(patterns[:, None, None] == 1, striped, checked)[..., None]
    color = np.where(red[:, None, None, None] == 1, (200, 40, 40), (40, 80, 220))
    x = (gray * color + rng.integers(0, 30, (24, 32, 32, 3))).astype(np.uint8)
    images = ImageSet(x, np.arange(24), tuple(f"{i}.png" for i in range(24)))
    settings = {"run_dir": str(tmp_path / "run"), "cache_dir": str(tmp_path), "num_domains": 2}
    config = Config(domains_from="efficientnet_lite0_without_color", **settings)
    found = pseudo_labels.prepare(images, config).classes()
    assert clustering.adjusted_rand_index(found, patterns) == 1.0


def test_no_label_is_used_and_the_same_seed_gives_the_same_groups(prepared, settings):
    misled = dataclasses.replace(IMAGES, labels=IMAGES.labels[::-1].copy())
    again = pseudo_labels.prepare(misled, Config(**settings))
    np.testing.assert_array_equal(prepared.classes(), again.classes())
    assert set(again.classes()) == {0, 1, 2, 3}


def test_a_resumed_run_takes_what_is_recorded_by_name(prepared, recorded_run, tmp_path):
    path = tmp_path / run_folder.DOMAINS
    record = json.loads(path.read_text())
    record["domains"] = {name: 3 - domain for name, domain in record["domains"].items()}
    path.write_text(json.dumps(record))
    some = UNLABELED.take(np.arange(40, 10, -3))
    found = pseudo_labels.prepare(some, recorded_run).classes()
    np.testing.assert_array_equal(found, 3 - prepared.classes()[np.arange(40, 10, -3)])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda _: None, r"domains\.json, which has the run's pseudo-domains, is gone"),
        (lambda _: "{", r"domains\.json is damaged \(JSONDecodeError\)"),
        (lambda _: json.dumps({"domains": 3}), r"is damaged \(TypeError\)"),
        (lambda _: json.dumps({"domains": {}}), r"has no entry '.*'; restore"),
        (lambda record: record.replace(": 3", ": 7"), r"must be in 0\.\.3; received 7\. Restore"),
        (lambda record: record.replace(": 3", ": true"), r"must be in 0\.\.3; received True"),
    ],
)
def test_a_damaged_record_is_named(recorded_run, tmp_path, damage, words):
    path = tmp_path / run_folder.DOMAINS
    content = damage(path.read_text())
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UserError, match=words):
        pseudo_labels.prepare(UNLABELED, recorded_run)


def test_every_batch_is_labeled_and_the_guiding_network_learns_the_groups(
    prepared, tiny, fresh_state
):
    config = tiny(**FROM_FEATURES, mixed_precision="float64")
    batch = next(iter(pipeline.batches(prepared, config, 0, 1, 4)))
    assert (batch.label >= 0).numpy().all()
    by_pixels = {x.tobytes(): y for x, y in zip(prepared.pixels(), prepared.classes(), strict=True)}
    shown = np.rint((batch.x.numpy() + 1) * 127.5).astype(np.uint8)
    for x, label in zip(shown, batch.label.numpy(), strict=True):
        assert label in (by_pixels.get(x.tobytes()), by_pixels.get(x[:, ::-1].tobytes()))

    state = fresh_state(config)
    logits = [state.guiding(x, training=True).domain_logits for x in (batch.x, batch.x_aug)]
    _, loss, terms = steps.guiding_loss(state, batch, state.queue.keys[:4], config, factor=1.0)
    assert terms.keys() == {"guiding/contrastive", "guiding/classification"}
    own = [-tf.nn.log_softmax(found).numpy()[np.arange(4), batch.label] for found in logits]
    np.testing.assert_allclose(terms["guiding/classification"], np.sum(own, 0).mean(), rtol=1e-6)
    expected = terms["guiding/contrastive"] + 5.0 * terms["guiding/classification"]
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_labels_beside_it_and_too_few_images_are_refused(tiny, tmp_path):
    with pytest.raises(UserError, match=r"combined with labeled_fraction=0\.5; leave one"):
        Config(domains_from="efficientnet_lite0", labeled_fraction=0.5)
    config = tiny(domains_from="efficientnet_lite0", num_domains=9, run_dir=str(tmp_path))
    with pytest.raises(UserError, match=r"9 domains need at least as many .* only 8; add images"):
        pseudo_labels.prepare(UNLABELED.take(np.arange(8)), config)
