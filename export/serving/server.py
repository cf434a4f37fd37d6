"""Address, model and connection settings of a server, from the flags of a client."""

import dataclasses
import re
import ssl
import urllib.parse

from tunit_tf.errors import UserError
from tunit_tf.paths import content_of, user_path

PORTS = {"rest": 8501, "grpc": 8500}  # TF Serving's
HTTPS_PORT = 443
LONGEST_TIMEOUT = 86_400.0  # seconds; sockets refuse much longer ones
LARGEST_VERSION = 2**63 - 1
HOST = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
LONGEST_HOST = 253  # characters


@dataclasses.dataclass(frozen=True)
class Server:
    """A served model.

    Attributes:
      address: HOST:PORT.
      model: Name of the model.
      version: Version of the model; None takes the newest.
      timeout: Longest wait for an answer, in seconds.
      tls: Whether the connection is encrypted.
      authority: PEM certificates to check the server's with; None takes those of the system.
    """

    address: str
    model: str = "tunit"
    version: int | None = None
    timeout: float = 30.0
    tls: bool = False
    authority: bytes | None = None

    def __post_init__(self) -> None:
        """Checks the values that would break a connection.

        Raises:
          UserError: One is out of range.
        """
        if not 0 < self.timeout <= LONGEST_TIMEOUT:  # false for NaN
            raise UserError(
                f"--timeout must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds; received "
                f"{self.timeout:g}."
            )
        if self.version is not None and not 0 <= self.version <= LARGEST_VERSION:
            raise UserError(
                f"--version must be a number from 0 to 2^63 - 1; received {self.version}."
            )
        if not self.model:
            raise UserError("--model is empty; give the name of the served model.")

    @property
    def url(self) -> str:
        """Where REST requests for predictions go."""
        part = "" if self.version is None else f"/versions/{self.version}"
        name = urllib.parse.quote(self.model, safe="")
        return f"http{'s' * self.tls}://{self.address}/v1/models/{name}{part}:predict"


def address(text: str, protocol: str, tls: bool) -> tuple[str, bool]:
    """HOST:PORT and whether to use TLS.

    Args:
      text: The flag --server: HOST:PORT, or for REST a URL with `http://` or `https://`; '' is this
        machine.
      protocol: `rest` or `grpc`.
      tls: The flag --tls.

    Raises:
      UserError: It is neither.
    """
    port, rest = PORTS[protocol], text
    if text.startswith(("http://", "https://")):
        scheme, rest = text.rstrip("/").split("://", 1)
        if protocol == "grpc":
            raise UserError(
                f"--server={text} is a URL, but gRPC takes HOST:PORT; give --server={rest}"
                f"{' --tls' if scheme == 'https' else ''}, or --protocol=rest."
            )
        if scheme == "http" and tls:
            raise UserError(f"--server={text} is not encrypted, but --tls is; use https://.")
        tls = tls or scheme == "https"
        port = HTTPS_PORT if scheme == "https" else port
    host, colon, number = rest.rpartition(":")
    if not colon or rest.endswith("]"):  # the colons of [::1] are no port's
        host, number = rest or "localhost", str(port)
    if (
        not HOST.fullmatch(host)
        or len(host) > LONGEST_HOST
        or not re.fullmatch("[0-9]{1,10}", number)
    ):
        raise UserError(
            f"--server={text} must be HOST:PORT, such as localhost:{PORTS[protocol]}"
            f"{', or a URL such as https://example.org' if protocol == 'rest' else ''}."
        )
    if not 0 < int(number) < 2**16:
        raise UserError(f"--server={text} has a port outside 1 to 65535.")
    return f"{host}:{int(number)}", tls


def authority(path: str) -> bytes | None:
    """The content of the flag --ca_certificate; None for ''.

    Raises:
      UserError: It cannot be read or has no certificates in PEM format.
    """
    if not path:
        return None
    try:
        content = content_of(user_path(path, "--ca_certificate"))
        if b"BEGIN CERTIFICATE" not in content:
            raise ValueError("it has no certificate")
        ssl.create_default_context(cadata=content.decode("ascii"))
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--ca_certificate={path} cannot be read ({reason}); name a file of PEM certificates."
        ) from None
    return content
