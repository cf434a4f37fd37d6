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
from PIL import Image

from export import manifest
from export.manifest import ServingManifest
from tunit_tf import standard_streams
from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference import video
from tunit_tf.inference.animation import SUFFIXES, Animation, is_animated
from tunit_tf.inference.redrawing import Redrawing, Subject
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.output_folder import OutputFolder

COMMAND = "export.beam"
DEAD = "dead"  # tag of pictures that could not be translated
COUNTS = ("translated", "skipped", "failed", "unchanged")


class Look(NamedTuple):
    """What pictures are translated into: the style of a picture, or the average of a domain."""

    reference: str = ""  # path of a picture
    domain: int = -1


class MaskFolder(NamedTuple):
    """The masks of the pictures in a folder of any file system.

    Attributes:
      mask: Folder that has `a/cat.png` for the picture `a/cat.jpg`; or `alpha`, for the alpha
        channels of the pictures.
      folder: Folder that results are relative to, with a slash at its end.
    """

    mask: str
    folder: str

    def of(self, path: str, picture: Image.Image) -> Image.Image:
        """The mask of an upright picture of a file, gray, white where it is redrawn.

        Raises:
          UserError: There is none, it cannot be read, or it has another aspect ratio.
        """
        if self.mask == picture_files.ALPHA:
            return picture_files.alpha_of(picture)
        stem = path[len(self.folder) :].rpartition(".")[0]
        place = FileSystems.join(self.mask, stem + picture_files.MASK_SUFFIX)
        if not FileSystems.exists(place):
            raise UserError(f"it has no mask {place}")
        return picture_files.mask_of(read(place), picture.size, place)


class Order(NamedTuple):
    """What becomes of the pictures.

    Attributes:
      model: Folder of one version of a SavedModel.
      look: What they are translated into.
      folder: Folder that results are relative to, with a slash at its end.
      output: Folder of the results.
      batch_size: Pictures or frames computed at once.
      request: How they are redrawn.
      masks: What of them is redrawn; None is everything.
    """

    model: str
    look: Look
    folder: str
    output: str
    batch_size: int
    request: photographs.Request
    masks: MaskFolder | None = None

    def result_of(self, path: str, suffix: str = ".png") -> str:
        """Where the translation of a picture goes."""
        return FileSystems.join(self.output, picture_files.result_name(path, self.folder, suffix))


def pipeline(root: beam.Pipeline, pattern: str, order: Order) -> None:
    """Translates every picture that a file pattern matches and that has no result yet.

    Results are `RELATIVE/PATH.EXT.png`, those of animations `.gif`, `.webp` or `.png` as these are.
    What fails becomes lines of `dead-letters-TIME-*.jsonl`.

    Args:
      root: Beam pipeline to fill.
      pattern: As Beam knows it (`gs://...` too).
      order: What becomes of them.
    """
    named = (*picture_files.EXTENSIONS, *video.CODECS)
    inner = picture_files.results_among(order.folder, order.output)
    done = (
        root
        | "match"
        >> fileio.MatchFiles(pattern, empty_match_treatment=fileio.EmptyMatchTreatment.ALLOW)
        | "path" >> beam.Map(lambda found: found.path)
        | "pictures" >> beam.Filter(picture_files.is_picture, named)
        | "sources" >> beam.Filter(lambda path: not (inner and path.startswith(inner)))
        | "spread" >> beam.Reshuffle()
        | "new" >> beam.ParDo(NotYetThere(order))
        | "batch" >> beam.BatchElements(order.batch_size, order.batch_size)
        | "translate" >> beam.ParDo(Translate(order)).with_outputs(DEAD)
    )
    prefix = FileSystems.join(order.output, f"dead-letters-{time.strftime('%Y%m%d-%H%M%S')}")
    _ = (
        done[DEAD]
        | "letter" >> beam.Map(json.dumps)
        | "letters" >> beam.io.WriteToText(prefix, ".jsonl", skip_if_empty=True)
    )


class NotYetThere(beam.DoFn):
    """Passes on the pictures that have no result.

    Args:
      order: What becomes of them.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._skipped = Metrics.counter("tunit", "skipped")

    def process(self, path: str) -> Iterator[str]:
        """Yields the path, or counts it as skipped."""
        own = pathlib.PurePath(path).suffix.lower()
        possible = {".png", own} & {*SUFFIXES.values()}  # an animation keeps its kind
        if any(FileSystems.exists(self._order.result_of(path, suffix)) for suffix in possible):
            self._skipped.inc()
        else:
            yield path


class Translate(beam.DoFn):
    """Reads, translates and writes batches of pictures; what fails goes to `DEAD` with its reason.

    The model is loaded once per process, whatever its number of threads.

    Args:
      order: What becomes of them.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._shared = Shared()
        self._counters = {name: Metrics.counter("tunit", name) for name in COUNTS}

    def setup(self) -> None:
        """Loads the model, once per process."""
        order = self._order
        self._loaded = self._shared.acquire(lambda: Model(order.model, order.look))

    def process(self, paths: list[str]) -> Iterator:
        """Writes the results of a batch and yields what failed, tagged `DEAD`."""
        batch = _Batch(self._order, self._loaded, paths)
        batch.write()
        for name, count in batch.counts().items():
            self._counters[name].inc(count)
        for path, reason in batch.failed.items():
            yield beam.pvalue.TaggedOutput(DEAD, {"path": path, "reason": reason})


