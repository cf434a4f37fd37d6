"""The manifest as a JSON schema, made from its dataclasses: `python -m export.manifest_schema`."""

import dataclasses
import pathlib
import types
import typing
from typing import Any

from export import manifest
from tunit_tf.io import files

PATH = pathlib.Path(__file__).with_name("manifest.schema.json")
SIMPLE = {int: "integer", float: "number", str: "string", bool: "boolean"}


def schema() -> dict[str, Any]:
    """The schema of both kinds of manifest; later minor versions may add fields."""
    kinds = (manifest.MobileManifest, manifest.ServingManifest)
    parts = (manifest.File, manifest.Domain, manifest.Example, manifest.Variant)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Manifest of an export of tunit-tf, version {manifest.SCHEMA_VERSION}",
        "oneOf": [_reference(kind) for kind in kinds],
        "$defs": {kind.__name__: _object(kind) for kind in (*kinds, *parts)},
    }


def _object(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {
        field.metadata.get("name", field.name): _of_type(hints[field.name])
        for field in dataclasses.fields(kind)
    }
    if issubclass(kind, manifest.Manifest):
        properties = {"kind": {"const": kind.kind}, **properties}
    description = (kind.__doc__ or "").split("\n", maxsplit=1)[0]
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": sorted(properties),
    }


def _of_type(hint: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _reference(hint)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of_type(argument) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": _of_type(arguments[0])}
    if origin is tuple:
        size = {"minItems": len(arguments), "maxItems": len(arguments)}
        return {"type": "array", "items": _of_type(arguments[0]), **size}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of_type(arguments[1])}
    if hint is type(None):
        return {"type": "null"}
    return {"type": SIMPLE[hint]} if hint in SIMPLE else {}


def _reference(kind: Any) -> dict[str, str]:
    return {"$ref": f"#/$defs/{kind.__name__}"}


if __name__ == "__main__":
    files.write_json(PATH, schema())
