"""Translates pictures through TF Serving, by REST or gRPC.

`python -m export.client --source=PICTURES --reference=PICTURE --output=translated`

A picture that cannot be read is skipped and named. After an interruption, the same command with
`--resume` translates the pictures whose results are missing.
"""

import sys

from absl import flags

from tunit_tf import cli

PROTOCOL = flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "Protocol of the requests.")
SERVER = flags.DEFINE_string(
    "server",
    "",
    "HOST:PORT, or for REST http(s)://HOST[:PORT]; '' is localhost:8501 (REST) or :8500.",
)
TLS = flags.DEFINE_boolean("tls", False, "Encrypt the connection; implied by https://.")
CA_CERTIFICATE = flags.DEFINE_string(
    "ca_certificate", "", "PEM file of the authority that signed the server's certificate, for TLS."
)
MODEL = flags.DEFINE_string("model", "tunit", "Name of the model.")
VERSION = flags.DEFINE_integer("version", None, "Version of the model; the newest if not given.")
SOURCE = flags.DEFINE_string("source", "", "Image or folder of images to redraw.")
REFERENCE = flags.DEFINE_string("reference", "", "Image whose look is taken.")
OUTPUT = flags.DEFINE_string("output", "translated", "Folder for the results.")
OVERWRITE = flags.DEFINE_boolean("overwrite", False, "Replace results that exist.")
RESUME = flags.DEFINE_boolean("resume", False, "Keep results that exist, translate the others.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 4, "Images per request.")
TIMEOUT = flags.DEFINE_float("timeout", 30.0, "Longest wait for an answer, in seconds.")
RETRIES = flags.DEFINE_integer("retries", 3, "Further attempts when the server is not reached.")
PROGRESS = flags.DEFINE_boolean("progress", True, "Show a progress bar.")


def main() -> None:
    """Sends the pictures and writes the results."""
    import tqdm  # imported here, as below, so that --help is fast

    from export.serving import connection, file_translation, server

    request = file_translation.Request(
        source=SOURCE.value,
        reference=REFERENCE.value,
        output=OUTPUT.value,
        overwrite=OVERWRITE.value,
        resume=RESUME.value,
        batch_size=BATCH_SIZE.value,
        retries=RETRIES.value,
        progress=PROGRESS.value,
    )
    address, tls = server.address(SERVER.value, PROTOCOL.value, TLS.value)
    target = server.Server(
        address=address,
        model=MODEL.value,
        version=VERSION.value,
        timeout=TIMEOUT.value,
        tls=tls,
        authority=server.authority(CA_CERTIFICATE.value),
    )
    result = file_translation.run(
        connection.connect(PROTOCOL.value, target),
        request,
        report=lambda sentence: tqdm.tqdm.write(sentence, file=sys.stderr),
    )
    kept = f", kept {result.kept} that existed" if result.kept else ""
    bad = f", skipped {result.skipped} that cannot be translated" if result.skipped else ""
    print(f"Wrote {result.written} files to {OUTPUT.value}{kept}{bad}.")


def command() -> None:
    """Entry point of the command line."""
    cli.run(main)


if __name__ == "__main__":
    command()
