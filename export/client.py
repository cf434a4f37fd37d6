"""Translates pictures through TF Serving, by REST or gRPC.

`python -m export.client --source=PICTURES --reference=PICTURE --output=translated`
"""

import pathlib
import sys

import tqdm
from absl import flags

from export.serving import clients
from tunit_tf import cli
from tunit_tf.errors import UserError
from tunit_tf.io import picture_files

PROTOCOL = flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "How to ask.")
SERVER = flags.DEFINE_string("server", "", "HOST:PORT; '' is localhost:8501 (REST) or :8500.")
MODEL = flags.DEFINE_string("model", "tunit", "Name of the model.")
VERSION = flags.DEFINE_integer("version", None, "Version of the model; none takes the newest.")
SOURCE = flags.DEFINE_string("source", "", "Image or folder of images to redraw.")
REFERENCE = flags.DEFINE_string("reference", "", "Image whose look is taken.")
OUTPUT = flags.DEFINE_string("output", "translated", "Folder for the results.")
OVERWRITE = flags.DEFINE_boolean("overwrite", False, "Replace results that exist.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 4, "Images in one request.")
TIMEOUT = flags.DEFINE_float("timeout", 30.0, "Seconds to wait for an answer.")
RETRIES = flags.DEFINE_integer("retries", 3, "Further tries when the server is not reached.")
PROGRESS = flags.DEFINE_boolean("progress", True, "Show a progress bar.")


def main() -> None:
    if not SOURCE.value or not REFERENCE.value:
        raise UserError("Say what to translate with --source=PICTURES and --reference=PICTURE.")
    for flag, least in ((BATCH_SIZE, 1), (RETRIES, 0)):
        if flag.value < least:
            raise UserError(f"--{flag.name} must be at least {least}; received {flag.value}.")
    sources = picture_files.find(SOURCE.value, "source")
    reference = picture_files.find(REFERENCE.value, "reference")
    if len(reference) != 1:
        raise UserError(f"--reference={REFERENCE.value} must be one image; has {len(reference)}.")
    look = clients.upright(reference[0])
    client_class, port = {"rest": (clients.RestClient, 8501), "grpc": (clients.GrpcClient, 8500)}[
        PROTOCOL.value
    ]
    server = SERVER.value or f"localhost:{port}"
    client = client_class(server, MODEL.value, VERSION.value, TIMEOUT.value)
    writer = picture_files.Writer(OUTPUT.value, OVERWRITE.value)
    stems = picture_files.output_stems(sources, pathlib.Path(SOURCE.value).expanduser())
    writer.check([f"{stem}.png" for stem in stems.values()])

    skipped = 0
    for start in tqdm.tqdm(
        range(0, len(sources), BATCH_SIZE.value), unit="request", disable=not PROGRESS.value or None
    ):
        read = {}
        for path in sources[start : start + BATCH_SIZE.value]:
            try:
                read[path] = clients.upright(path)
            except UserError as error:
                skipped += 1
                print(f"skipped: {error}", file=sys.stderr)
        if not read:
            continue
        pictures = list(read.values())
        try:
            drawn = clients.with_retries(
                lambda pictures=pictures: client.translate(pictures, [look] * len(pictures)),
                RETRIES.value,
            )
        except clients.ServerError as error:
            raise UserError(
                f"The server did not translate {next(iter(read))} ...: {error}"
            ) from None
        for path, content in zip(read, drawn, strict=True):
            writer.write(f"{stems[path]}.png", content)
    bad = f", skipped {skipped} that cannot be read" if skipped else ""
    print(f"Wrote {writer.written} files to {OUTPUT.value}{bad}.")


if __name__ == "__main__":
    cli.run(main)
