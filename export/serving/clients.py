"""Clients of TF Serving: pictures out by REST or gRPC, whole PNG files or errors back."""

import base64
import contextlib
import http.client
import importlib
import io
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PIL import Image

from export.serving.server import Server
from tunit_tf.errors import UserError

PASSING_CODES = (429, 502, 503, 504)  # of HTTP; another attempt may succeed
REFUSED_CODES = (400, 413)  # malformed or too large
HTTP1_SIGNS = ("http1", "parsing HTTP/2")  # in gRPC's messages when HTTP/1 answers
FIRST_PAUSE = 0.5  # seconds before the second attempt; doubled before each further one
LONGEST_PAUSE = 60.0  # seconds
LARGEST_ANSWER = 2**24  # bytes for each picture; a PNG file of 512 x 512 pixels has 2**20 at most
LARGEST_REASON = 2**16  # bytes of an answer that gives the reason of an error
LONGEST_REASON = 500  # characters of it that are shown
PNG_END = b"IEND\xaeB`\x82"  # Pillow reads some files that are cut


class Client(Protocol):
    """A client of a served model."""

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """Translates encoded pictures into the looks of as many others.

        Args:
          sources: N files, JPEG, PNG or WebP.
          references: N files.

        Returns:
          N PNG files.

        Raises:
          InputRefusedError: The server refused a picture.
          ServerError: It did not answer with translations.
        """


def connect(protocol: str, server: Server) -> Client:
    """A client; nothing is sent yet.

    Args:
      protocol: `rest` or `grpc`.
      server: The served model.

    Raises:
      UserError: The protocol needs a package that is not installed.
    """
    return GrpcClient(server) if protocol == "grpc" else RestClient(server)


