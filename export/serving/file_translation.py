"""Translates picture files through a server: bad ones are skipped, what is written stays."""

import dataclasses
import io
import os
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import tqdm
from PIL import Image

from export.options import ServingOptions
from export.serving import clients
from export.serving.clients import Client, InputRefusedError, ServerError
from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, NotWrittenError, UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.animation import Animation, is_animated
from tunit_tf.inference.redrawing import Redrawing
from tunit_tf.inference.video import CODECS, Video, is_video
from tunit_tf.io import picture_files, pixels
from tunit_tf.io.picture_files import MaskFiles
from tunit_tf.paths import user_path

COMMAND = "export.client"
LARGEST_SENT = (
    ServingOptions.max_pixels
)  # that export.saved_model gives a model unless told otherwise
# Formats and modes of pictures that TensorFlow reads as Pillow does.
PLAIN = {"JPEG": ("L", "RGB"), "PNG": ("L", "LA", "RGB", "RGBA")}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and where to; every field is a flag of `export/client.py`."""

    source: str = setting("", "Image, video or folder of them to redraw.", path=True)
    reference: str = setting("", "Image whose look is taken.", path=True)
    size: str = setting(
        photographs.SOURCE,
        "Size of the results: source, the picture's own; model, squares as the server draws them; "
        "or the longer side in pixels.",
    )
    region: str = setting(
        "", "Redraw only this part of every picture: x,y,width,height in pixels or percent."
    )
    mask: str = setting(
        "",
        "Redraw only what masks mark: a folder with a PNG file per source under the source's name, "
        "white where it is redrawn; that file for a single source; or alpha, the alpha channel of "
        "the sources.",
        path=True,
    )
    detail: float | None = setting(
        None, "From 0, the enlarged translation, to 1, all of the picture's own detail.",
        photographs.DETAIL,
    )  # fmt: skip
    colors_only: bool = setting(False, "Take only colors from the translation.")
    feather: int | None = setting(
        None, "Pixels inside of the edge of --mask or --region over which the change fades.",
        photographs.FEATHER,
    )  # fmt: skip
    output: str = setting("translated", "Folder for the results, created if missing.", path=True)
    overwrite: bool = setting(False, "Replace results that exist.")
    resume: bool = setting(False, "Keep results that exist, translate the others.")
    batch_size: int = setting(4, "Images per request.", Bounds(1, 4096))
    retries: int = setting(3, "Further attempts when the server is not reached.", Bounds(0, 1000))
    progress: bool = setting(True, "Show a progress bar.")

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
          UserError: One is missing or out of range.
        """
        if not self.source or not self.reference:
            raise UserError("Say what to translate with --source=PICTURES and --reference=PICTURE.")
        user_path(self.output, "--output")
        check_bounds(self)
        size = self.of_photographs().size
        if self.mask and size.kind == photographs.MODEL:
            raise UserError(
                "--mask is for results of the picture's own size; leave --size=model out."
            )
        if self.resume and self.overwrite:
            raise UserError(
                "--resume keeps results that exist, --overwrite replaces them; give one."
            )

    def of_photographs(self) -> photographs.Request:
        """How photographs are redrawn. Raises UserError if a value is wrong."""
        return photographs.Request.checked(
            self.size, self.region, self.detail, self.colors_only, self.feather, mask=self.mask
        )


@dataclasses.dataclass
class Result:
    """The result of a request.

    Attributes:
      written: Number of files written.
      kept: Number of results that existed already.
      skipped: Number of pictures that cannot be read or that the server refuses.
    """

    written: int = 0
    kept: int = 0
    skipped: int = 0


def run(client: Client, request: Request, report: Callable[[str], None]) -> Result:
    """Translates the pictures of a request in order.

    Args:
      client: Client of the server.
      request: What to translate.
      report: Called with a sentence for every picture that is skipped.

    Raises:
      UserError: Pictures are missing, results exist already, or the server cannot be used.
      KeyboardInterrupt: Ctrl-C; its text says what was written.
    """
    own_size = request.of_photographs().size.kind != photographs.MODEL
    sources = picture_files.find(request.source, "source", tuple(CODECS) if own_size else ())
    if not own_size and any(map(is_video, sources)):
        raise UserError(f"--source={request.source} is a video; leave --size=model out.")
    found = picture_files.find(request.reference, "reference")
    if len(found) != 1:
        raise UserError(f"--reference={request.reference} must be one image; has {len(found)}.")
    look = encoded(found[0])
    root = user_path(request.source, "--source")
    stems = picture_files.output_stems(sources, root)
    writer = picture_files.Writer(request.output, COMMAND, request.overwrite)
    moving = {path for path in sources if own_size and (is_video(path) or is_animated(path))}
    names = {
        path: stem + (path.suffix.lower() if path in moving else ".png")
        for path, stem in stems.items()
    }
    names, kept = _remaining(names, request)
    result = Result(kept=kept)
    masks = MaskFiles(request.mask, request.source, sources) if request.mask else None
    writer.check(list(names.values()), [*sources, *found, *(masks.files if masks else [])])
    translation = _Translation(client, request, look, writer, names, result, report)
    try:
        translation.write(moving, masks)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{_progress(result, request)}.") from None
    except ServerError as error:
        sentence = str(error) if str(error).endswith((".", "?")) else f"{error}."
        raise UserError(f"{sentence} {_progress(result, request)}.") from None
    if result.skipped and not result.written and not result.kept:
        raise UserError(
            f"--source={request.source}: none of {result.skipped} pictures can be translated."
        )
    return result


