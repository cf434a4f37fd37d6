"""The answers of a model server: whole PNG files, or errors, some of which are temporary."""

import io
import time
from collections.abc import Callable, Sequence

from PIL import Image

FIRST_PAUSE = 0.5  # seconds before the second attempt; doubled before each further one
LONGEST_PAUSE = 60.0  # seconds
PNG_END = b"IEND\xaeB`\x82"  # Pillow reads some files that are cut


class ServerError(Exception):
    """The server did not answer a request with translations.

    Attributes:
      is_temporary: Whether another attempt may succeed.
    """

    def __init__(self, message: str, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class InputRefusedError(ServerError):
    """The server refused the pictures of a request; it may accept others."""


def with_retries(ask: Callable[[], list[bytes]], retries: int) -> list[bytes]:
    """Calls `ask` until it succeeds, with longer and longer pauses.

    Args:
      ask: Sends a request.
      retries: Further attempts after the first.

    Raises:
      ServerError: The last attempt failed, or one failed with a permanent error.
    """
    for attempt in range(retries):
        try:
            return ask()
        except ServerError as error:
            if not error.is_temporary:
                raise
            time.sleep(min(FIRST_PAUSE * 2.0 ** min(attempt, 30), LONGEST_PAUSE))
    return ask()


def whole_pngs(contents: Sequence[bytes], count: int, server: str) -> list[bytes]:
    """The contents, if they are `count` whole PNG files.

    Args:
      contents: Translations as a server sent them.
      count: Number of pictures that were sent.
      server: Address of the server, for the message.

    Raises:
      ServerError: There are more or fewer, or one is not a whole PNG file.
    """
    if len(contents) != count:
        raise ServerError(f"{server} answered {count} pictures with {len(contents)}.")
    for content in contents:
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                picture.load()
            if not content.endswith(PNG_END):
                raise ValueError("it is cut off")
        # Pillow's decoders raise many kinds of errors on broken files.
        except Exception:
            raise ServerError(
                f"{server} answered with {len(content)} bytes that are not a whole PNG file; is "
                "--model the name of a model that export.saved_model wrote?"
            ) from None
    return list(contents)