class ServerError(Exception):
    """The server did not answer a request with translations.

    Attributes:
      is_temporary: Whether another attempt may succeed.
    """

    def __init__(self, message: str, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class InputRefusedError(ServerError):
    """The server refused the pictures of a request; it may accept others."""


def with_retries(ask: Callable[[], list[bytes]], retries: int) -> list[bytes]:
    """Calls `ask` until it succeeds, with longer and longer pauses.

    Args:
      ask: Sends a request.
      retries: Further attempts after the first.

    Raises:
      ServerError: The last attempt failed, or one failed with a permanent error.
    """
    for attempt in range(retries):
        try:
            return ask()
        except ServerError as error:
            if not error.is_temporary:
                raise
            time.sleep(min(FIRST_PAUSE * 2.0 ** min(attempt, 30), LONGEST_PAUSE))
    return ask()


class RestClient:
    """Translates pictures by REST.

    Args:
      server: The served model.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._context: ssl.SSLContext | None = None
        if server.tls:
            trusted = server.authority.decode("ascii") if server.authority else None
            self._context = ssl.create_default_context(cadata=trusted)

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """As `Client.translate`."""
        instances = [
            {"image_bytes": _wrapped(source), "reference_bytes": _wrapped(reference)}
            for source, reference in zip(sources, references, strict=True)
        ]
        body = json.dumps({"instances": instances}).encode()
        answer = self._post(body, LARGEST_ANSWER * len(sources))
        try:
            predictions = json.loads(answer)["predictions"]
            contents = [base64.b64decode(p["b64"], validate=True) for p in predictions]
        # RecursionError: deeply nested JSON.
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ServerError(
                f"{self._server.url} does not answer as TF Serving does with a model that "
                "export.saved_model wrote; check --server and --model."
            ) from None
        return whole_pngs(contents, len(sources), self._server.url)

    def _post(self, body: bytes, largest: int) -> bytes:
        """The body of the answer, of at most `largest` bytes. Raises ServerError."""
        url, timeout = self._server.url, self._server.timeout
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(
                request, timeout=timeout, context=self._context
            ) as response:
                return _content(response, largest, timeout)
        except urllib.error.HTTPError as error:
            with error:
                reason = _reason(error, timeout)
            if error.code in REFUSED_CODES:
                raise InputRefusedError(reason) from None
            raise ServerError(reason, error.code in PASSING_CODES) from None
        except OSError as error:
            raise _connection_error(url, timeout, error) from None
        except http.client.IncompleteRead:
            raise ServerError(f"{url}: the answer was cut off", is_temporary=True) from None
        except (http.client.HTTPException, ValueError):
            raise ServerError(
                f"{url} does not speak HTTP; a gRPC port (8500 by default) needs --protocol=grpc."
            ) from None


def _content(response: Any, largest: int, seconds: float) -> bytes:
    """The body of an answer: a server may send without end, or byte by byte.

    Raises:
      ServerError: It has more bytes than `largest`.
      TimeoutError: It takes longer than `seconds`.
      IncompleteRead: It was cut off.
    """
    content, deadline = bytearray(), time.monotonic() + seconds
    while part := response.read1(2**20):
        content += part
        if len(content) > largest:
            raise ServerError(
                f"the answer of {response.geturl()} has more than {largest:,} bytes, which "
                "translations do not have; check --server and --model."
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)


def _wrapped(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def _connection_error(url: str, timeout: float, error: OSError) -> ServerError:
    """The error of a connection as one of the server."""
    reason: Any = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return ServerError(f"{url}: no answer within {timeout:g} s", is_temporary=True)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ServerError(
            f"{url}: the certificate of the server is not trusted ({reason.verify_message}); name "
            "the certificate of its authority with --ca_certificate."
        )
    if isinstance(reason, ssl.SSLError) and reason.reason == "WRONG_VERSION_NUMBER":
        return ServerError(f"{url}: the server does not use TLS; use http://, without --tls.")
    return ServerError(f"{url}: {reason}", is_temporary=True)


def _reason(error: urllib.error.HTTPError, seconds: float) -> str:
    """The explanation that TF Serving sends with an error, or else the status line."""
    failures = (ValueError, KeyError, TypeError, OSError, http.client.HTTPException, ServerError)
    reason = f"HTTP {error.code} {error.reason}"
    with contextlib.suppress(*failures, RecursionError):
        reason = str(json.loads(_content(error.fp, LARGEST_REASON, seconds))["error"])
    # A terminal would obey control characters.
    shown = "".join(c if c.isprintable() else " " for c in reason[:LONGEST_REASON])
    return f"{shown}..." if len(reason) > LONGEST_REASON else shown


class GrpcClient:
    """Translates pictures by gRPC.

    Args:
      server: The served model.

    Raises:
      UserError: tensorflow-serving-api is not installed.
    """

    def __init__(self, server: Server) -> None:
        try:
            self._grpc: Any = importlib.import_module("grpc")
            self._predict: Any = importlib.import_module("tensorflow_serving.apis.predict_pb2")
            service: Any = importlib.import_module(
                "tensorflow_serving.apis.prediction_service_pb2_grpc"
            )
            tensorflow: Any = importlib.import_module("tensorflow")
        except ImportError:
            raise UserError(
                "--protocol=grpc needs tensorflow-serving-api; install it with "
                "'pip install -r requirements-serving.txt', or use --protocol=rest."
            ) from None
        self._make_tensor_proto = tensorflow.make_tensor_proto
        self._stub = service.PredictionServiceStub(self._channel(server))
        self._server = server

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """As `Client.translate`."""
        server = self._server
        request = self._predict.PredictRequest()
        request.model_spec.name = server.model
        if server.version is not None:
            request.model_spec.version.value = server.version
        for name, pictures in (("image_bytes", sources), ("reference_bytes", references)):
            request.inputs[name].CopyFrom(self._make_tensor_proto(list(pictures)))
        try:
            response = self._stub.Predict(request, timeout=server.timeout)
        except self._grpc.RpcError as error:
            raise self._error(error.code(), error.details() or str(error.code())) from None
        contents = response.outputs["translated_bytes"].string_val
        return whole_pngs(contents, len(sources), server.address)

    def _channel(self, server: Server) -> Any:
        unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
        if not server.tls:
            return self._grpc.insecure_channel(server.address, options=unlimited)
        credentials = self._grpc.ssl_channel_credentials(server.authority)
        return self._grpc.secure_channel(server.address, credentials, options=unlimited)

    def _error(self, code: Any, details: str) -> ServerError:
        codes = self._grpc.StatusCode
        if code == codes.INVALID_ARGUMENT:
            return InputRefusedError(details)
        if code in (codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED, codes.RESOURCE_EXHAUSTED):
            hint = ""
            if any(sign in details for sign in HTTP1_SIGNS):
                hint = "; a REST port (8501 by default) needs --protocol=rest"
            elif "SSL" in details or "certificate" in details.lower():
                hint = "; check --tls and --ca_certificate"
            return ServerError(f"{self._server.address}: {details}{hint}", is_temporary=not hint)
        return ServerError(details)


def whole_pngs(contents: Sequence[bytes], count: int, server: str) -> list[bytes]:
    """The contents, if they are `count` whole PNG files.

    Args:
      contents: Translations as a server sent them.
      count: Number of pictures that were sent.
      server: Address of the server, for the message.

    Raises:
      ServerError: There are more or fewer, or one is not a whole PNG file.
    """
    if len(contents) != count:
        raise ServerError(f"{server} answered {count} pictures with {len(contents)}.")
    for content in contents:
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                picture.load()
            if not content.endswith(PNG_END):
                raise ValueError("it is cut off")
        # Pillow's decoders raise many kinds of errors on broken files.
        except Exception:
            raise ServerError(
                f"{server} answered with {len(content)} bytes that are not a whole PNG file; is "
                "--model the name of a model that export.saved_model wrote?"
            ) from None
    return list(contents)
