"""Writes the golden manifests of this folder: `python -m tests.manifests.write_cases`.

Good and bad manifests of exported pairs, which the tests of the Python reader, of the page and of
the phone's app all read. `cases.json` lists them: file, whether it is good, for a bad one the
sentence of the Python reader and the words that every reader's sentence contains.
"""

import copy
import json
import pathlib
from collections.abc import Callable
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).parent
STYLE_DIM = 4
GOOD = {
    "kind": "tflite",
    "schema_version": "1.1",
    "format": 1,
    "title": "Procedural shapes, 32 px",
    "description": "Redraws a picture in the look of another one.",
    "image_size": 32,
    "value_range": [-1.0, 1.0],
    "channels": "RGB",
    "num_domains": 2,
    "style_dim": STYLE_DIM,
    "style_on_unit_sphere": True,
    "domains": [
        {
            "images": 7,
            "average_style": [0.5, -0.5, 0.5, 0.5],
            "style_deviation": [0.1, 0.2, 0.1, 0.2],
        },
        {"images": 0, "average_style": None, "style_deviation": None},
    ],
    "licence": "Apache-2.0",
    "origin": None,
    "examples": [{"file": "example.png", "role": "picture"}],
    "step": 2500,
    "config": {"data": "synthetic"},
    "made_with": {"tensorflow": "2.21.0", "keras": "3.15.1"},
    "resize": "crop",
    "signatures": {
        "encode": {
            "inputs": {"image": [1, 32, 32, 3]},
            "outputs": {"style": [1, STYLE_DIM], "domain_probabilities": [1, 2]},
        },
        "generate": {
            "inputs": {"image": [1, 32, 32, 3], "style": [1, STYLE_DIM]},
            "outputs": {"translated": [1, 32, 32, 3]},
        },
    },
    "variants": {
        "float32": {
            "for": "the reference",
            "shipped": True,
            "psnr": 136.5,
            "worst_psnr": 120.5,
            "ssim": 1.0,
            "largest": 0.000014,
            "encoder": "encoder_float32.tflite",
            "generator": "generator_float32.tflite",
        },
        "static_int8": {
            "for": "NPUs",
            "shipped": False,
            "psnr": 21.0,
            "worst_psnr": 15.0,
            "ssim": 0.8,
            "largest": 1.2,
            "encoder": None,
            "generator": None,
        },
    },
    "recommended": {"cpu": "float32", "gpu": "float32", "npu": ""},
    "quality_images": 32,
    "min_psnr": 30.0,
    "files": {
        "encoder_float32.tflite": {"bytes": 2350836, "sha256": "0" * 64},
        "generator_float32.tflite": {"bytes": 1116912, "sha256": "f" * 64},
        "example.png": {"bytes": 4711, "sha256": "a" * 64},
    },
}
# Fields that manifests have since `schema_version`.
ADDED = ("schema_version", "title", "description", "examples")


class Case(NamedTuple):
    """A bad manifest: what is done to the good one, and the words of every reader's sentence."""

    name: str
    change: Callable[[dict], None]
    words: str


def setting(*keys: str | int, to: object) -> Callable[[dict], None]:
    """A change that sets the value at a path of keys."""

    def change(manifest: dict) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = to

    return change


def deleting(*keys: str | int) -> Callable[[dict], None]:
    """A change that deletes the value at a path of keys."""

    def change(manifest: dict) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        del manifest[keys[-1]]

    return change


BAD = [
    Case("other_kind", setting("kind", to="saved_model"), "tflite"),
    Case("no_kind", deleting("kind"), "tflite"),
    Case("newer_major", setting("schema_version", to="2.0"), "2.0"),
    Case("odd_version", setting("schema_version", to="one"), "schema_version"),
    Case("no_image_size", deleting("image_size"), "image_size"),
    Case("negative_image_size", setting("image_size", to=-32), "image_size"),
    Case("fractional_style_dim", setting("style_dim", to=4.5), "style_dim"),
    Case("num_domains_as_text", setting("num_domains", to="2"), "num_domains"),
    Case("reversed_value_range", setting("value_range", to=[1.0, -1.0]), "value_range"),
    Case("no_signatures", deleting("signatures"), "signatures"),
    Case("no_generate", deleting("signatures", "generate"), "signatures"),
    Case("no_files", deleting("files"), "files"),
    Case("short_checksum", setting("files", "example.png", "sha256", to="abc"), "files"),
    Case("no_variants", deleting("variants"), "variants"),
    Case("nothing_shipped", setting("variants", "float32", "shipped", to=False), "variant"),
    Case("no_encoder", deleting("variants", "float32", "encoder"), "encoder"),
    Case(
        "outside_of_the_folder",
        setting("variants", "float32", "encoder", to="../secret.tflite"),
        "../secret.tflite",
    ),
    Case(
        "file_not_listed",
        deleting("files", "generator_float32.tflite"),
        "generator_float32.tflite",
    ),
    Case("too_few_domains", deleting("domains", 0), "domain"),
    Case("short_average_style", setting("domains", 0, "average_style", to=[1.0]), "average_style"),
]


def without_additions(manifest: dict) -> None:
    """Makes a manifest like those before `schema_version`."""
    for name in ADDED:
        del manifest[name]
    for domain in manifest["domains"]:
        del domain["style_deviation"]
    for role in ("encoder", "generator"):
        del manifest["variants"]["static_int8"][role]


def newer_minor(manifest: dict) -> None:
    """Makes a manifest of a later version that added fields."""
    manifest.update(schema_version="1.9", mood="cheerful")
    manifest["variants"]["float32"]["watts"] = 3


def write() -> None:
    """Writes all manifests and `cases.json`."""
    from export import manifest as manifest_lib
    from tunit_tf.errors import UserError

    good = {"good": lambda _: None, "before_1_1": without_additions, "newer_minor": newer_minor}
    cases = []
    for name, change in [*good.items(), *((case.name, case.change) for case in BAD)]:
        made = copy.deepcopy(GOOD)
        change(made)
        (FOLDER / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")
    cases += [{"file": f"{name}.json", "ok": True} for name in good]
    (FOLDER / "not_json.json").write_text('{"kind": "tflite", "image_si')
    for name, words in [("not_json", "JSON"), *((case.name, case.words) for case in BAD)]:
        try:
            manifest_lib.parse_mobile((FOLDER / f"{name}.json").read_bytes())
        except UserError as error:
            sentence = str(error)
        cases.append({"file": f"{name}.json", "ok": False, "words": words, "sentence": sentence})
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    write()
