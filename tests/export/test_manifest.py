"""The manifest's reader and schema, on the manifests that all clients are tested with."""

import contextlib
import json

import pytest

from export import manifest
from export.manifest import MobileManifest
from tests.manifests import cases
from tunit_tf.errors import UserError


@pytest.mark.parametrize("case", cases.CASES, ids=[case.name for case in cases.CASES])
def test_every_case_is_read_or_refused_in_one_sentence(case):
    if case.words is None:
        assert manifest.parse(case.content, MobileManifest).image_size == 32
        return
    with pytest.raises(UserError) as raised:
        manifest.parse(case.content, MobileManifest)
    sentence = str(raised.value)
    assert case.words in sentence
    assert sentence.startswith(("The manifest ", "The manifest's "))
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_there_are_many_cases():
    assert len({case.name for case in cases.CASES}) == len(cases.CASES)
    assert sum(case.words is not None for case in cases.CASES) >= 25


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["image_size"], -32, "image_size is -32, and it must be greater than 0; export the model"),
        (["step"], "7", 'step is "7", and it must be a valid integer;'),
        (["files", "example.png", "sha256"], "x", 'sha256 is "x", and it must have 64 hexadecimal'),
        (["title"], ["x" * 99], 'title is ["' + "x" * 38 + "..., and it must be a valid string;"),
        (["domains", 1, "images"], None, "domains.1.images is null, and"),
    ],
)
def test_a_sentence_has_field_value_and_cure(path, value, sentence):
    with pytest.raises(UserError) as raised:
        manifest.parse(cases.changed(path, value), MobileManifest)
    assert str(raised.value).startswith("The manifest's ")
    assert sentence in str(raised.value)
    assert str(raised.value).endswith("; export the model again.")


@pytest.mark.parametrize("content", [b"", b'{"kind": "tflite", "image_si', b"\xff", b"[" * 10**5])
def test_what_is_not_json_is_one_sentence(content):
    with pytest.raises(UserError, match=r"^The manifest is not JSON; copy or export the folder"):
        manifest.parse(content, MobileManifest)


def test_a_manifest_survives_writing_and_reading():
    content = json.dumps(cases.GOOD).encode()
    assert manifest.parse(content, MobileManifest).to_json() == cases.GOOD


def test_what_a_newer_minor_version_added_is_left_out():
    read = manifest.parse(cases.changed(["mood"], "cheerful"), MobileManifest)
    assert read.to_json() == cases.GOOD


def test_the_schema_is_that_of_the_models():
    written = json.loads(manifest.SCHEMA_FILE.read_text())
    assert written == manifest.schema()
    required = written["$defs"]["MobileManifest"]["required"]
    assert {"image_size", "variants", "files"} <= set(required)
    assert set(written["$defs"]["MobileManifest"]["properties"]) == set(cases.GOOD)
    assert written["$defs"]["MobileManifest"]["properties"]["style_dim"]["description"]


def test_random_damage_is_never_a_traceback():
    for name in cases.GOOD:
        for odd in (None, [], {}, "", -1, 1e300, [[]], {"a": None}, [None, {}]):
            with contextlib.suppress(UserError):
                manifest.parse(cases.changed([name], odd), MobileManifest)
