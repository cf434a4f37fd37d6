"""Clients of TF Serving's REST and gRPC APIs, with retries."""

import base64
import importlib
import io
import json
import pathlib
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.io import pixels

FIRST_PAUSE = 0.5  # seconds before the first further try; doubled before each other
PASSING_HTTP = (429, 502, 503, 504)


class ServerError(Exception):
    """The server refused a request; `passing` where another try may succeed."""

    def __init__(self, message: str, passing: bool = False):
        super().__init__(message)
        self.passing = passing


class RestClient:
    """Asks TF Serving's REST API.

    Args:
      server: HOST:PORT.
      model: Name of the model.
      version: Of the model; None is the newest.
      timeout: Seconds.
    """

    def __init__(self, server: str, model: str, version: int | None, timeout: float):
        part = f"/versions/{version}" if version is not None else ""
        self._url = f"http://{server}/v1/models/{model}{part}:predict"
        self._timeout = timeout

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """PNG files of encoded pictures in the looks of as many others. Raises ServerError."""

        def wrapped(content: bytes) -> dict:
            return {"b64": base64.b64encode(content).decode()}

        instances = [
            {"image_bytes": wrapped(source), "reference_bytes": wrapped(reference)}
            for source, reference in zip(sources, references, strict=True)
        ]
        body = json.dumps({"instances": instances}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                predictions = json.load(response)["predictions"]
        except urllib.error.HTTPError as error:
            raise ServerError(_reason(error), error.code in PASSING_HTTP) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            late = isinstance(reason, socket.timeout | TimeoutError)
            words = f"no answer within {self._timeout:g} s" if late else str(reason)
            raise ServerError(f"{self._url}: {words}", passing=True) from None
        except (json.JSONDecodeError, KeyError, TypeError):
            raise ServerError(f"{self._url} does not answer as TF Serving does.") from None
        return [base64.b64decode(prediction["b64"]) for prediction in predictions]


class GrpcClient:
    """Asks TF Serving's gRPC API; arguments as `RestClient`."""

    def __init__(self, server: str, model: str, version: int | None, timeout: float):
        try:
            self._grpc = importlib.import_module("grpc")
            self._predict = importlib.import_module("tensorflow_serving.apis.predict_pb2")
            service = importlib.import_module("tensorflow_serving.apis.prediction_service_pb2_grpc")
            tensorflow = importlib.import_module("tensorflow")
        except ImportError:
            raise UserError(
                "--protocol=grpc needs tensorflow-serving-api; install it with "
                "'pip install -r requirements-serving.txt', or take --protocol=rest."
            ) from None
        self._make_tensor_proto = tensorflow.make_tensor_proto
        unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
        channel = self._grpc.insecure_channel(server, options=unlimited)
        self._stub = service.PredictionServiceStub(channel)
        self._server, self._model, self._version = server, model, version
        self._timeout = timeout

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """As `RestClient.translate`."""
        request = self._predict.PredictRequest()
        request.model_spec.name = self._model
        if self._version is not None:
            request.model_spec.version.value = self._version
        for name, pictures in (("image_bytes", sources), ("reference_bytes", references)):
            request.inputs[name].CopyFrom(self._make_tensor_proto(list(pictures)))
        try:
            response = self._stub.Predict(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            codes = self._grpc.StatusCode
            passing = error.code() in (
                codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED, codes.RESOURCE_EXHAUSTED,
            )  # fmt: skip
            message = f"{self._server}: {error.details()}" if passing else error.details()
            raise ServerError(message, passing) from None
        return list(response.outputs["translated_bytes"].string_val)


def with_retries(ask: Callable[[], list[bytes]], retries: int) -> list[bytes]:
    """Asks again, after longer and longer pauses, while errors may pass. Raises ServerError."""
    for attempt in range(retries + 1):
        try:
            return ask()
        except ServerError as error:
            if not error.passing or attempt == retries:
                raise
            time.sleep(FIRST_PAUSE * 2**attempt)
    raise AssertionError("unreachable")


def upright(path: pathlib.Path) -> bytes:
    """A file's content, re-encoded as PNG if EXIF says that it is rotated, which TF does not read.

    Raises:
      UserError: It cannot be read.
    """
    try:
        with Image.open(path) as picture:
            if picture.getexif().get(0x0112, 1) == 1:
                return path.read_bytes()
        buffer = io.BytesIO()
        pixels.open_rgb(path).save(buffer, format="PNG")
        return buffer.getvalue()
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        raise UserError(f"{path} cannot be read ({error}).") from None


def _reason(error: urllib.error.HTTPError) -> str:
    """TF Serving's own words, if it said any."""
    try:
        return json.load(error)["error"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
        return f"HTTP {error.code} {error.reason}"
