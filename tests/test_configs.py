"""Every config file parses, says what it is, and holds only differences from the defaults."""

import dataclasses
import pathlib
import re
import shlex

import pytest
from absl import flags

from tunit_tf import config as config_lib
from tunit_tf.training import memory

ROOT = pathlib.Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
NESTED = re.compile(r"^--flagfile=(.*)$", re.MULTILINE)


def parse(path):
    """The config of a flagfile, by absl, with flags of its own."""
    values = flags.FlagValues()
    for name, f in config_lib.FIELDS.items():
        define = {str: flags.DEFINE_string, int: flags.DEFINE_integer, float: flags.DEFINE_float}
        define.get(f.type, flags.DEFINE_boolean)(name, f.default, "", flag_values=values)
    values(["train", f"--flagfile={path}"])
    return config_lib.Config(**{name: values[name].value for name in config_lib.FIELDS})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config(path, monkeypatch):
    monkeypatch.chdir(ROOT)  # to which nested flagfiles are relative
    config = parse(path)
    assert config.resolved().total_steps > 0
    default = config_lib.Config()
    text = path.read_text()
    text = NESTED.sub(lambda nested: pathlib.Path(nested[1]).read_text(), text)
    given = re.findall(r"^--(\w+)", text, re.MULTILINE)
    given = [n if n in config_lib.FIELDS else n.removeprefix("no") for n in given]
    assert len(given) == len(set(given)), "a setting is given twice"
    same = [name for name in given if getattr(config, name) == getattr(default, name)]
    assert not same, f"{same} only repeat the defaults"
    for word in ("Command:", "Hardware:", "Duration:", "Expected:"):
        assert re.search(rf"^# {word}", text, re.MULTILINE), f"the header lacks {word}"
    command = re.search(r"^# Command:\s*(.*)$", text, re.MULTILINE).group(1)
    assert f"--flagfile=configs/{path.name}" in shlex.split(command.replace(",", " "))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_hardware_has_the_memory_that_is_estimated(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = parse(path).resolved()
    line = re.search(r"^# Hardware: *(.*)$", path.read_text(), re.MULTILINE)[1]
    named = re.search(r"(\d+) GB", line)
    assert 1.2 * memory.device_bytes(config) < int(named[1]) * memory.GB
    stated = re.search(r"\((\d+) GB are estimated\)", line)
    assert not stated or int(stated[1]) == round(memory.device_bytes(config) / memory.GB)
    smaller = re.search(r"(\d+) GB with --accumulate_steps=(\d)", line)
    if smaller:
        parts = dataclasses.replace(config, accumulate_steps=int(smaller[2]))
        assert 1.2 * memory.device_bytes(parts) < int(smaller[1]) * memory.GB


def test_the_papers_sets_are_there():
    names = {path.stem for path in CONFIGS}
    assert {
        "quickstart", "afhq", "afhq_dog", "afhq_wild", "afhq_256", "animal_faces_10",
        "animal_faces_149", "ffhq", "lsun_car", "summer2winter", "photo2ukiyoe", "food10", "pets",
        "my_folder",
    } <= names  # fmt: skip
