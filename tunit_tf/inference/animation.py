"""Animated pictures (GIF, WebP, APNG): their frames, and results with the same timing and loop."""

import contextlib
import io
import pathlib
from collections.abc import Iterator

from PIL import Image

from tunit_tf.io import pixels

SUFFIXES = {"GIF": ".gif", "WEBP": ".webp", "PNG": ".png"}
MAX_FRAME_PIXELS = 2**28  # of all frames together; APNG is written from frames in memory


def is_animated(path: pathlib.PurePath, content: io.BytesIO | None = None) -> bool:
    """Whether a file is an animation; False if it cannot be read.

    Args:
      path: The file.
      content: What is in it, where that was read already.
    """
    if path.suffix.lower() not in (".gif", ".webp", ".png", ".apng"):
        return False
    try:
        with Image.open(content or pathlib.Path(path)) as opened:
            return opened.format in SUFFIXES and _has_frames(opened)
    except Exception:  # Pillow raises many kinds of errors; reading it later gives the reason
        return False


def _has_frames(opened: Image.Image) -> bool:
    """Whether a picture has more than one frame, or a damaged second one."""
    try:
        return getattr(opened, "is_animated", False)
    except Exception:  # as above
        return True


class Animation:
    """The frames of an animated picture.

    Args:
      file: The path or the content of a file of which `is_animated` is true.

    Attributes:
      suffix: `.gif`, `.webp` or `.png`.
      durations: Milliseconds of every frame.
      loop: How often it is shown, 0 for endlessly; None where the file does not say.

    Raises:
      OSError: A frame is broken.
      ValueError: There are too many pixels.
    """

    def __init__(self, file: pathlib.Path | io.BytesIO) -> None:
        self._file = file
        with Image.open(file) as opened:
            self.suffix = SUFFIXES[str(opened.format)]
            with _decoding("its frames cannot be counted"):
                count = opened.n_frames  # type: ignore[attr-defined]
            if opened.width * opened.height * count > MAX_FRAME_PIXELS:
                raise ValueError(
                    f"{count} frames of {opened.width} x {opened.height} pixels are too many; cut "
                    f"the animation to {MAX_FRAME_PIXELS} pixels in all"
                )
            self.loop = opened.info.get("loop")
            self._has_default = bool(opened.info.get("default_image"))
            self.durations = [round(_duration(opened, i)) for i in range(count)]

    def frames(self) -> Iterator[Image.Image]:
        """Every frame as it is shown, RGB or RGBA, of the animation's size.

        Raises:
          OSError: A frame is broken.
        """
        with Image.open(self._file) as opened:
            for index in range(len(self.durations)):
                _seek(opened, index)
                yield pixels.upright(opened.copy())

    def encoded(self, frames: Iterator[Image.Image]) -> bytes:
        """Frames as a file of the same kind, with the same timing and loop.

        A frame that equals the one before it is left out; that one is shown longer instead.

        Args:
          frames: As many as this animation has, RGB or RGBA.
        """
        first = next(frames)
        options: dict = {"duration": self.durations}
        if self.loop is not None:
            options["loop"] = self.loop
        if self.suffix == ".webp":
            # `exact`: libwebp drops the alpha channel of a file if only black is transparent in it.
            options |= {"lossless": True, "exact": True}
        elif self.suffix == ".gif":
            options |= {"disposal": 2}  # a frame may be transparent where the one before was not
        elif self._has_default:
            options |= {"default_image": True, "duration": self.durations[1:]}
        others = list(frames) if self.suffix == ".png" else frames  # Pillow reads them twice
        buffer = io.BytesIO()
        kind = {suffix: kind for kind, suffix in SUFFIXES.items()}[self.suffix]
        first.save(buffer, format=kind, save_all=True, append_images=others, **options)
        return buffer.getvalue()


def _duration(opened: Image.Image, index: int) -> float:
    _seek(opened, index)
    return opened.info.get("duration", 0)


def _seek(opened: Image.Image, index: int) -> None:
    """Decodes a frame. Raises OSError if it is broken."""
    with _decoding(f"frame {index + 1} cannot be decoded"):
        opened.seek(index)
        opened.load()


@contextlib.contextmanager
def _decoding(problem: str) -> Iterator[None]:
    """Turns what Pillow's decoders raise on broken files, of many kinds, into OSError."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{problem} ({type(error).__name__}: {error})") from error
