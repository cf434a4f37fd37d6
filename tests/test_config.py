"""The config is typed and checked, and differences are named."""

import dataclasses
import json
import math
import re

import pytest

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import Bounds, UserError


@pytest.mark.parametrize(
    ("fraction", "mode", "warmup", "joint", "labeled_only"),
    [
        (0.0, "unsupervised", 65_000, 135_000, 0),
        (0.1, "semi-supervised", 35_000, 165_000, 20_000),
        (1.0, "supervised", 0, 200_000, 0),
    ],
)
def test_schedule_of_the_paper_by_mode(fraction, mode, warmup, joint, labeled_only):
    config = Config(labeled_fraction=fraction).resolved()
    assert config.mode == mode
    schedule = (config.warmup_steps, config.joint_steps, config.labeled_only_steps)
    assert schedule == (warmup, joint, labeled_only)
    assert config.total_steps == 200_000
    assert config.warmup_batch_size == config.batch_size


@pytest.mark.parametrize(("size", "width"), [(128, 64), (256, 32)])
def test_the_width_is_the_papers_unless_another_is_asked_for(size, width):
    assert Config(image_size=size).resolved().base_channels == width
    assert Config(image_size=size, base_channels=5).resolved().base_channels == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_size", 100),
        ("num_domains", 1),
        ("batch_size", 0),
        ("labeled_fraction", 1.5),
        ("temperature", 0.0),
        ("ema_decay", 1.0),
        ("weight_r1", -1.0),
        ("mixed_precision", "float8"),
        ("resize", "squash"),
        ("seed", "one"),
        ("joint", 1),
        ("warmup_steps", -2),
        ("domain_stddev", 0.0),
        ("seed", -1),
        ("seed", 2**32),
        ("guiding_width", math.inf),
        ("guiding_width", 1e30),
        ("weight_r1", math.inf),
        ("learning_rate_guiding", math.nan),
        ("augment_hue", math.inf),
        ("augment_scale", 1.0),
        ("augment_shear", 90.0),
        ("temperature", 1e-30),
        ("joint_steps", 10**12),
        ("image_size", 10**30),
        ("synthetic_images", 10**12),
        ("queue_length", 10**12),
        ("batch_size", 10**30),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_value(field, value):
    with pytest.raises(UserError, match=rf"{field}.*received {re.escape(repr(value))}\.$"):
        Config(**{field: value})


def test_json_round_trip():
    config = Config(num_domains=3, augment_hue=0.0).resolved()
    assert config_lib.from_json(config.to_json(), "here") == config


def test_unknown_and_broken_json_name_the_source():
    with pytest.raises(UserError, match=r"run/config\.json has unknown settings: color"):
        config_lib.from_json(json.dumps({"color": 1}), "run/config.json")
    with pytest.raises(UserError, match=r"run/config\.json is not valid JSON"):
        config_lib.from_json("{", "run/config.json")


@pytest.mark.parametrize("content", [b"[]", b"null", b"3", b"\xff\xfe\x00", b"", b"[" * 100_000])
def test_a_damaged_file_is_named(content):
    with pytest.raises(UserError, match=r"^run/config\.json .*[Rr]estore or delete it\.$"):
        config_lib.from_json(content, "run/config.json")


def test_a_bad_value_in_a_file_names_the_file():
    words = r"^run/config\.json has a wrong setting: batch_size must be of type int"
    with pytest.raises(UserError, match=words):
        config_lib.from_json('{"batch_size": Infinity}', "run/config.json")


@pytest.mark.parametrize(
    "name", [n for n, f in config_lib.FIELDS.items() if f.type in (int, float)]
)
def test_every_number_is_bounded_on_both_sides(name):
    for value in (-(10**30), 10**30):
        with pytest.raises(UserError, match=f"^{name} must be .*; received {value}"):
            Config(**{name: value})


def test_bounds_name_the_side_that_is_violated():
    share = Bounds(0, 1, high_excluded=True)
    share.check("--share", 0)
    for value, rule in ((-1, "at least 0"), (1, "below 1"), (math.nan, "a finite number")):
        with pytest.raises(UserError, match=rf"^--share must be {rule}; received {value}\.$"):
            share.check("--share", value)
    with pytest.raises(UserError, match=r"^--size must be above 0; received 0\.$"):
        Bounds(0, low_excluded=True).check("--size", 0)
    Bounds(0).check("--size", 10**30)


def test_differences_leave_runtime_fields_aside():
    config = Config()
    other = dataclasses.replace(config, num_domains=3, log_every=7, run_dir="elsewhere")
    assert config_lib.differing_fields(config, other) == ["num_domains"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("photos", "photos/", True), ("photos", "./x/../photos", True), ("link", "photos", True),
        ("gone", "gone/", True), ("photos", "other", False), ("synthetic", "synthetic/", False),
        ("tfds:a", "tfds:a/", False), ("", ".", False), ("a\0", "b", False),
    ],
)  # fmt: skip
def test_two_ways_to_name_a_folder_do_not_differ(tmp_path, monkeypatch, first, second, same):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "other", "synthetic"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("photos")
    configs = [Config(data=name, validation_data=name) for name in (first, second)]
    differing = config_lib.differing_fields(*configs)
    assert differing == ([] if same else ["data", "validation_data"])


def test_every_field_has_help():
    for f in config_lib.FIELDS.values():
        assert len(f.metadata["help"]) > 10
        assert f.metadata["help"].endswith(".")


def test_a_perceptual_weight_needs_features():
    with pytest.raises(UserError, match="add --discriminator=projected, or leave it out"):
        Config(weight_perceptual=1.0)
    assert Config(weight_perceptual=1.0, discriminator="projected").weight_perceptual == 1


def test_none_stands_for_random_weights():
    assert Config(init_from="none") == Config() == Config(init_from="")
