"""The config is typed, checked, and tells differences by name."""

import dataclasses
import json

import pytest

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import UserError


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
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_value(field, value):
    with pytest.raises(UserError, match=f"{field}.*received {value!r}"):
        Config(**{field: value})


def test_json_round_trip():
    config = Config(num_domains=3, augment_hue=0.0).resolved()
    assert config_lib.from_json(config.to_json(), "here") == config


def test_unknown_and_broken_json_name_the_source():
    with pytest.raises(UserError, match=r"run/config\.json has unknown settings: colour"):
        config_lib.from_json(json.dumps({"colour": 1}), "run/config.json")
    with pytest.raises(UserError, match=r"run/config\.json is not valid JSON"):
        config_lib.from_json("{", "run/config.json")


def test_differences_leave_runtime_fields_aside():
    config = Config()
    other = dataclasses.replace(config, num_domains=3, log_every=7, run_dir="elsewhere")
    assert config_lib.differing_fields(config, other) == ["num_domains"]


def test_every_field_has_help():
    assert all(len(f.metadata["help"]) > 10 for f in config_lib.FIELDS.values())
