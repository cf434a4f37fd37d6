"""Translates any number of pictures on a Beam runner, with an exported SavedModel.

Nothing here imports a training module: workers need TensorFlow, Pillow, pydantic, this package and
the model.
"""

import argparse
import contextlib
import io
import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.io import fileio
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils.shared import Shared

from export import manifest
from export.manifest import ServingManifest
from tunit_tf import standard_streams
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.redrawing import Redrawing, Subject
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.output_folder import OutputFolder

COMMAND = "export.beam"
DEAD = "dead"  # tag of pictures that could not be translated


class Look(NamedTuple):
    """What pictures are translated into: the style of a picture, or the average of a domain."""

    reference: str = ""  # path of a picture
    domain: int = -1


def pipeline(
    root: beam.Pipeline,
    source: str,
    look: Look,
    model: str,
    output: str,
    batch_size: int,
    request: photographs.Request,
) -> None:
    """Translates every picture that `source` matches and is not translated yet.

    Args:
      root: Beam pipeline to fill.
      source: Folder, or a file pattern as Beam knows it (`gs://...` too).
      look: What to translate them into.
      model: Folder of one version of a SavedModel.
      output: Folder; results are `RELATIVE/PATH.EXT.png`, those that fail lines of
        `dead-letters-TIME-*.jsonl`.
      batch_size: Pictures computed at once.
      request: How they are redrawn.
    """
    folder, pattern = picture_files.split_pattern(source)
    done = (
        root
        | "match"
        >> fileio.MatchFiles(pattern, empty_match_treatment=fileio.EmptyMatchTreatment.ALLOW)
        | "path" >> beam.Map(lambda found: found.path)
        | "pictures" >> beam.Filter(picture_files.is_picture)
        | "spread" >> beam.Reshuffle()
        | "new" >> beam.ParDo(NotYetThere(folder, output))
        | "batch" >> beam.BatchElements(batch_size, batch_size)
        | "translate"
        >> beam.ParDo(Translate(model, look, folder, output, request)).with_outputs(DEAD)
    )
    prefix = FileSystems.join(output, f"dead-letters-{time.strftime('%Y%m%d-%H%M%S')}")
    _ = (
        done[DEAD]
        | "letter" >> beam.Map(json.dumps)
        | "letters" >> beam.io.WriteToText(prefix, ".jsonl", skip_if_empty=True)
    )


def result_of(path: str, folder: str, output: str) -> str:
    """Where the translation of a picture goes."""
    return FileSystems.join(output, picture_files.result_name(path, folder))


class NotYetThere(beam.DoFn):
    """Passes on the pictures that have no result.

    Args:
      folder: Folder that results are relative to.
      output: Folder of the results.
    """

    def __init__(self, folder: str, output: str) -> None:
        self._folder, self._output = folder, output
        self._skipped = Metrics.counter("tunit", "skipped")

    def process(self, path: str) -> Iterator[str]:
        """Yields the path, or counts it as skipped."""
        if FileSystems.exists(result_of(path, self._folder, self._output)):
            self._skipped.inc()
        else:
            yield path


class Translate(beam.DoFn):
    """Reads, translates and writes batches of pictures; what fails goes to `DEAD` with its reason.

    The model is loaded once per process, whatever its number of threads.

    Args:
      model: Folder of one version of a SavedModel.
      look: What to translate into.
      folder: Folder that results are relative to.
      output: Folder of the results.
      request: How they are redrawn.
    """

    def __init__(
        self, model: str, look: Look, folder: str, output: str, request: photographs.Request
    ) -> None:
        self._model, self._look, self._request = model, look, request
        self._folder, self._output = folder, output
        self._shared = Shared()
        self._translated = Metrics.counter("tunit", "translated")
        self._failed = Metrics.counter("tunit", "failed")

    def setup(self) -> None:
        """Loads the model, once per process."""
        self._loaded = self._shared.acquire(lambda: Model(self._model, self._look))

    def process(self, paths: list[str]) -> Iterator:
        """Writes the results of a batch and yields what failed, tagged `DEAD`."""
        loaded = self._loaded
        redrawing = Redrawing(self._request, loaded.size, loaded.resize, len(paths))
        named = {pathlib.Path(path): path for path in paths}  # pathlib drops a slash of gs://
        failed = {}

        def subjects() -> Iterator[Subject]:
            for place, path in named.items():
                try:
                    yield redrawing.subject(place, photographs.open_upright(read(path)))
                # Pillow's decoders raise many kinds of errors on broken files.
                except Exception as error:
                    failed[path] = f"{type(error).__name__}: {error}"

        for held in redrawing.together(subjects()):
            results = redrawing.results(held, loaded.translate, in_place=True)
            for subject, result in zip(held, results, strict=True):
                content = photographs.encoded(result, ".png")
                write(result_of(named[subject.path], self._folder, self._output), content)
                self._translated.inc()
        for path, reason in failed.items():
            self._failed.inc()
            yield beam.pvalue.TaggedOutput(DEAD, {"path": path, "reason": reason})


