"""Translates files: the looks a user asks for, applied to every source, as files or one picture."""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tqdm

from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import picture_files, pixels

MAX_GRID_CELLS = 2500
FRAME_SECONDS = 0.08


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and how; the fields are the flags of `translate.py`.

    Exactly one of `reference` and `domain` names the looks.
    """

    source: str
    output: str
    reference: str = ""
    average_references: bool = False
    domain: int | None = None
    data: str = ""
    sample: int = 0
    interpolate: bool = False
    frames: int = 16
    animation: str = "gif"
    grid: bool = False
    strength: float = 1.0
    format: str = "png"
    overwrite: bool = False
    batch_size: int = 32
    seed: int = 0
    progress: bool = True

    def __post_init__(self):
        def require(ok: bool, message: str) -> None:
            if not ok:
                raise UserError(message)

        require(bool(self.source), "Say what to translate with --source=FILE_OR_FOLDER.")
        require(
            bool(self.reference) != (self.domain is not None),
            "Name the look with either --reference=FILE_OR_FOLDER or --domain=NUMBER.",
        )
        require(0 <= self.strength <= 1, f"--strength must be in [0, 1]; received {self.strength}.")
        require(self.sample >= 0, f"--sample must be at least 1; received {self.sample}.")
        require(
            not self.sample or self.domain is not None,
            "--sample draws looks of a domain; give --domain=NUMBER with it.",
        )
        require(
            bool(self.reference) or not (self.average_references or self.interpolate),
            "--average_references and --interpolate need --reference=FILE_OR_FOLDER.",
        )
        require(
            self.average_references + self.interpolate + self.grid <= 1,
            "Give only one of --average_references, --interpolate and --grid.",
        )
        require(self.frames >= 2, f"--frames must be at least 2; received {self.frames}.")
        require(
            self.batch_size >= 1, f"--batch_size must be at least 1; received {self.batch_size}."
        )


class Look(NamedTuple):
    """A style to redraw in. `heading` is its reference `(S, S, 3)` uint8, if there is one."""

    name: str
    style: np.ndarray
    heading: np.ndarray | None = None


class Result(NamedTuple):
    """What came of a request: files written, and unreadable pictures with reasons."""

    written: int
    bad: dict[pathlib.Path, str]


def run(trained: TrainedRun, request: Request) -> Result:
    """Carries a request out.

    Raises:
      UserError: Inputs are missing or unreadable, outputs are in the way.
    """
    translator = trained.translator
    sources = picture_files.find(request.source, "source")
    reader = picture_files.Reader(translator.image_size, translator.resize)
    writer = picture_files.Writer(request.output, request.overwrite)
    looks = looks_of(trained, reader, request)
    if request.grid:
        _write_grid(translator, reader, writer, sources, looks, request)
    else:
        _write_each(translator, reader, writer, sources, looks, request)
    return Result(writer.written, reader.bad)


def looks_of(trained: TrainedRun, reader: picture_files.Reader, request: Request) -> list[Look]:
    """The looks a request names, at least one."""
    translator = trained.translator
    if request.domain is not None:
        known = domain_styles.load_or_measure(trained, request.data)
        if not request.sample:
            style = translator.as_styles(known.mean(request.domain))
            return [Look(f"domain_{request.domain}", style)]
        samples = known.sample(request.domain, request.sample, request.seed)
        return [
            Look(f"domain_{request.domain}_sample_{i:03d}", style)
            for i, style in enumerate(translator.as_styles(samples))
        ]

    paths = picture_files.find(request.reference, "reference")
    stems = picture_files.output_stems(paths, pathlib.Path(request.reference).expanduser())
    looks = []
    for pictures in reader.batches(paths, request.batch_size):
        squares = np.stack([picture.square for picture in pictures])
        for picture, style in zip(pictures, translator.style(squares), strict=True):
            heading = picture.square if request.grid else None
            looks.append(Look(stems[picture.path].replace("/", "_"), style, heading))
    reader.require(looks, "reference")
    styles = np.stack([look.style for look in looks])
    if request.average_references:
        return [Look("average", translator.as_styles(styles.mean(0)))]
    if request.interpolate:
        if len(looks) != 2:
            raise UserError(
                f"--interpolate goes from one reference to another; --reference={request.reference}"
                f" has {len(looks)}, give a folder of two."
            )
        share = np.linspace(0, 1, request.frames, dtype=np.float32)[:, None]
        between = translator.as_styles((1 - share) * styles[0] + share * styles[1])
        return [Look(f"frame_{i:03d}", style) for i, style in enumerate(between)]
    return looks


def _write_each(
    translator: Translator,
    reader: picture_files.Reader,
    writer: picture_files.Writer,
    sources: list[pathlib.Path],
    looks: list[Look],
    request: Request,
) -> None:
    """One file for every source and look; frames also as an animation."""
    stems = picture_files.output_stems(sources, pathlib.Path(request.source).expanduser())
    suffix = {"png": ".png", "jpeg": ".jpg"}[request.format]

    def name(source: pathlib.Path, look: Look) -> str:
        if request.interpolate:
            return f"{stems[source]}/{look.name}{suffix}"
        return f"{look.name}/{stems[source]}{suffix}" if len(looks) > 1 else stems[source] + suffix

    def animation_name(source: pathlib.Path) -> str:
        return f"{stems[source]}.{request.animation}"

    names = [name(source, look) for source in sources for look in looks]
    if request.interpolate:
        names += [animation_name(source) for source in sources]
    writer.check(names)
    with tqdm.tqdm(
        total=len(sources), unit="image", disable=None if request.progress else True
    ) as bar:
        for pictures in reader.batches(sources, request.batch_size):
            redrawn = [[] for _ in pictures]
            for look, squares in _redraw(translator, pictures, looks, request.strength):
                for picture, square, frames in zip(pictures, squares, redrawn, strict=True):
                    left, top, right, bottom = picture.box
                    square = square[top:bottom, left:right]
                    writer.write(name(picture.path, look), pixels.encode(square, suffix))
                    if request.interpolate:
                        frames.append(square)
            if request.interpolate:
                for picture, frames in zip(pictures, redrawn, strict=True):
                    content = pixels.encode_animation(
                        [*frames, *frames[-2:0:-1]], f".{request.animation}", FRAME_SECONDS
                    )
                    writer.write(animation_name(picture.path), content)
            bar.update(len(pictures))
    reader.require(writer.written, "source")


def _write_grid(
    translator: Translator,
    reader: picture_files.Reader,
    writer: picture_files.Writer,
    sources: list[pathlib.Path],
    looks: list[Look],
    request: Request,
) -> None:
    """All sources (left) in all looks (top) as one picture, `grid.png` or `grid.jpg`."""
    if len(sources) * len(looks) > MAX_GRID_CELLS:
        raise UserError(
            f"A grid of {len(sources)} sources and {len(looks)} looks is too large to look at; "
            f"stay below {MAX_GRID_CELLS} cells, or leave --grid out."
        )
    name = "grid.png" if request.format == "png" else "grid.jpg"
    writer.check([name])
    pictures = list(itertools.chain.from_iterable(reader.batches(sources, request.batch_size)))
    reader.require(pictures, "source")
    columns = [cells for _, cells in _redraw(translator, pictures, looks, request.strength)]
    rows = [[None, *(look.heading for look in looks)]] if looks[0].heading is not None else []
    rows += [
        [picture.square, *(cells[i] for cells in columns)] for i, picture in enumerate(pictures)
    ]
    grid = pixels.grid(rows, zoom=pixels.legible_zoom(translator.image_size))
    writer.write(name, pixels.encode(grid, pathlib.Path(name).suffix))


def _redraw(
    translator: Translator,
    pictures: list[picture_files.Picture],
    looks: list[Look],
    strength: float,
) -> Iterator[tuple[Look, np.ndarray]]:
    """Yields every look with all pictures in it, uint8 `(n, S, S, 3)`.

    `strength` mixes the style codes of the pictures (0) and of the look (1).
    """
    squares = np.stack([picture.square for picture in pictures])
    own = translator.style(squares) if strength < 1 else 0.0
    for look in looks:
        style = look.style
        if strength < 1:
            style = translator.as_styles((1 - strength) * own + strength * look.style)
        yield look, translator.generate(squares, style)
