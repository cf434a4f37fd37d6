"""Translates picture files through a server: bad ones are skipped, what is written stays."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence

import tqdm

from export.serving import encoded_pictures, replies
from export.serving.connection import Client
from export.serving.replies import InputRefusedError, ServerError
from export.serving.request import Request
from tunit_tf.errors import UserError
from tunit_tf.io import picture_files


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
    look = encoded_pictures.read(found[0])
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
            drawn = replies.with_retries(
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
                read[path] = encoded_pictures.read(path)
            except UserError as error:
                skip(error)
        if read:
            yield from ask(read)


def _check_reference(client: Client, look: bytes, request: Request) -> None:
    """Raises ServerError if the server does not even translate the reference into its own look."""
    try:
        replies.with_retries(lambda: client.translate([look], [look]), request.retries)
    except InputRefusedError as error:
        raise ServerError(
            f"The server refuses --reference={request.reference} or all pictures: {error}"
        ) from None
