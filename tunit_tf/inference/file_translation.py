"""Translates files: the looks a user asks for, applied to every source, as files or one picture."""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tqdm

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import domain_styles
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.picture_files import ALPHA, MaskFiles

if TYPE_CHECKING:  # a command line reads `Request` before it waits for TensorFlow
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.inference.translator import Translator

MAX_GRID_CELLS = 2500
FRAME_SECONDS = 0.08


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and how; every field is a flag of `translate.py`.

    Exactly one of `reference` and `domain` names the looks.
    """

    source: str = setting("", "Image or folder of images to translate.")
    reference: str = setting("", "Image or folder of images, one look each.")
    average_references: bool = setting(False, "Use the mean style of all references.")
    domain: int | None = setting(None, "Use the average style of this pseudo-domain.")
    data: str = setting(
        "", "With --domain: images to measure the domains on; '' takes the run's own."
    )
    sample: int = setting(
        0,
        "With --domain: draw this many new looks from its Gaussian instead.",
        bounds=Bounds(0, 10_000),
    )
    interpolate: bool = setting(
        False, "Go from one of two references to the other, as frames and animation."
    )
    frames: int = setting(16, "Frames from one reference to the other.", bounds=Bounds(2, 10_000))
    animation: str = setting("gif", "File format of the animation.", choices=("gif", "webp"))
    grid: bool = setting(False, "Write one picture, sources x looks.")
    strength: float = setting(
        1.0, "Between 0, the source's own style, and 1, the reference's.", bounds=Bounds(0, 1)
    )
    mask: str = setting(
        "",
        "Redraw only what masks mark: a folder with a PNG file per source under the source's name, "
        "white where it is redrawn; or alpha, the alpha channel of the sources.",
    )
    mask_feather: int = setting(
        -1,
        "With --mask: pixels of the result, inside of a mask's edge, over which it is mixed with "
        "the source; 0 is a hard edge, -1 a 32nd of the side.",
        bounds=Bounds(-1, 512),
    )
    output: str = setting("translated", "Folder for the results, made if missing.")
    format: str = setting("png", "File format of the results.", choices=("png", "jpeg"))
    overwrite: bool = setting(False, "Replace results that exist.")
    batch_size: int = setting(32, "Images computed at once.", bounds=Bounds(1, 4096))
    seed: int = setting(0, "Seed of the looks that --sample draws.", bounds=Bounds(0, 2**63 - 1))
    progress: bool = setting(True, "Show a progress bar.")

    def __post_init__(self) -> None:
        def require(ok: bool, message: str) -> None:
            if not ok:
                raise UserError(message)

        require(bool(self.source), "Say what to translate with --source=FILE_OR_FOLDER.")
        require(
            bool(self.reference) != (self.domain is not None),
            "Name the look with either --reference=FILE_OR_FOLDER or --domain=NUMBER.",
        )
        check_bounds(self)
        require(
            not self.sample or self.domain is not None,
            "--sample draws looks of a domain; give --domain=NUMBER with it.",
        )
        require(
            bool(self.mask) or self.mask_feather == -1,
            "--mask_feather softens the edges of masks; give --mask=FOLDER or --mask=alpha too.",
        )
        require(
            bool(self.reference) or not (self.average_references or self.interpolate),
            "--average_references and --interpolate need --reference=FILE_OR_FOLDER.",
        )
        require(
            self.average_references + self.interpolate + self.grid <= 1,
            "Give only one of --average_references, --interpolate and --grid.",
        )


class Look(NamedTuple):
    """A style to translate into.

    Attributes:
      name: Part of the names of the results.
      style: Style code `(style_dim,)`.
      heading: The reference, uint8 `(S, S, 3)`, if there is one and it is shown in a grid.
    """

    name: str
    style: np.ndarray
    heading: np.ndarray | None = None


class Result(NamedTuple):
    """The result of a request.

    Attributes:
      written: Number of files.
      bad: Reasons by path of the pictures that cannot be read.
      unchanged: Pictures whose masks are all black, so that nothing was redrawn.
    """

    written: int
    bad: dict[pathlib.Path, str]
    unchanged: list[pathlib.Path]


class Job(NamedTuple):
    """A request, with the objects that process it.

    Attributes:
      masks: MaskFiles of the sources; None redraws everything.
      unchanged: Receives the pictures whose masks are all black.
    """

    request: Request
    translator: "Translator"
    reader: picture_files.Reader
    writer: picture_files.Writer
    sources: list[pathlib.Path]
    inputs: list[pathlib.Path]  # sources and references, which no result may replace
    looks: list[Look]
    masks: MaskFiles | None
    unchanged: list[pathlib.Path]

    def batches(self) -> Iterator[list[picture_files.Picture]]:
        """The sources, with their masks."""
        for pictures in self.reader.batches(self.sources, self.request.batch_size, self.masks):
            self.unchanged.extend(
                picture.path
                for picture in pictures
                if picture.mask is not None and not picture.mask.any()
            )
            yield pictures


def run(trained: "TrainedRun", request: Request) -> Result:
    """Translates the files that a request names.

    Raises:
      UserError: Inputs are missing or unreadable, or output files exist already.
      KeyboardInterrupt: The user pressed Ctrl-C; the message counts the files that are written.
    """
    translator = trained.translator
    sources = picture_files.find(request.source, "source")
    inputs = [*sources]
    if request.reference:
        inputs += picture_files.find(request.reference, "reference")
    masks = MaskFiles(request.mask, request.source, sources) if request.mask else None
    writer = picture_files.Writer(request.output, request.overwrite)
    _check_output(writer.folder, request)
    reader = picture_files.Reader(translator.image_size, translator.resize)
    try:
        looks = looks_of(trained, reader, request)
        job = Job(request, translator, reader, writer, sources, inputs, looks, masks, [])
        if request.grid:
            _write_grid(job)
        else:
            _write_each(job)
    except KeyboardInterrupt:
        files = "1 file was" if writer.written == 1 else f"{writer.written} files were"
        raise KeyboardInterrupt(f"{files} written to {writer.folder}.") from None
    return Result(writer.written, reader.bad, job.unchanged)


def _check_output(output: pathlib.Path, request: Request) -> None:
    """Raises UserError if results would replace the pictures that they are made from."""
    if not request.overwrite:
        return
    masks = "" if request.mask == ALPHA else request.mask
    named = {"source": request.source, "reference": request.reference, "mask": masks}
    for flag, value in named.items():
        given = pathlib.Path(value).expanduser()
        folder = given.parent if given.is_file() else given
        if value and files.are_same(folder, output):
            raise UserError(
                f"--output={request.output} is the folder of --{flag}, whose pictures "
                "--overwrite would replace with results; name another folder."
            )


def looks_of(trained: "TrainedRun", reader: picture_files.Reader, request: Request) -> list[Look]:
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
    flat = picture_files.unique_names([stems[path].replace("/", "_") for path in paths])
    names = dict(zip(paths, flat, strict=True))
    looks = []
    for pictures in reader.batches(paths, request.batch_size):
        squares = np.stack([picture.square for picture in pictures])
        for picture, style in zip(pictures, translator.style(squares), strict=True):
            heading = picture.square if request.grid else None
            looks.append(Look(names[picture.path], style, heading))
    reader.require(looks, "reference")
    styles = np.stack([look.style for look in looks])
    if request.average_references:
        return [Look("average", translator.as_styles(styles.mean(0)))]
    if request.interpolate:
        if len(looks) != 2:
            raise UserError(
                f"--interpolate needs two references; --reference={request.reference} has "
                f"{len(looks)}. Give a folder with two."
            )
        share = np.linspace(0, 1, request.frames, dtype=np.float32)[:, None]
        between = translator.as_styles((1 - share) * styles[0] + share * styles[1])
        return [Look(f"frame_{i:03d}", style) for i, style in enumerate(between)]
    return looks


def _write_each(job: Job) -> None:
    """Writes one file for every source and look; frames also as an animation."""
    request, reader, writer = job.request, job.reader, job.writer
    stems = picture_files.output_stems(job.sources, pathlib.Path(request.source).expanduser())
    suffix = {"png": ".png", "jpeg": ".jpg"}[request.format]

    def name(source: pathlib.Path, look: Look) -> str:
        if request.interpolate:
            return f"{stems[source]}/{look.name}{suffix}"
        if len(job.looks) > 1:
            return f"{look.name}/{stems[source]}{suffix}"
        return stems[source] + suffix

    def animation_name(source: pathlib.Path) -> str:
        return f"{stems[source]}.{request.animation}"

    names = [name(source, look) for source in job.sources for look in job.looks]
    if request.interpolate:
        names += [animation_name(source) for source in job.sources]
    writer.check(names, job.inputs)
    hidden = None if request.progress else True  # None: hidden where stderr is no terminal
    with tqdm.tqdm(total=len(job.sources), unit="image", disable=hidden) as bar:
        for pictures in job.batches():
            frames: list[list[np.ndarray]] = [[] for _ in pictures]
            for look, squares in _translations(job, pictures):
                for picture, square, shown in zip(pictures, squares, frames, strict=True):
                    left, top, right, bottom = picture.box
                    square = square[top:bottom, left:right]
                    writer.write(name(picture.path, look), pixels.encode(square, suffix))
                    if request.interpolate:
                        shown.append(square)
            if request.interpolate:
                for picture, shown in zip(pictures, frames, strict=True):
                    content = pixels.encode_animation(
                        [*shown, *shown[-2:0:-1]], f".{request.animation}", FRAME_SECONDS
                    )
                    writer.write(animation_name(picture.path), content)
            bar.update(len(pictures))
    reader.require(writer.written, "source")


def _write_grid(job: Job) -> None:
    """Writes all sources (left) in all looks (top) as one picture, `grid.png` or `grid.jpg`."""
    request, looks = job.request, job.looks
    if len(job.sources) * len(looks) > MAX_GRID_CELLS:
        raise UserError(
            f"A grid of {len(job.sources)} sources and {len(looks)} looks is too large to look at; "
            f"stay below {MAX_GRID_CELLS} cells, or leave --grid out."
        )
    name = "grid.png" if request.format == "png" else "grid.jpg"
    job.writer.check([name], job.inputs)
    pictures = list(itertools.chain.from_iterable(job.batches()))
    job.reader.require(pictures, "source")
    columns = [cells for _, cells in _translations(job, pictures)]
    rows: list[list[np.ndarray | None]] = []
    if looks[0].heading is not None:
        rows.append([None, *(look.heading for look in looks)])
    rows += [
        [picture.square, *(cells[i] for cells in columns)] for i, picture in enumerate(pictures)
    ]
    grid = pixels.grid(rows, zoom=pixels.legible_zoom(job.translator.image_size))
    job.writer.write(name, pixels.encode(grid, pathlib.Path(name).suffix))


def _translations(
    job: Job, pictures: list[picture_files.Picture]
) -> Iterator[tuple[Look, np.ndarray]]:
    """Yields every look with all pictures translated into it, uint8 `(n, S, S, 3)`.

    `strength` mixes the style codes of the pictures (0) and of the look (1).
    """
    translator, strength = job.translator, job.request.strength
    squares = np.stack([picture.square for picture in pictures])
    masks = [picture.mask for picture in pictures if picture.mask is not None]
    feather = None if job.request.mask_feather < 0 else job.request.mask_feather
    own = translator.style(squares) if strength < 1 else None
    for look in job.looks:
        style = look.style
        if own is not None:
            style = translator.as_styles((1 - strength) * own + strength * look.style)
        yield look, translator.generate(squares, style, np.stack(masks) if masks else None, feather)
