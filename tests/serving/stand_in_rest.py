"""The REST API of the stand-in for TF Serving: HTTP, and its JSON to inputs of a signature."""

import base64
import dataclasses
import http.server
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from export.serving import session
from tests.serving.served import Served

MAX_BODY = 2**28  # bytes of a request
BAD_REQUEST, NOT_FOUND, TOO_LARGE = 400, 404, 413
HTTP_CODES = {
    tf.errors.INVALID_ARGUMENT: 400,
    tf.errors.NOT_FOUND: 404,
    8: 429,
    14: 503,
}  # others are 500
MODEL_PATH = r"/v1/models/([^/:]+)(?:/versions/([0-9]{1,19}))?"  # 64 bits


class RestServer(http.server.ThreadingHTTPServer):
    """Accepts many connections at once.

    Args:
      port: Port on this machine; 0 takes a free one.
      served: The model.
    """

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, port: int, served: Served) -> None:
        class Handler(RestHandler):  # a class of its own, since handlers are made per request
            pass

        Handler.served = served
        super().__init__(("127.0.0.1", port), Handler)


class RestHandler(http.server.BaseHTTPRequestHandler):
    """Status by GET, `:predict` by POST in row and in column format."""

    protocol_version = "HTTP/1.1"
    served: Served

    def do_GET(self) -> None:
        """Answers with the status of the model."""
        match = re.fullmatch(MODEL_PATH, self.path)
        if not match:
            self._answer(NOT_FOUND, {"error": f"Malformed request: GET {self.path}"})
            return
        try:
            self.served.check(match[1], int(match[2]) if match[2] else None)
        except session.Error as error:
            self._answer(NOT_FOUND, {"error": str(error)})
            return
        status = {"error_code": "OK", "error_message": ""}
        state = {"version": str(self.served.version), "state": "AVAILABLE", "status": status}
        self._answer(200, {"model_version_status": [state]})

    def do_POST(self) -> None:
        """Answers with predictions."""
        length = self.headers.get("Content-Length", "0")
        # A negative number would wait for the end of the connection.
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True  # where this request ends is unknown
            self._answer(BAD_REQUEST, {"error": f"Malformed Content-Length: {length}"})
            return
        if len(length) > 18 or int(length) > MAX_BODY:
            self.close_connection = True
            self._answer(TOO_LARGE, {"error": f"Requests may have {MAX_BODY} bytes; has {length}"})
            return
        body = self.rfile.read(int(length))
        match = re.fullmatch(f"{MODEL_PATH}:predict", self.path)
        if not match:
            self._answer(NOT_FOUND, {"error": f"Malformed request: POST {self.path}"})
            return
        try:
            self.served.check(match[1], int(match[2]) if match[2] else None)
            request = parse(body)
            outputs = self.served.model.run(request.signature, request.inputs)
            self._answer(200, answer(request, outputs))
        except session.Error as error:
            self._answer(HTTP_CODES.get(error.code, 500), {"error": str(error)})

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    def _answer(self, code: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


@dataclasses.dataclass(frozen=True)
class Request:
    """A request for predictions.

    Attributes:
      signature: Name of the signature.
      inputs: Arrays, or lists of bytes, by name.
      in_rows: Whether it has one object per example (`instances`) or one list per input (`inputs`).
    """

    signature: str
    inputs: Mapping[str, session.Value]
    in_rows: bool


def parse(body: bytes) -> Request:
    """The request in a body.

    Raises:
      session.Error: INVALID_ARGUMENT; it is malformed.
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
    except (TypeError, ValueError, OverflowError) as error:
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


def _refused(reason: str) -> session.Error:
    return session.Error(tf.errors.INVALID_ARGUMENT, f"JSON: {reason}")


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