class Model:
    """A SavedModel and the style of a look.

    Args:
      folder: Folder of one version.
      look: See `Look`.

    Attributes:
      size: Side of its squares.
      resize: How pictures become squares.

    Raises:
      UserError: The domain has no average style.
    """

    def __init__(self, folder: str, look: Look) -> None:
        standard_streams.hide_absent_gpus()
        import tensorflow as tf  # here, so that submitting a pipeline does not wait for it

        described = read_manifest(folder)
        self.size, self.resize = described.image_size, described.resize
        self._functions = tf.saved_model.load(folder).signatures
        self._constant = tf.constant
        if look.reference:
            picture = pixels.open_rgb(read(look.reference))
            square = pixels.square(picture, self.size, self.resize)
            image = tf.constant(pixels.from_bytes(square[None]))
            self._style = self._functions["encode"](image)["style"].numpy()
        else:
            self._style = np.array([average_style(described, look.domain)], np.float32)

    def translate(self, squares: np.ndarray) -> np.ndarray:
        """Translations of squares, both uint8 `(N, S, S, 3)`."""
        style = np.repeat(self._style, len(squares), axis=0)
        inputs = {"image": pixels.from_bytes(squares), "style": style}
        tensors = {name: self._constant(value) for name, value in inputs.items()}
        return pixels.to_bytes(self._functions["generate"](**tensors)["translated"])


def read(path: str) -> io.BytesIO:
    """The content of a file."""
    with FileSystems.open(path) as file:
        return io.BytesIO(file.read())


def read_manifest(folder: str) -> ServingManifest:
    """The manifest of an exported SavedModel.

    Raises:
      UserError: There is none.
    """
    try:
        with FileSystems.open(FileSystems.join(folder, manifest.FILE_NAME)) as file:
            return manifest.parse(file.read(), ServingManifest)
    except OSError:
        raise UserError(
            f"--model={folder} is not a version that export.saved_model wrote; name one, like "
            "models/tunit/1."
        ) from None
    except UserError as error:
        raise UserError(f"--model={folder}: {error}") from None


def average_style(described: ServingManifest, domain: int) -> list[float]:
    """The average style of a domain. Raises UserError if it has none."""
    known = {k: entry.average_style for k, entry in enumerate(described.domains or [])}
    used = [k for k, style in known.items() if style]
    style = known.get(domain)
    if not style:
        raise UserError(f"--domain={domain} has no average style; those that have are {used}.")
    return style


def unknown_flags(flags: list[str]) -> list[str]:
    """The flags that no option of Beam or of its runners accepts; Beam itself ignores them."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)  # the hook with which every class declares its flags
    return parser.parse_known_args(flags)[1]


def check_reference(path: str) -> None:
    """Raises UserError if a reference cannot be read and decoded."""
    try:
        pixels.open_rgb(read(path))
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        raise UserError(f"--reference={path} is not a readable picture ({error}).") from None


def check_output(folder: str) -> None:
    """Makes the folder of the results; a local one is marked as any output folder.

    Raises:
      UserError: The name is empty or that of a file, the folder has other content than results, or
        cannot be made.
    """
    if not folder.strip():
        raise UserError("--output is empty; name a folder.")
    with files.writing(f"--output={folder}", "name another folder"):
        if "://" not in folder:
            output = OutputFolder(pathlib.Path(folder), COMMAND, "output")
            output.check()
            output.claim()
        elif not FileSystems.exists(folder):
            FileSystems.mkdirs(folder)


def write(path: str, content: bytes) -> None:
    """Writes a file under a temporary name, then renames it."""
    folder, _, name = path.rpartition("/")
    if folder and not FileSystems.exists(folder):
        with contextlib.suppress(OSError):  # another worker was faster
            FileSystems.mkdirs(folder)
    # A part of the name only, which may be as long as the file system permits.
    short = f".{name[:40]}.{time.time_ns()}.tmp"
    temporary = f"{folder}/{short}" if folder else short
    with FileSystems.create(temporary) as file:
        file.write(content)
    FileSystems.rename([temporary], [path])


def counted(result: Any) -> str:
    """The counts of a finished pipeline, as a phrase."""
    counts = {"translated": 0, "skipped": 0, "failed": 0}
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.name in counts:
            counts[counter.key.metric.name] += counter.result
    return (
        f"{counts['translated']} translated, {counts['skipped']} were there already, "
        f"{counts['failed']} could not be read"
    )
