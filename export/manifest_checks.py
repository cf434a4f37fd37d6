"""What the content of a manifest must be, checked in the order of `docs/manifest.md`."""

import json
import re
from typing import Any

from tunit_tf.errors import UserError

AGAIN = "export the model again."
FORMAT = 1  # read by clients from before `schema_version`; equals its major number
SCHEMA_VERSION = "1.1"  # minor: fields were added; major: a field changed its meaning
SHA256 = r"[0-9a-f]{64}"
PLAIN_NAME = r"[\w-][\w.-]*"  # a file beside the manifest


def checked(content: bytes, kind: str) -> dict[str, Any]:
    """The fields of a manifest.

    Args:
      content: The file.
      kind: The wanted `kind`.

    Raises:
      UserError: What is wrong, in one sentence that names the field.
    """
    try:
        values = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise UserError("The manifest is not JSON; copy or export the folder again.") from None
    if not isinstance(values, dict) or values.get("kind") != kind:
        raise UserError(f'The manifest is not of kind "{kind}"; name a folder of export.tflite.')
    _check_version(values)
    for name, (rule, holds) in CHECKS.items():
        if name not in values:
            raise UserError(f"The manifest lacks {name}; {AGAIN}")
        if not holds(values[name]):
            raise UserError(f"The manifest's {name} must be {rule}; {AGAIN}")
    for name, (rule, holds) in CHECKS_IF_PRESENT.items():
        if name in values and not holds(values[name]):
            raise UserError(f"The manifest's {name} must be {rule}; {AGAIN}")
    _check_variants(values)
    _check_domains(values)
    return values


def _check_version(values: dict[str, Any]) -> None:
    version = values.get("schema_version", f"{values.get('format')}.0")
    found = re.fullmatch(r"(\d+)\.(\d+)", version) if isinstance(version, str) else None
    if not found:
        raise UserError(
            f"The manifest's schema_version {json.dumps(version)} is not like {SCHEMA_VERSION}; "
            f"{AGAIN}"
        )
    if int(found[1]) != FORMAT:
        raise UserError(
            f"The manifest has schema_version {version} and this program reads {FORMAT}.x; use a "
            "version of the program that fits."
        )


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 2**20


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _is_list_of(length: int, value: Any) -> bool:
    return isinstance(value, list) and len(value) == length and all(map(_is_number, value))


def _is_range(value: Any) -> bool:
    return _is_list_of(2, value) and value[0] < value[1]


def _is_file_list(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(entry, dict)
        and _is_number(entry.get("bytes"))
        and isinstance(entry.get("sha256"), str)
        and re.fullmatch(SHA256, entry["sha256"])
        for entry in value.values()
    )


def _are_examples(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("role"), str)
        and isinstance(entry.get("file"), str)
        and re.fullmatch(PLAIN_NAME, entry["file"])
        for entry in value
    )


def _are_signatures(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), dict) and isinstance(value[name].get("inputs"), dict)
        for name in ("encode", "generate")
    )


# {field: (what it must be, whether a value is)}; checked in this order.
CHECKS = {
    "image_size": ("a positive integer", _is_size),
    "num_domains": ("a positive integer", _is_size),
    "style_dim": ("a positive integer", _is_size),
    "value_range": ("two numbers, the smaller first", _is_range),
    "signatures": ("an object with encode and generate", _are_signatures),
    "files": ("an object with bytes and sha256 of each file", _is_file_list),
    "variants": ("an object", lambda value: isinstance(value, dict)),
    "recommended": ("an object", lambda value: isinstance(value, dict)),
}


CHECKS_IF_PRESENT = {
    "title": ("text", lambda value: isinstance(value, str)),
    "description": ("text", lambda value: isinstance(value, str)),
    "licence": ("text or null", lambda value: value is None or isinstance(value, str)),
    "origin": ("text or null", lambda value: value is None or isinstance(value, str)),
    "style_on_unit_sphere": ("true or false", lambda value: isinstance(value, bool)),
    "step": ("a number", _is_number),
    "config": ("an object", lambda value: isinstance(value, dict)),
    "examples": ("a list of objects with file and role", _are_examples),
}


def _check_variants(values: dict[str, Any]) -> None:
    """The files of every shipped variant are listed and lie beside the manifest."""
    for name, entry in values["variants"].items():
        if not isinstance(entry, dict) or not isinstance(entry.get("shipped"), bool):
            raise UserError(f"The manifest's variant {name} lacks shipped; {AGAIN}")
        for role in ("encoder", "generator") if entry["shipped"] else ():
            file = entry.get(role)
            if not isinstance(file, str):
                raise UserError(f"The manifest's variant {name} lacks {role}; {AGAIN}")
            if not re.fullmatch(PLAIN_NAME, file):
                raise UserError(f"The manifest names the file {file}, which is not beside it.")
            if file not in values["files"]:
                raise UserError(f"The manifest's files lack {file}; {AGAIN}")
    if not any(entry["shipped"] for entry in values["variants"].values()):
        raise UserError(f"The manifest has no variant that is shipped; {AGAIN}")
    for lane, name in values["recommended"].items():
        shipped = isinstance(name, str) and values["variants"].get(name, {}).get("shipped")
        if name and not shipped:
            raise UserError(f"The manifest recommends {name} for {lane}, which is not shipped.")


def _check_domains(values: dict[str, Any]) -> None:
    """Domains, where they are known, are as many and as long as the sizes say."""
    domains = values.get("domains")
    if domains is None:
        return
    count, length = values["num_domains"], values["style_dim"]
    if not isinstance(domains, list) or len(domains) != count:
        raise UserError(f"The manifest's domains must be a list of {count}; {AGAIN}")
    for number, domain in enumerate(domains):
        styles = (
            [domain.get("average_style"), domain.get("style_deviation")]
            if (isinstance(domain, dict))
            else [()]
        )
        if not all(style is None or _is_list_of(length, style) for style in styles):
            raise UserError(
                f"The manifest's domain {number} must have an average_style of {length} numbers; "
                f"{AGAIN}"
            )
