"""The client for a protocol; modules of the other one are not imported."""

from collections.abc import Sequence
from typing import Protocol

from export.serving.server import Server


class Client(Protocol):
    """A client of a served model."""

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """As `RestClient.translate`."""


def connect(protocol: str, server: Server) -> Client:
    """A client; nothing is sent yet.

    Args:
      protocol: `rest` or `grpc`.
      server: The served model.

    Raises:
      UserError: The protocol needs a package that is not installed.
    """
    if protocol == "grpc":
        from export.serving.grpc_client import GrpcClient

        return GrpcClient(server)
    from export.serving.rest_client import RestClient

    return RestClient(server)
