"""TF Serving's JSON: requests to the inputs of a signature, and outputs to answers."""

import base64
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from export.serving import c_api


@dataclasses.dataclass(frozen=True)
class Request:
    """A request for predictions.

    Attributes:
      signature: Name of the signature.
      inputs: Arrays, or lists of bytes, by name.
      in_rows: Whether it has one object per example (`instances`) or one list per input (`inputs`).
    """

    signature: str
    inputs: Mapping[str, c_api.Value]
    in_rows: bool


def parse(body: bytes) -> Request:
    """The request in a body.

    Raises:
      c_api.Error: INVALID_ARGUMENT; it is malformed.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _refused(str(error)) from None
    if not isinstance(content, dict) or ("instances" in content) == ("inputs" in content):
        raise _refused("the body must have either 'instances' or 'inputs'")
    name = content.get("signature_name", "serving_default")
    if not isinstance(name, str):
        raise _refused("'signature_name' must be a string")
    in_rows = "instances" in content
    columns = _columns(content["instances"]) if in_rows else content["inputs"]
    if not isinstance(columns, dict):
        raise _refused("'inputs' must be an object")
    try:
        inputs = {key: _from_json(values) for key, values in columns.items()}
    except (TypeError, ValueError) as error:
        raise _refused(str(error)) from None
    return Request(name, inputs, in_rows)


def answer(request: Request, outputs: dict[str, np.ndarray | list[bytes]]) -> dict[str, Any]:
    """The answer to a request, in rows or columns as the request; a single output is unnamed."""
    columns = {name: _to_json(name, value) for name, value in outputs.items()}
    only = next(iter(columns.values())) if len(columns) == 1 else None
    if not request.in_rows:
        return {"outputs": columns if only is None else only}
    if only is not None:
        return {"predictions": only}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _refused(reason: str) -> c_api.Error:
    return c_api.Error(c_api.INVALID_ARGUMENT, f"JSON: {reason}")


def _columns(instances: Any) -> dict[str, list[Any]]:
    if not isinstance(instances, list) or not all(isinstance(i, dict) for i in instances):
        raise _refused("'instances' must be a list of objects")
    if len({frozenset(instance) for instance in instances}) != 1:
        raise _refused("all instances must have the same keys")
    return {key: [instance[key] for instance in instances] for key in instances[0]}


def _from_json(values: Any) -> np.ndarray | list[bytes]:
    """Bytes of {"b64": ...} objects, else numbers. Raises TypeError or ValueError."""
    if isinstance(values, list) and any(isinstance(value, dict) for value in values):
        return [_decoded(value) for value in values]
    return np.array(values, np.float32)


def _decoded(value: Any) -> bytes:
    if not isinstance(value, dict) or set(value) != {"b64"} or not isinstance(value["b64"], str):
        raise ValueError('bytes must be an object {"b64": "..."}')
    return base64.b64decode(value["b64"], validate=True)


def _to_json(name: str, value: np.ndarray | list[bytes]) -> list[Any]:
    if not isinstance(value, list):
        return value.tolist()
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(item).decode()} for item in value]
    return [item.decode() for item in value]
