"""Translates files: the looks a user asks for, applied to every source, as files or one picture."""

import concurrent.futures
import dataclasses
import itertools
import math
import os
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tqdm
from PIL import Image

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import domain_styles, masking
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.io import files, picture_files, pixels
from tunit_tf.io.picture_files import ALPHA, MaskFiles

if TYPE_CHECKING:  # a command line reads `Request` before it waits for TensorFlow
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.inference.translator import Translator

MAX_GRID_CELLS = 2500
FRAME_SECONDS = 0.08
MAX_FRAME_SIDE = 512  # pixels of the animations of --interpolate
MAX_HELD_PIXELS = 2**24  # of photographs that are redrawn at once; one may be larger


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
    region: str = setting(
        "",
        "Redraw only this part of every picture: x,y,width,height in pixels or percent, like "
        "120,80,640,480 or 10%,5%,50%,50%.",
    )
    feather: int | None = setting(
        None,
        "Pixels inside of the edge of --mask or --region over which the change fades; 0 is a hard "
        "edge, by default a 32nd of the shorter side.",
        bounds=photographs.FEATHER,
    )
    size: str = setting(
        photographs.SOURCE,
        "Size of the results: source, the picture's own; model, squares as the networks draw them; "
        "or the longer side in pixels.",
    )
    detail: float | None = setting(
        None,
        "From 0, the enlarged translation, to 1, all of the picture's own detail above it; by "
        "default the run's.",
        bounds=photographs.DETAIL,
    )
    colors_only: bool = setting(
        False, "Take only colors from the translation, and textures from the picture."
    )
    output: str = setting("translated", "Folder for the results, made if missing.")
    format: str = setting(
        photographs.SOURCE,
        "File format of the results; source is JPEG for JPEG files and PNG for others. Animations "
        "keep theirs.",
        choices=(photographs.SOURCE, "png", "jpeg"),
    )
    quality: int = setting(
        pixels.JPEG_QUALITY, "Quality of JPEG results.", bounds=photographs.QUALITY
    )
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
            bool(self.mask or self.region) or self.feather is None,
            "--feather softens the edges of --mask or --region; give one of them too.",
        )
        require(
            not self.grid or not (self.region or self.detail is not None or self.colors_only),
            "--grid shows squares as the networks draw them; leave --region, --detail and "
            "--colors_only out.",
        )
        self.of_photographs(1.0)
        require(
            bool(self.reference) or not (self.average_references or self.interpolate),
            "--average_references and --interpolate need --reference=FILE_OR_FOLDER.",
        )
        require(
            self.average_references + self.interpolate + self.grid <= 1,
            "Give only one of --average_references, --interpolate and --grid.",
        )

    def of_photographs(self, default_detail: float) -> photographs.Request:
        """How photographs are redrawn, with the detail of a run.

        Raises:
          UserError: A value is wrong, or values contradict each other.
        """
        return photographs.Request.checked(
            self.size, self.region, self.detail, self.colors_only, self.feather, self.quality,
            default_detail,
        )  # fmt: skip


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


class Subject(NamedTuple):
    """A picture that is redrawn.

    Attributes:
      path: Its file.
      photograph: The picture.
      square: What the networks see of it.
      shares: How much of it is redrawn, by its mask; None where there is none.
    """

    path: pathlib.Path
    photograph: photographs.Photograph
    square: photographs.Square
    shares: masking.MaskShares | None


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
    of_photographs: photographs.Request

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
        of_photographs = request.of_photographs(translator.detail)
        job = Job(
            request, translator, reader, writer, sources, inputs, looks, masks, [], of_photographs
        )
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
    request, writer = job.request, job.writer
    stems = picture_files.output_stems(job.sources, pathlib.Path(request.source).expanduser())
    moving = {path for path in job.sources if not request.interpolate and is_animated(path)}

    def name(source: pathlib.Path, look: Look) -> str:
        suffix = photographs.suffix_of(source, request.format)
        if request.interpolate:
            return f"{stems[source]}/{look.name}{suffix}"
        if source in moving:
            suffix = source.suffix.lower()
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
        still = [path for path in job.sources if path not in moving]
        for subjects in _still_subjects(job, still):
            frames: list[list[np.ndarray]] = [[] for _ in subjects]
            for look in job.looks:
                for i, result in enumerate(_redrawn(job, subjects, look)):
                    path = subjects[i].path
                    file = name(path, look)
                    suffix = pathlib.PurePath(file).suffix
                    writer.write(file, photographs.encoded(result, suffix, request.quality))
                    if request.interpolate:
                        frames[i].append(_small_frame(result))
            if request.interpolate:
                for subject, shown in zip(subjects, frames, strict=True):
                    content = pixels.encode_animation(
                        [*shown, *shown[-2:0:-1]], f".{request.animation}", FRAME_SECONDS
                    )
                    writer.write(animation_name(subject.path), content)
            bar.update(len(subjects))
        for path in sorted(moving):
            for look, content in _animations(job, path):
                writer.write(name(path, look), content)
            bar.update()
    job.reader.require(writer.written, "source")


