"""A client of TF Serving's REST API."""

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from export.serving import replies
from export.serving.replies import InputRefusedError, ServerError
from export.serving.server import Server

PASSING_CODES = (429, 502, 503, 504)
REFUSED_CODES = (400, 413)  # malformed or too large


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
        """Translates encoded pictures into the looks of as many others.

        Args:
          sources: N files, JPEG, PNG, GIF, BMP or WebP.
          references: N files.

        Returns:
          N PNG files.

        Raises:
          InputRefusedError: The server refused a picture.
          ServerError: It did not answer with translations.
        """
        instances = [
            {"image_bytes": _wrapped(source), "reference_bytes": _wrapped(reference)}
            for source, reference in zip(sources, references, strict=True)
        ]
        answer = self._post(json.dumps({"instances": instances}).encode())
        try:
            predictions = json.loads(answer)["predictions"]
            contents = [base64.b64decode(p["b64"], validate=True) for p in predictions]
        # RecursionError: deeply nested JSON.
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ServerError(
                f"{self._server.url} does not answer as TF Serving does with a model that "
                "export.saved_model wrote; check --server and --model."
            ) from None
        return replies.whole_pngs(contents, len(sources), self._server.url)

    def _post(self, body: bytes) -> bytes:
        """The body of the answer. Raises ServerError."""
        url, timeout = self._server.url, self._server.timeout
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(
                request, timeout=timeout, context=self._context
            ) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            reason = _reason(error)
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


def _reason(error: urllib.error.HTTPError) -> str:
    """The explanation that TF Serving sends with an error, or else the status line."""
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException, RecursionError):
        return f"HTTP {error.code} {error.reason}"
