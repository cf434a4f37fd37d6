"""The manifest's reader and schema, on the golden manifests that all clients are tested with."""

import contextlib
import json

import pytest

from export import manifest, manifest_schema
from tests.manifests.write_cases import FOLDER
from tunit_tf.errors import UserError

CASES = json.loads((FOLDER / "cases.json").read_text())
GOOD = [case["file"] for case in CASES if case["ok"]]


def test_there_are_as_many_cases_as_files():
    files = {path.name for path in FOLDER.glob("*.json")} - {"cases.json"}
    assert files == {case["file"] for case in CASES}
    assert sum(not case["ok"] for case in CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_every_case_is_read_or_refused_with_its_sentence(case):
    content = (FOLDER / case["file"]).read_bytes()
    if case["ok"]:
        assert manifest.parse_mobile(content).image_size == 32
        return
    with pytest.raises(UserError) as raised:
        manifest.parse_mobile(content)
    assert str(raised.value) == case["sentence"]
    assert case["words"] in case["sentence"]


def test_a_manifest_survives_writing_and_reading():
    content = (FOLDER / "good.json").read_bytes()
    assert manifest.parse_mobile(content).to_json() == json.loads(content)


def test_what_a_newer_minor_version_added_is_left_out():
    read = manifest.parse_mobile((FOLDER / "newer_minor.json").read_bytes())
    assert read.schema_version == "1.9"
    assert "mood" not in read.to_json()


def test_the_schema_is_that_of_the_dataclasses():
    written = json.loads(manifest_schema.PATH.read_text())
    assert written == manifest_schema.schema()
    required = written["$defs"]["MobileManifest"]["required"]
    assert {"image_size", "variants", "files"} <= set(required)


def test_random_damage_is_never_a_traceback():
    content = (FOLDER / "good.json").read_bytes()
    values = json.loads(content)
    for name in values:
        for odd in (None, [], {}, "", -1, 1e300, [[]], {"a": None}, [None, {}]):
            with contextlib.suppress(UserError):
                manifest.parse_mobile(json.dumps({**values, name: odd}).encode())