def _progress(result: Result, request: Request) -> str:
    cure = "; give --resume to translate the others" if result.written or result.kept else ""
    return f"{result.written} files were written to {request.output}{cure}"


def _remaining(
    names: dict[pathlib.Path, str], request: Request
) -> tuple[dict[pathlib.Path, str], int]:
    """Names of the results to write, by source, and the number of those that are kept.

    Raises:
      UserError: Results exist.
    """
    folder = user_path(request.output, "--output")
    existing = {path for path, name in names.items() if os.path.lexists(folder / name)}
    if request.resume:
        return {path: name for path, name in names.items() if path not in existing}, len(existing)
    if existing and not request.overwrite:
        first = next(name for path, name in names.items() if path in existing)
        raise UserError(
            f"{len(existing)} of {len(names)} outputs already exist, the first is "
            f"{folder / first}; give --resume to keep them, --overwrite to replace them, or "
            "another --output."
        )
    return names, 0


class _Translation:
    """Asks a server for translations and writes results; counts and reports what is skipped.

    Args:
      client: Client of the server.
      request: What is asked for.
      look: File of the reference.
      writer: Writes the results.
      names: Their names by source.
      result: Counts.
      report: Called with a sentence for every picture that is skipped.
    """

    def __init__(
        self,
        client: Client,
        request: Request,
        look: bytes,
        writer: picture_files.Writer,
        names: dict[pathlib.Path, str],
        result: Result,
        report: Callable[[str], None],
    ) -> None:
        self._client, self._request, self._look = client, request, look
        self._writer, self._names = writer, names
        self._result, self._report = result, report

    def write(self, moving: set[pathlib.Path], masks: MaskFiles | None) -> None:
        """Writes the results of all sources.

        Args:
          moving: Animations and videos among the sources that are redrawn frame by frame.
          masks: Masks of the sources.
        """
        request, paths = self._request, list(self._names)
        of_photographs = request.of_photographs()
        bar = tqdm.tqdm(total=len(paths), unit="image", disable=not request.progress or None)
        with bar:
            if of_photographs.size.kind == photographs.MODEL:
                self._squares(paths, bar)
                return
            side = _decoded(self._reference()).shape[0] if paths else 1
            redrawing = Redrawing(of_photographs, side, "letterbox", request.batch_size, masks)
            still = [path for path in paths if path not in moving]
            self._photographs(redrawing, still, bar)
            for path in paths:
                if path in moving:
                    self._moving(redrawing, path)
                    bar.update()
        for path in redrawing.unchanged:
            self._report(f"warning: nothing was redrawn in {path}, whose mask is all black.")

    def _squares(self, paths: list[pathlib.Path], bar: tqdm.tqdm) -> None:
        """Sends files as they are; the server's squares are the results."""
        for group in picture_files.chunks(paths, self._request.batch_size):
            contents = {}
            for path in group:
                try:
                    contents[path] = encoded(path)
                except UserError as error:
                    self._skip(error)
            for path, square in self._ask(contents):
                self._put(path, square)
            bar.update(len(group))

    def _photographs(self, redrawing: Redrawing, paths: list[pathlib.Path], bar: tqdm.tqdm) -> None:
        """Sends squares, and redraws photographs after the translations of these."""
        for group in redrawing.groups(paths):
            subjects = {}
            for path in group:
                try:
                    subjects[path] = redrawing.read(path)
                except picture_files.UNREADABLE as error:
                    self._skip_unreadable(path, error)
            squares = {path: _png(subject.square.image) for path, subject in subjects.items()}
            for path, translated in self._ask(squares):
                result = redrawing.result(subjects[path], _decoded(translated), in_place=True)
                self._put(path, photographs.encoded(result, ".png"))
            bar.update(len(group))

    def _moving(self, redrawing: Redrawing, path: pathlib.Path) -> None:
        """Sends the square of every frame; writes nothing of a file that cannot be read."""

        def draw(squares: np.ndarray) -> np.ndarray:
            return np.stack([_decoded(x) for x in self._translate(list(map(_png, squares)))])

        try:
            if is_video(path):
                video = Video(path)
                with self._writer.writing(self._names[path]) as target:
                    video.write(target, lambda frames: redrawing.frames(path, frames, draw))
                self._result.written += 1
            else:
                animation = Animation(path)
                frames = redrawing.frames(path, animation.frames(), draw)
                self._put(path, animation.encoded(frames))
        except InputRefusedError as error:
            self._skip_refused(path, error)
        except (NotWrittenError, ServerError):
            raise
        except picture_files.UNREADABLE as error:
            self._skip_unreadable(path, error)

    def _put(self, path: pathlib.Path, content: bytes) -> None:
        self._writer.write(self._names[path], content)
        self._result.written += 1

    def _ask(self, contents: dict[pathlib.Path, bytes]) -> Iterator[tuple[pathlib.Path, bytes]]:
        """Yields the server's answers to files, without those that it refuses."""
        if not contents:
            return
        try:
            drawn = self._translate(list(contents.values()))
        except InputRefusedError as error:
            if len(contents) == 1:
                self._reference()
                self._skip_refused(next(iter(contents)), error)
                return
            # The server refuses the whole request because of one file. The index in its message may
            # be that in a larger batch, so the file is found by bisection.
            items = list(contents.items())
            half = len(items) // 2
            yield from self._ask(dict(items[:half]))
            yield from self._ask(dict(items[half:]))
            return
        yield from zip(contents, drawn, strict=True)

    def _translate(self, contents: list[bytes]) -> list[bytes]:
        looks = [self._look] * len(contents)
        return clients.with_retries(
            lambda: self._client.translate(contents, looks), self._request.retries
        )

    def _reference(self) -> bytes:
        """The reference in its own look, a PNG file, whose size is that of the model.

        Raises:
          ServerError: The server does not even translate that.
        """
        try:
            return self._translate([self._look])[0]
        except InputRefusedError as error:
            raise ServerError(
                f"The server refuses --reference={self._request.reference} or all pictures: {error}"
            ) from None

    def _skip(self, reason: Exception | str) -> None:
        self._result.skipped += 1
        self._report(f"skipped: {reason}")

    def _skip_refused(self, path: pathlib.Path, error: InputRefusedError) -> None:
        self._skip(f"{path} is refused by the server ({error}).")

    def _skip_unreadable(self, path: pathlib.Path, error: Exception) -> None:
        if isinstance(error, UserError):
            self._skip(f"{path}: {error}")
        else:
            self._skip(f"{path} cannot be read ({error}).")


