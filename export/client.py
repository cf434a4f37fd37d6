"""Translates pictures through TF Serving, by REST or gRPC.

`python -m export.client --source=PICTURES --reference=PICTURE --output=translated`

A picture that cannot be read is skipped and named. After an interruption, the same command with
`--resume` translates the pictures whose results are missing.
"""

import sys

import tqdm
from absl import flags

from export.serving import clients, file_translation, server
from export.serving.file_translation import Request
from export.serving.server import Server
from tunit_tf import cli, path_flags
from tunit_tf import config as config_lib

PROTOCOL = flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "Protocol of the requests.")
SERVER = flags.DEFINE_string(
    "server",
    "",
    "HOST:PORT, or for REST http(s)://HOST[:PORT]; '' is localhost:8501 (REST) or :8500.",
)
TLS = flags.DEFINE_boolean("tls", False, "Encrypt the connection; implied by https://.")
CA_CERTIFICATE = path_flags.define(
    "ca_certificate", "", "PEM file of the authority that signed the server's certificate, for TLS."
)
MODEL = flags.DEFINE_string("model", Server.model, "Name of the model.")
VERSION = flags.DEFINE_integer("version", None, "Version of the model; the newest if not given.")
TIMEOUT = flags.DEFINE_float("timeout", Server.timeout, "Longest wait for an answer, in seconds.")


def main() -> None:
    """Sends the pictures and writes the results."""
    request = config_lib.from_flags(Request)
    address, tls = server.address(SERVER.value, PROTOCOL.value, TLS.value)
    target = Server(
        address=address,
        model=MODEL.value,
        version=VERSION.value,
        timeout=TIMEOUT.value,
        tls=tls,
        authority=server.authority(CA_CERTIFICATE.value),
    )
    result = file_translation.run(
        clients.connect(PROTOCOL.value, target),
        request,
        report=lambda sentence: tqdm.tqdm.write(sentence, file=sys.stderr),
    )
    kept = f", kept {result.kept} that existed" if result.kept else ""
    bad = f", skipped {result.skipped} that cannot be translated" if result.skipped else ""
    print(f"Wrote {result.written} files to {request.output}{kept}{bad}.")


def command() -> None:
    """Entry point of the command line."""
    config_lib.define_flags(Request)
    cli.run(main)


if __name__ == "__main__":
    command()
