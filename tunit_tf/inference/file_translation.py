"""Translates files: the looks a user asks for, applied to every source, as files or one picture."""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tqdm
from PIL import Image

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, NotWrittenError, UserError
from tunit_tf.inference import domain_styles, video
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.inference.redrawing import Draw, Redrawing, Subject
from tunit_tf.io import picture_files, pixels
from tunit_tf.io.picture_files import MaskFiles
from tunit_tf.paths import user_path

if TYPE_CHECKING:  # a command line reads `Request` before it waits for TensorFlow
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.inference.translator import Translator

COMMAND = "tunit_tf.translate"
MAX_GRID_CELLS = 2500
FRAME_SECONDS = 0.08
MAX_FRAME_SIDE = 512  # pixels of the animations of --interpolate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and how; every field is a flag of `translate.py`.

    Exactly one of `reference` and `domain` names the looks.
    """

    source: str = setting("", "Image, video or folder of them to translate.")
    reference: str = setting("", "Image or folder of images, one look each.")
    average_references: bool = setting(False, "Use the mean style of all references.")
    domain: int | None = setting(None, "Use the average style of this pseudo-domain.")
    data: str = setting(
        "",
        "With --domain: images to measure the domains on, by default the run's own.",
        path=True,
        belongs_to="domain",
    )
    sample: int = setting(
        0,
        "With --domain: draw this many new looks from its Gaussian instead.",
        bounds=Bounds(0, 10_000),
        belongs_to="domain",
    )
    interpolate: bool = setting(
        False, "Go from one of two references to the other, as frames and animation."
    )
    frames: int = setting(
        16,
        "With --interpolate: frames from one reference to the other.",
        bounds=Bounds(2, 10_000),
        belongs_to="interpolate",
    )
    animation: str = setting(
        "gif",
        "With --interpolate: file format of the animation.",
        choices=("gif", "webp"),
        belongs_to="interpolate",
    )
    grid: bool = setting(False, "Write one picture, sources x looks.")
    strength: float = setting(
        1.0, "Between 0, the source's own style, and 1, the reference's.", bounds=Bounds(0, 1)
    )
    mask: str = setting(
        "",
        "Redraw only what masks mark: a folder with a PNG file per source under the source's name, "
        "white where it is redrawn; that file for a single source; or alpha, the alpha channel of "
        "the sources.",
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
    output: str = setting("translated", "Folder for the results, made if missing.", path=True)
    format: str = setting(
        photographs.SOURCE,
        "File format of the results; source is JPEG for JPEG files and PNG for others. Animations "
        "and videos keep theirs.",
        choices=(photographs.SOURCE, "png", "jpeg"),
    )
    quality: int = setting(
        pixels.JPEG_QUALITY, "Quality of JPEG results.", bounds=photographs.QUALITY
    )
    overwrite: bool = setting(False, "Replace results that exist.")
    batch_size: int = setting(32, "Images computed at once.", bounds=Bounds(1, 4096))
    seed: int = setting(
        0,
        "Seed of the looks that --sample draws.",
        bounds=Bounds(0, 2**63 - 1),
        belongs_to="sample",
    )
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
        of_photographs = self.region or self.detail is not None or self.colors_only
        require(
            not self.grid or not (of_photographs or self.size != photographs.SOURCE),
            "--grid shows squares as the networks draw them; leave --size, --region, --detail and "
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
            default_detail, self.mask,
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


class Result(NamedTuple):
    """The result of a request.

    Attributes:
      written: Number of files.
      bad: Reasons by path of the pictures that cannot be read.
      unchanged: Files whose masks are all black, so that nothing was redrawn.
    """

    written: int
    bad: dict[pathlib.Path, str]
    unchanged: list[pathlib.Path]


class Job(NamedTuple):
    """A request, with the objects that process it.

    Attributes:
      inputs: Sources, references and masks, which no result may replace.
      masks: MaskFiles of the sources; None redraws everything.
    """

    request: Request
    translator: "Translator"
    reader: picture_files.Reader
    writer: picture_files.Writer
    redrawing: Redrawing
    sources: list[pathlib.Path]
    inputs: list[pathlib.Path]
    looks: list[Look]
    masks: MaskFiles | None


def run(trained: "TrainedRun", request: Request) -> Result:
    """Translates the files that a request names.

    Raises:
      UserError: Inputs are missing or unreadable, or output files exist already.
      KeyboardInterrupt: The user pressed Ctrl-C; the message counts the files that are written.
    """
    translator = trained.translator
    moving = () if request.grid or request.interpolate else tuple(video.CODECS)
    sources = picture_files.find(request.source, "source", moving)
    if not moving and any(map(video.is_video, sources)):
        raise UserError(
            f"--source={request.source} is a video; leave --grid and --interpolate out."
        )
    inputs = [*sources]
    if request.reference:
        inputs += picture_files.find(request.reference, "reference")
    masks = MaskFiles(request.mask, request.source, sources) if request.mask else None
    if masks:
        inputs += masks.files
    writer = picture_files.Writer(request.output, COMMAND, request.overwrite)
    size, resize = translator.image_size, translator.resize
    of_photographs = request.of_photographs(translator.detail)
    redrawing = Redrawing(of_photographs, size, resize, request.batch_size, masks)
    reader = picture_files.Reader(size, resize)
    try:
        looks = looks_of(trained, reader, request)
        job = Job(
            request, translator, reader, writer, redrawing, sources, inputs, looks, masks
        )  # fmt: skip
        if request.grid:
            _write_grid(job)
        else:
            _write_each(job)
    except KeyboardInterrupt:
        files = "1 file was" if writer.written == 1 else f"{writer.written} files were"
        raise KeyboardInterrupt(f"{files} written to {writer.folder}.") from None
    unchanged = [path for path in redrawing.unchanged if path not in reader.bad]
    return Result(writer.written, reader.bad, unchanged)


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
    stems = picture_files.output_stems(paths, user_path(request.reference, "--reference"))
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
    names = _Names(job)
    job.writer.check(names.all, job.inputs)
    hidden = None if job.request.progress else True  # None: hidden where stderr is no terminal
    with tqdm.tqdm(total=len(job.sources), unit="image", disable=hidden) as bar:
        still = [path for path in job.sources if path not in names.moving]
        for subjects in _still_subjects(job, still):
            _write_stills(job, subjects, names)
            bar.update(len(subjects))
        for path in sorted(names.moving):
            write = _write_video if video.is_video(path) else _write_animation
            try:
                write(job, path, names)
            except NotWrittenError:
                raise
            except picture_files.UNREADABLE as error:
                job.reader.bad[path] = picture_files.reason_of(error)
            bar.update()
    job.reader.require(job.writer.written, "source")


class _Names:
    """Names of results.

    Args:
      job: What is translated.

    Attributes:
      moving: Animations and videos among the sources that are redrawn frame by frame.
      all: Every name.
    """

    def __init__(self, job: Job) -> None:
        request = job.request
        self._request, self._one_look = request, len(job.looks) == 1
        root = user_path(request.source, "--source")
        self._stems = picture_files.output_stems(job.sources, root)
        self.moving = {
            path
            for path in job.sources
            if not request.interpolate and (video.is_video(path) or is_animated(path))
        }
        self.all = [self.of(source, look) for source in job.sources for look in job.looks]
        if request.interpolate:
            self.all += [self.of_animation(source) for source in job.sources]

    def of(self, source: pathlib.Path, look: Look) -> str:
        """The result of a source in a look."""
        stem, suffix = self._stems[source], photographs.suffix_of(source, self._request.format)
        if self._request.interpolate:
            return f"{stem}/{look.name}{suffix}"
        if source in self.moving:
            suffix = source.suffix.lower()
        return stem + suffix if self._one_look else f"{look.name}/{stem}{suffix}"

    def of_animation(self, source: pathlib.Path) -> str:
        """The animation of `--interpolate`."""
        return f"{self._stems[source]}.{self._request.animation}"


def _still_subjects(job: Job, paths: list[pathlib.Path]) -> Iterator[list[Subject]]:
    """Pictures, as many at once as are redrawn together, without the unreadable."""

    def read(path: pathlib.Path) -> Subject | None:
        try:
            return job.redrawing.read(path)
        except picture_files.UNREADABLE as error:
            job.reader.bad[path] = picture_files.reason_of(error)
            return None

    for found in picture_files.in_threads(read, job.redrawing.groups(paths)):
        subjects = [subject for subject in found if subject]
        if subjects:
            yield subjects


def _write_stills(job: Job, subjects: list[Subject], names: _Names) -> None:
    """Writes pictures in every look."""
    request, writer = job.request, job.writer
    shown: list[list[np.ndarray]] = [[] for _ in subjects]
    for look in job.looks:
        last = look is job.looks[-1]  # the photographs are not needed after it
        results = job.redrawing.results(subjects, _drawing(job, look), in_place=last)
        for subject, frames, result in zip(subjects, shown, results, strict=True):
            file = names.of(subject.path, look)
            suffix = pathlib.PurePath(file).suffix
            writer.write(file, photographs.encoded(result, suffix, request.quality))
            if request.interpolate:
                frames.append(_small_frame(result))
    if not request.interpolate:
        return
    for subject, frames in zip(subjects, shown, strict=True):
        content = pixels.encode_animation(
            [*frames, *frames[-2:0:-1]], f".{request.animation}", FRAME_SECONDS
        )
        writer.write(names.of_animation(subject.path), content)


def _small_frame(result: Image.Image) -> np.ndarray:
    """A result as a frame of an animation, uint8 `(H, W, 3)`, at most `MAX_FRAME_SIDE` long."""
    frame = pixels.flattened(result)
    frame.thumbnail((MAX_FRAME_SIDE, MAX_FRAME_SIDE), Image.Resampling.BICUBIC)
    return np.asarray(frame)


def _write_animation(job: Job, path: pathlib.Path, names: _Names) -> None:
    """Writes an animated picture in every look."""
    animation = Animation(path)
    for look in job.looks:
        frames = job.redrawing.frames(path, animation.frames(), _drawing(job, look))
        job.writer.write(names.of(path, look), animation.encoded(frames))


def _write_video(job: Job, path: pathlib.Path, names: _Names) -> None:
    """Writes a video in every look, with a progress bar of its own."""
    opened = video.Video(path)
    hidden = None if job.request.progress else True
    for look in job.looks:
        bar = tqdm.tqdm(
            desc=path.name, total=opened.frame_count, unit="frame", leave=False, disable=hidden
        )
        redrawn = functools.partial(_counted, job, path, _drawing(job, look), bar)
        with bar, job.writer.writing(names.of(path, look)) as target:
            opened.write(target, redrawn)


def _counted(
    job: Job, path: pathlib.Path, draw: Draw, bar: tqdm.tqdm, frames: Iterable[Image.Image]
) -> Iterator[Image.Image]:
    """Every frame redrawn, each a step of a progress bar."""
    for result in job.redrawing.frames(path, frames, draw):
        bar.update()
        yield result


def _drawing(job: Job, look: Look) -> Draw:
    """What draws squares in a look."""
    return lambda squares: job.translator.generate(squares, _style(job, squares, look))


def _style(job: Job, squares: np.ndarray, look: Look) -> np.ndarray:
    """Style codes of a look for squares, `(style_dim,)` or `(n, style_dim)`.

    `strength` mixes the style codes of the squares (0) and of the look (1).
    """
    strength = job.request.strength
    if strength == 1:
        return look.style
    own = job.translator.style(squares)
    return job.translator.as_styles((1 - strength) * own + strength * look.style)


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
    read = job.reader.batches(job.sources, request.batch_size, job.masks)
    pictures = list(itertools.chain.from_iterable(read))
    for picture in pictures:
        if picture.mask is not None:
            job.redrawing.note_mask(picture.path, bool(picture.mask.any()))
    job.reader.require(pictures, "source")
    columns = [cells for _, cells in _translations(job, pictures)]
    rows: list[list[np.ndarray | None]] = []
    if looks[0].heading is not None:
        rows.append([None, *(look.heading for look in looks)])
    rows += [
        [picture.square, *(cells[i] for cells in columns)] for i, picture in enumerate(pictures)
    ]
    grid = pixels.grid(rows, zoom=pixels.legible_zoom(job.translator.image_size))
    suffix = pathlib.PurePath(name).suffix
    content = photographs.encoded(Image.fromarray(grid), suffix, request.quality)
    job.writer.write(name, content)


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