def _png(square: np.ndarray) -> bytes:
    return pixels.encode(square, ".png")


def _decoded(png: bytes) -> np.ndarray:
    """A PNG file of the server as uint8 `(S, S, 3)`."""
    return np.asarray(pixels.open_rgb(io.BytesIO(png)))


def encoded(path: pathlib.Path) -> bytes:
    """The content of a picture file, or the picture as PNG where TensorFlow would not read it.

    TensorFlow ignores EXIF rotation and color profiles, and reads few formats; it would refuse a
    JPEG file with more than `LARGEST_SENT` pixels, which is sent at a part of its size. The whole
    picture is decoded here, so that a broken one is found before it spoils a request with others.

    Raises:
      UserError: It cannot be read.
    """
    try:
        if not path.is_file():  # reading a pipe would block
            raise OSError("it is not a file")
        content = path.read_bytes()
        is_small = pixels.count(path) <= LARGEST_SENT

        def sent(picture: Image.Image) -> bytes:
            is_plain = is_small and _is_plain(picture)
            rgb = pixels.upright_rgb(picture)
            if is_plain:
                return content
            buffer = io.BytesIO()
            rgb.save(buffer, format="PNG")
            return buffer.getvalue()

        return pixels.open_as(io.BytesIO(content), sent, LARGEST_SENT)
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        raise UserError(f"{path} cannot be read ({error}).") from None


def _is_plain(picture: Image.Image) -> bool:
    """Whether TensorFlow reads an opened picture as Pillow does."""
    return (
        picture.mode in PLAIN.get(picture.format or "", ())
        and "transparency" not in picture.info
        and pixels.is_srgb(picture)
        and not getattr(picture, "is_animated", False)
        and pixels.turned(picture) is picture
    )
