"""The model card: what the Hub reads is strict, what people read is true, its code runs."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps

from export import manifest, model_card, run_description
from export.manifest import Manifest, MobileManifest
from tests.manifests import cases
from tunit_tf.io import pixels

GOOD = MobileManifest(**cases.GOOD)


def parsed(text: str) -> dict:
    """The subset of YAML that the cards use: `name: text` and lists of text; strict."""
    begin, block, _ = text.split("---\n", 2)
    assert begin == ""
    fields: dict = {}
    for line in block.splitlines():
        if found := re.fullmatch(r"- (.+)", line):
            fields[next(reversed(fields))].append(scalar(found[1]))
            continue
        name, value = re.fullmatch(r"([a-z_]+):(?: (.+))?", line).groups()
        assert name not in fields
        fields[name] = [] if value is None else scalar(value)
    return fields


def scalar(text: str) -> str:
    if text.startswith('"'):
        return json.loads(text)
    assert re.fullmatch(r"[a-z][a-z0-9.-]*", text)
    assert text not in ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"license": "unknown"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("cc-by-nc-4.0", {"license": "cc-by-nc-4.0"}),
        ("CC BY 4.0", {"license": "other", "license_name": "cc-by-4.0"}),
        (
            'Ours, free: "yes"',
            {"license": "other", "license_name": "ours-free-yes"},
        ),
        ("§", {"license": "other", "license_name": "other"}),
    ],
)
def test_a_license_is_an_identifier_of_the_hub_or_has_a_name(trained_run, text, expected):
    config = dataclasses.replace(trained_run.config, license=text)
    fields = parsed(model_card.front_matter(config, GOOD) + "\n")
    assert {name: value for name, value in fields.items() if "license" in name} == expected


@pytest.mark.parametrize(
    "settings",
    [{}, {"domains_from": "efficientnet_lite0"}, {"labeled_fraction": 0.1},
     {"labeled_fraction": 1.0}],
    ids=["unsupervised", "pseudo-labeled", "semi-supervised", "supervised"],
)  # fmt: skip
def test_a_run_of_every_mode_has_a_card(trained_run, tmp_path, request, settings):
    config = dataclasses.replace(trained_run.config, **settings)
    assert config.mode == request.node.callspec.id
    run = dataclasses.replace(trained_run, config=config)
    description = run_description.describe(run)["description"]
    assert description.startswith("Transfers the style of one picture to another.")
    described = GOOD.model_copy(update={"description": description})
    model_card.write(tmp_path, described, run, loading="")
    card = (tmp_path / "README.md").read_text()
    assert description in card
    is_unlabeled = config.mode in ("unsupervised", "pseudo-labeled")
    assert ("No labels" in card) == is_unlabeled
    assert ("- unsupervised\n" in card) == is_unlabeled
    assert ("found automatically" in card) == is_unlabeled


def test_the_front_matter_survives_odd_names(trained_run):
    title = 'Cätze 🐈: "best" of - #1\n---\n{x}'
    described = GOOD.model_copy(update={"title": title})
    config = dataclasses.replace(trained_run.config, data="tfds:oxford_flowers102/plain:1.0.0")
    fields = parsed(model_card.front_matter(config, described) + "\n")
    assert fields["model_name"] == title
    assert fields["pipeline_tag"] == "image-to-image"
    assert fields["library_name"] == "tflite"
    assert fields["datasets"] == ["oxford_flowers102"]
    assert {"tunit", "litert"} <= set(fields["tags"])


def test_numbers_are_those_of_the_exported_checkpoint(trained_run, tmp_path):
    shutil.copytree(trained_run.folder, tmp_path / "run")
    run = dataclasses.replace(trained_run, folder=tmp_path / "run")
    logged = model_card.scores_of_run(run)
    assert logged.caption == "Validation during training, at step 6, on held-out images"
    assert logged.caution.startswith("Only 8 images are held out: ")
    (tmp_path / "run" / "report").mkdir()
    report = tmp_path / "run" / "report" / "metrics.json"
    facts = {
        "checkpoint": "newest, step 6", "data": "synthetic", "images": "72 and 8",
        "features": "random_conv64",
    }  # fmt: skip
    sections = {"Image quality": {"fid_random_conv64": 12.34567, "odd": 1.0}}
    counts = {"clusters": {"train": 300, "held_out": 100}}
    report.write_text(json.dumps({"facts": facts, "metrics": sections, "counts": counts}))
    (row,) = model_card.scores_of_run(run).rows
    assert not model_card.scores_of_run(run).caution
    assert row[:3] == ("fid_random_conv64", "12.3457", "less")
    assert "images of the run" in model_card.scores_of_run(run).caption
    facts |= {"data": "/home/me/other", "checkpoint": "newest, step 6"}
    report.write_text(json.dumps({"facts": facts, "metrics": sections, "counts": counts}))
    assert "another set" in model_card.scores_of_run(run).caption
    assert "/home" not in model_card.scores_of_run(run).caption
    for damaged in ('{"facts"', "[]", json.dumps({"facts": {**facts, "checkpoint": "step 5"}})):
        report.write_text(damaged)
        assert model_card.scores_of_run(run) == logged
    assert model_card.scores_of_run(dataclasses.replace(run, step=5)) is None


def check_card(folder, described: Manifest) -> str:
    """The card's file table is the manifest's, and all its other properties; returns it."""
    text = (folder / "README.md").read_text()
    fields = parsed(text)
    assert fields["license"] == "unknown"
    assert fields["model_name"] == described.title
    rows = dict(re.findall(r"^\| `([^`]+)` \| ([\d,]+) \|$", text, re.MULTILINE))
    sizes = {name: int(size.replace(",", "")) for name, size in rows.items()}
    assert sizes == {n: f.bytes for n, f in described.files.items() if n != "README.md"}
    assert described.files["README.md"].bytes == len(text.encode())
    for heading in ("Data", "License", "Intended use and limits", "Numbers", "How to load it"):
        assert f"\n## {heading}\n" in text
    assert "`frechet_random_conv64`" in text
    for example in described.examples:
        assert f"![]({example.file})" in text
    assert str(folder) not in text
    return text


def run_its_code(text: str, folder) -> None:
    """Runs the Python of a card as a reader would, in the folder."""
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=300)
    with Image.open(folder / "translated.png") as picture:
        assert picture.size == (32, 32)


@pytest.mark.parametrize("card", [model_card.PAIR, model_card.ONNX])
def test_the_code_of_a_card_reads_pictures_as_training_does(card, tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 20, 4), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    picture.save(tmp_path / "turned.png", exif=exif)
    (code,) = re.findall(r"def read.*?\n\n\n", card.template, re.DOTALL)
    names = {"np": np, "Image": Image, "ImageOps": ImageOps}
    exec(code.replace("$size", "16"), names)
    expected = pixels.square(pixels.open_rgb(tmp_path / "turned.png"), 16, "crop")
    read = names["read"](tmp_path / "turned.png")
    np.testing.assert_allclose(read[0], expected / 127.5 - 1, atol=1e-6)


def test_the_card_of_a_pair(pair_folder, tmp_path):
    described = manifest.read_mobile(pair_folder)
    text = check_card(pair_folder, described)
    assert "| dynamic_int8 |" in text
    shutil.copytree(pair_folder, tmp_path / "copy")
    run_its_code(text, tmp_path / "copy")


def test_the_card_of_a_saved_model(exported, tmp_path):
    listed = json.loads((exported / "manifest.json").read_text())
    assert "README.md" in listed["files"]
    assert [one["role"] for one in listed["examples"]] == ["picture", "look"]
    assert {one["file"] for one in listed["examples"]} <= set(listed["files"])
    text = (exported / "README.md").read_text()
    fields = parsed(text)
    assert fields["library_name"] == "tensorflow"
    assert f"`saved_model.pb` | {listed['files']['saved_model.pb']['bytes']:,} |" in text
    shutil.copytree(exported, tmp_path / "copy")
    run_its_code(text, tmp_path / "copy")