class _Batch:
    """Pictures that are redrawn together.

    Args:
      order: What becomes of them.
      model: Draws squares.
      paths: Their files.

    Attributes:
      failed: Why pictures were not redrawn, by path.
    """

    def __init__(self, order: Order, model: "Model", paths: list[str]) -> None:
        self._order, self._model = order, model
        self._named = {pathlib.Path(path): path for path in paths}  # pathlib drops a / of gs://
        self._redrawing = Redrawing(
            order.request, model.size, model.resize, order.batch_size, self if order.masks else None
        )
        self._moving: list[pathlib.Path] = []
        self._written = 0
        self.failed: dict[str, str] = {}

    def of(self, path: pathlib.Path, picture: Image.Image) -> Image.Image:
        """The mask of a picture; see `redrawing.Masks`."""
        assert self._order.masks is not None
        return self._order.masks.of(self._named[path], picture)

    def write(self) -> None:
        """Writes the results."""
        for held in self._redrawing.together(self._still_subjects()):
            results = self._redrawing.results(held, self._model.translate, in_place=True)
            for subject, result in zip(held, results, strict=True):
                self._put(subject.path, ".png", photographs.encoded(result, ".png"))
        for path in self._moving:
            with self._noting(path):
                animation = Animation(read(self._named[path]))
                frames = self._redrawing.frames(path, animation.frames(), self._model.translate)
                content = animation.encoded(frames)
            if self._named[path] not in self.failed:
                self._put(path, animation.suffix, content)

    def counts(self) -> dict[str, int]:
        """How many pictures were translated, failed, or have masks that are all black."""
        unchanged = [x for x in self._redrawing.unchanged if self._named[x] not in self.failed]
        return {
            "translated": self._written, "failed": len(self.failed), "unchanged": len(unchanged)
        }  # fmt: skip

    def _still_subjects(self) -> Iterator[Subject]:
        """Pictures that can be read; notes what is animated."""
        for path, name in self._named.items():
            subject = None
            with self._noting(path):
                if video.is_video(path):
                    raise UserError("it is a video; redraw it with tunit_tf.translate")
                content = read(name)
                if is_animated(path, content):
                    self._moving.append(path)
                else:
                    subject = self._redrawing.subject(path, photographs.open_upright(content))
            if subject:
                yield subject

    @contextlib.contextmanager
    def _noting(self, path: pathlib.Path) -> Iterator[None]:
        """Notes a picture that its block cannot read."""
        try:
            yield
        # Pillow's decoders and Beam's file systems raise many kinds of errors.
        except Exception as error:
            self.failed[self._named[path]] = picture_files.reason_of(error)

    def _put(self, path: pathlib.Path, suffix: str, content: bytes) -> None:
        write(self._order.result_of(self._named[path], suffix), content)
        self._written += 1


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
      UserError: It is a file, has other content than results, or cannot be made.
    """
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


def check_masks(mask: str, folder: str) -> MaskFolder | None:
    """The masks that a flag names, None if it is empty.

    Args:
      mask: `alpha`, or a folder of any file system.
      folder: Folder of the sources, with a slash at its end.

    Raises:
      UserError: The folder has no files, or is in that of the sources.
    """
    if mask in ("", picture_files.ALPHA):
        return MaskFolder(mask, folder) if mask else None
    place, pattern = picture_files.split_pattern(mask)
    if place.startswith(folder):
        raise UserError(
            f"--mask={mask} is in the folder of --source, so that masks would count as sources; "
            "move them to a folder of their own."
        )
    if not FileSystems.match([pattern], limits=[1])[0].metadata_list:
        raise UserError(
            f"--mask={mask} is no folder with files; name one with a PNG file per source under the "
            "source's name, or alpha."
        )
    return MaskFolder(place, folder)


def counted(result: Any) -> str:
    """The counts of a finished pipeline, as a phrase."""
    counts = dict.fromkeys(COUNTS, 0)
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.name in counts:
            counts[counter.key.metric.name] += counter.result
    black = f", {counts['unchanged']} have masks that are all black" if counts["unchanged"] else ""
    return (
        f"{counts['translated']} translated{black}, {counts['skipped']} were there already, "
        f"{counts['failed']} could not be read"
    )
