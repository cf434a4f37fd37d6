"""The REST server of the stand-in for TF Serving."""

import http.server
import json
import re
from typing import Any

from export.serving import c_api, rest_json
from export.serving.served import Served

MAX_BODY = 2**28  # bytes of a request
BAD_REQUEST, NOT_FOUND, TOO_LARGE = 400, 404, 413
HTTP_CODES = {c_api.INVALID_ARGUMENT: 400, c_api.NOT_FOUND: 404, 8: 429, 14: 503}  # others are 500
MODEL_PATH = r"/v1/models/([^/:]+)(?:/versions/([0-9]+))?"


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
        except c_api.Error as error:
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
            request = rest_json.parse(body)
            outputs = self.served.model.run(request.signature, request.inputs)
            self._answer(200, rest_json.answer(request, outputs))
        except c_api.Error as error:
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
