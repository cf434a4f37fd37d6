"""Translates picture files through a server: bad ones are skipped, what is written stays."""

import dataclasses
import io
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from PIL import Image

from export.serving import clients
from export.serving.clients import Client, InputRefusedError, ServerError
from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import files, picture_files, pixels

DECODED_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # by TensorFlow
DECODED_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
ORIENTATION = 0x0112  # EXIF tag; 1 is upright


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and where to; every field is a flag of `export/client.py`."""

    source: str = setting("", "Image or folder of images to redraw.")
    reference: str = setting("", "Image whose look is taken.")
    size: str = setting(
        photographs.SOURCE,
        "Size of the results: source, the picture's own; model, squares as the server draws them; "
        "or the longer side in pixels.",
    )
    region: str = setting(
        "", "Redraw only this part of every picture: x,y,width,height in pixels or percent."
    )
    detail: float | None = setting(
        None, "From 0, the enlarged translation, to 1, all of the picture's own detail.",
        photographs.DETAIL,
    )  # fmt: skip
    colors_only: bool = setting(False, "Take only colors from the translation.")
    feather: int | None = setting(
        None, "Pixels inside of the region's edge over which the change fades.",
        photographs.FEATHER,
    )  # fmt: skip
    output: str = setting("translated", "Folder for the results, created if missing.")
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
        files.named_folder(self.output, "output")
        check_bounds(self)
        self.of_photographs()
        if self.resume and self.overwrite:
            raise UserError(
                "--resume keeps results that exist, --overwrite replaces them; give one."
            )

    def of_photographs(self) -> photographs.Request:
        """How photographs are redrawn. Raises UserError if a value is wrong."""
        return photographs.Request.checked(
            self.size, self.region, self.detail, self.colors_only, self.feather
        )


class Sent(NamedTuple):
    """A picture in a request.

    Attributes:
      content: The file that is sent.
      finish: Makes the file of the result of the server's PNG file.
    """

    content: bytes
    finish: Callable[[bytes], bytes]


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
    sources = picture_files.find(request.source, "source")
    found = picture_files.find(request.reference, "reference")
    if len(found) != 1:
        raise UserError(f"--reference={request.reference} must be one image; has {len(found)}.")
    look = encoded(found[0])
    root = pathlib.Path(request.source).expanduser()
    stems = picture_files.output_stems(sources, root)
    names = {path: f"{stem}.png" for path, stem in stems.items()}
    names, kept = _remaining(names, request, found[0])
    result = Result(kept=kept)
    writer = picture_files.Writer(request.output, overwrite=True)  # _remaining has checked
    try:
        for path, content in _translations(client, list(names), look, request, result, report):
            writer.write(names[path], content)
            result.written += 1
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
    names: dict[pathlib.Path, str], request: Request, reference: pathlib.Path
) -> tuple[dict[pathlib.Path, str], int]:
    """Names of the results to write, by source, and the number of those that are kept.

    Raises:
      UserError: Results exist, or would replace the pictures themselves.
    """
    folder = pathlib.Path(request.output).expanduser()
    existing = {path for path, name in names.items() if (folder / name).exists()}
    originals = {path.resolve() for path in (*names, reference)}
    for path in existing:
        if (folder / names[path]).resolve() in originals and not request.resume:
            raise UserError(
                f"--output={request.output} would replace the picture {folder / names[path]}; name "
                "another folder."
            )
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


def _translations(
    client: Client,
    paths: Sequence[pathlib.Path],
    look: bytes,
    request: Request,
    result: Result,
    report: Callable[[str], None],
) -> Iterator[tuple[pathlib.Path, bytes]]:
    """Yields sources and their translations; counts and reports those that are skipped."""

    def skip(reason: Exception | str) -> None:
        result.skipped += 1
        report(f"skipped: {reason}")

    def ask(pictures: dict[pathlib.Path, Sent]) -> Iterator[tuple[pathlib.Path, bytes]]:
        contents = [sent.content for sent in pictures.values()]
        try:
            drawn = clients.with_retries(
                lambda: client.translate(contents, [look] * len(contents)), request.retries
            )
        except InputRefusedError as error:
            if len(pictures) == 1:
                _translated_reference(client, look, request)
                skip(f"{next(iter(pictures))} is refused by the server ({error}).")
                return
            # One of them spoils the request for all. The index in the server's message may count
            # within a larger batch, so bisection is used.
            items = list(pictures.items())
            half = len(items) // 2
            yield from ask(dict(items[:half]))
            yield from ask(dict(items[half:]))
            return
        for (path, sent), translated in zip(pictures.items(), drawn, strict=True):
            yield path, sent.finish(translated)

    of_photographs = request.of_photographs()
    side = 0
    if of_photographs.size.kind != photographs.MODEL and paths:
        (drawn,) = _translated_reference(client, look, request)
        side = _decoded(drawn).shape[0]
    starts = range(0, len(paths), request.batch_size)
    for start in tqdm.tqdm(starts, unit="request", disable=not request.progress or None):
        read = {}
        for path in paths[start : start + request.batch_size]:
            try:
                read[path] = _sent(path, of_photographs, side)
            except UserError as error:
                skip(error)
        if read:
            yield from ask(read)


def _translated_reference(client: Client, look: bytes, request: Request) -> list[bytes]:
    """The reference in its own look, a PNG file, whose size is that of the model.

    Raises:
      ServerError: The server does not even translate that.
    """
    try:
        return clients.with_retries(lambda: client.translate([look], [look]), request.retries)
    except InputRefusedError as error:
        raise ServerError(
            f"The server refuses --reference={request.reference} or all pictures: {error}"
        ) from None


def _sent(path: pathlib.Path, of_photographs: photographs.Request, side: int) -> Sent:
    """What is sent of a picture file, and how its translation becomes a result.

    Args:
      path: The file.
      of_photographs: How photographs are redrawn.
      side: Side of the model's squares; 0 sends the file, and takes the square as the result.

    Raises:
      UserError: It cannot be read, or the region does not fit it.
    """
    if not side:
        return Sent(encoded(path), lambda translated: translated)
    try:
        picture = photographs.open_upright(path)
        photograph = of_photographs.photograph(picture, side, "letterbox")
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (OSError, ValueError, MemoryError) as error:
        raise UserError(f"{path} cannot be read ({error}).") from None
    square = photograph.square(side, "letterbox")

    def finish(translated: bytes) -> bytes:
        result = of_photographs.result(photograph, square, _decoded(translated))
        return photographs.encoded(result, ".png")

    return Sent(pixels.encode(square.image, ".png"), finish)


def _decoded(png: bytes) -> np.ndarray:
    """A PNG file of the server as uint8 `(S, S, 3)`."""
    return np.asarray(pixels.open_rgb(io.BytesIO(png)))


def encoded(path: pathlib.Path) -> bytes:
    """The content of a picture file, or the picture as PNG where TensorFlow would not read it.

    TensorFlow reads neither EXIF rotation nor TIFF nor, for example, CMYK. The whole picture is
    decoded here, so that a broken one is found before it spoils a request with others.

    Raises:
      UserError: It cannot be read.
    """
    try:
        if not path.is_file():  # reading a pipe would block
            raise OSError("it is not a file")
        content = path.read_bytes()
        rgb = pixels.open_rgb(path)
        with Image.open(io.BytesIO(content)) as picture:
            if (
                picture.format in DECODED_FORMATS
                and picture.mode in DECODED_MODES
                and picture.getexif().get(ORIENTATION, 1) == 1
            ):
                return content
        buffer = io.BytesIO()
        rgb.save(buffer, format="PNG")
        return buffer.getvalue()
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        raise UserError(f"{path} cannot be read ({error}).") from None