def _small_frame(result: Image.Image) -> np.ndarray:
    """A result as a frame of an animation, uint8 `(H, W, 3)`, at most `MAX_FRAME_SIDE` long."""
    frame = pixels.flattened(result)
    frame.thumbnail((MAX_FRAME_SIDE, MAX_FRAME_SIDE), Image.Resampling.BICUBIC)
    return np.asarray(frame)


def _subject(
    job: Job, path: pathlib.Path, picture: Image.Image, mask: Image.Image | None
) -> Subject:
    """What is redrawn of a picture, and of its mask, if it has one.

    Raises:
      UserError: The region does not fit.
    """
    request, size, resize = job.of_photographs, job.translator.image_size, job.translator.resize
    if mask is not None and not mask.getbbox():
        job.unchanged.append(path)
    photograph = request.photograph(picture, size, resize)
    if mask is not None and request.size.kind == photographs.MODEL:
        mask = photographs.reduced(mask, size, resize)
    shares = None
    if mask is not None:
        shares = masking.fitting_shares(mask, photograph, request.settings.feather)
    return Subject(path, photograph, photograph.square(size, resize), shares)


def _still_subjects(job: Job, paths: list[pathlib.Path]) -> Iterator[list[Subject]]:
    """Pictures, as many at once as `batch_size` and the memory permit, without the unreadable."""

    def read(path: pathlib.Path) -> Subject | None:
        try:
            picture = photographs.open_upright(path)
            mask = job.masks.open(path, picture.size) if job.masks else None
            return _subject(job, path, picture, mask)
        except UserError as error:
            job.reader.bad[path] = str(error)
        except (OSError, ValueError, MemoryError) as error:
            job.reader.bad[path] = f"{type(error).__name__}: {error}"
        return None

    small = job.of_photographs.size.kind == photographs.MODEL
    held: list[Subject] = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        remaining = iter(paths)
        while chunk := list(itertools.islice(remaining, job.request.batch_size if small else 1)):
            held += [subject for subject in pool.map(read, chunk) if subject]
            full = len(held) >= job.request.batch_size or _area(held) >= MAX_HELD_PIXELS
            if held and full:
                yield held
                held = []
    if held:
        yield held


def _area(subjects: list[Subject]) -> int:
    """Pixels of the pictures together."""
    return sum(math.prod(subject.photograph.size) for subject in subjects)


def _redrawn(job: Job, subjects: list[Subject], look: Look) -> Iterator[Image.Image]:
    """Every picture in a look, in the size that is asked for.

    `strength` mixes the style codes of the pictures (0) and of the look (1).
    """
    squares = np.stack([subject.square.image for subject in subjects])
    drawn = job.translator.generate(squares, _style(job, squares, look))
    for subject, translation in zip(subjects, drawn, strict=True):
        yield job.of_photographs.result(
            subject.photograph,
            subject.square,
            translation,
            subject.shares,
            in_place=look is job.looks[-1],  # nobody needs the photograph after that
        )


def _style(job: Job, squares: np.ndarray, look: Look) -> np.ndarray:
    """Style codes of a look for squares, `(style_dim,)` or `(n, style_dim)`."""
    strength = job.request.strength
    if strength == 1:
        return look.style
    own = job.translator.style(squares)
    return job.translator.as_styles((1 - strength) * own + strength * look.style)


def _animations(job: Job, path: pathlib.Path) -> Iterator[tuple[Look, bytes]]:
    """An animated picture in every look; nothing of one that cannot be read."""
    try:
        animation = Animation(path)
        for look in job.looks:
            frames = _redrawn_frames(job, path, animation.frames(), look)
            yield look, animation.encoded(frames)
    except UserError as error:
        job.reader.bad[path] = str(error)
    except (OSError, ValueError, MemoryError) as error:
        job.reader.bad[path] = f"{type(error).__name__}: {error}"


def _redrawn_frames(
    job: Job, path: pathlib.Path, frames: Iterator[Image.Image], look: Look
) -> Iterator[Image.Image]:
    """Every frame of an animation or a video in a look, each by itself."""
    held: list[Subject] = []
    for frame in frames:
        mask = job.masks.of_frame(path, frame) if job.masks else None
        held.append(_subject(job, path, frame, mask))
        if len(held) >= job.request.batch_size or _area(held) >= MAX_HELD_PIXELS:
            yield from _redrawn(job, held, look)
            held = []
    if held:
        yield from _redrawn(job, held, look)


def _write_grid(job: Job) -> None:
    """Writes all sources (left) in all looks (top) as one picture, `grid.png` or `grid.jpg`."""
    request, looks = job.request, job.looks
    if len(job.sources) * len(looks) > MAX_GRID_CELLS:
        raise UserError(
            f"A grid of {len(job.sources)} sources and {len(looks)} looks is too large to look at; "
            f"stay below {MAX_GRID_CELLS} cells, or leave --grid out."
        )
    name = "grid.jpg" if request.format == "jpeg" else "grid.png"
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
    """Yields every look with all pictures translated into it, uint8 `(n, S, S, 3)`."""
    squares = np.stack([picture.square for picture in pictures])
    masks = [picture.mask for picture in pictures if picture.mask is not None]
    shown = np.stack(masks) if masks else None
    for look in job.looks:
        style = _style(job, squares, look)
        yield look, job.translator.generate(squares, style, shown, job.request.feather)
