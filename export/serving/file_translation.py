"""Translates picture files through a server: bad ones are skipped, what is written stays."""

import dataclasses
import io
import pathlib
from collections.abc import Callable, Iterator, Sequence

import tqdm
from PIL import Image

from export.serving import clients
from export.serving.clients import Client, InputRefusedError, ServerError
from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files, picture_files, pixels

DECODED_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # by TensorFlow
DECODED_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
ORIENTATION = 0x0112  # EXIF tag; 1 is upright


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and where to; every field is a flag of `export/client.py`."""

    source: str = setting("", "Image or folder of images to redraw.")
    reference: str = setting("", "Image whose look is taken.")
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
        if self.resume and self.overwrite:
            raise UserError(
                "--resume keeps results that exist, --overwrite replaces them; give one."
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

    def ask(pictures: dict[pathlib.Path, bytes]) -> Iterator[tuple[pathlib.Path, bytes]]:
        contents = list(pictures.values())
        try:
            drawn = clients.with_retries(
                lambda: client.translate(contents, [look] * len(contents)), request.retries
            )
        except InputRefusedError as error:
            if len(pictures) == 1:
                _check_reference(client, look, request)
                skip(f"{next(iter(pictures))} is refused by the server ({error}).")
                return
            # One of them spoils the request for all. The index in the server's message may count
            # within a larger batch, so bisection is used.
            items = list(pictures.items())
            half = len(items) // 2
            yield from ask(dict(items[:half]))
            yield from ask(dict(items[half:]))
            return
        yield from zip(pictures, drawn, strict=True)

    starts = range(0, len(paths), request.batch_size)
    for start in tqdm.tqdm(starts, unit="request", disable=not request.progress or None):
        read = {}
        for path in paths[start : start + request.batch_size]:
            try:
                read[path] = encoded(path)
            except UserError as error:
                skip(error)
        if read:
            yield from ask(read)


def _check_reference(client: Client, look: bytes, request: Request) -> None:
    """Raises ServerError if the server does not even translate the reference into its own look."""
    try:
        clients.with_retries(lambda: client.translate([look], [look]), request.retries)
    except InputRefusedError as error:
        raise ServerError(
            f"The server refuses --reference={request.reference} or all pictures: {error}"
        ) from None


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
