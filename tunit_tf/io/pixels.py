"""Pictures without TensorFlow: bytes <-> [-1, 1], PIL <-> squares, grids, files."""

import io
import os
import pathlib
import stat
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from tunit_tf.io import files

BACKGROUND = (255, 255, 255)  # under transparent pixels, and between the cells of a grid
RESIZE = ("stretch", "crop", "letterbox")
JPEG_QUALITY = 95
FLATTENED_ROWS = 256  # of a transparent picture that are put over a color at once
LEGIBLE = 96  # pixels; smaller images are enlarged to about this side in grids
MAX_PIXELS = 2**26  # limit for a picture file; below the size from which Pillow warns


def from_bytes(images: np.ndarray) -> np.ndarray:
    """uint8 images of any shape, 0..255, to float32 in [-1, 1]."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Float images (arrays or tensors) of any shape in [-1, 1] to uint8, rounded and clipped."""
    images = np.asarray(images, np.float32)
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def open_rgb(source: str | pathlib.Path | BinaryIO) -> Image.Image:
    """A picture of any format as RGB, upright; see `open_as`."""
    return open_as(source, upright_rgb)


def open_as(
    source: str | pathlib.Path | BinaryIO, converted: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """A picture of any format, decoded and converted.

    Args:
      source: Path of a file, or an open one.
      converted: Makes what is wanted of the opened picture.

    Raises:
      OSError: It is missing, no regular file (a pipe would block), or broken.
      ValueError: It has so many pixels that it may be a decompression bomb.
    """
    if isinstance(source, str | pathlib.Path) and not stat.S_ISREG(os.stat(source).st_mode):
        raise OSError(f"{source} is not a file")
    try:
        with Image.open(source) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(f"{opened.width} x {opened.height} pixels are too many")
            return converted(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"more than {MAX_PIXELS} pixels are too many") from None
    except (OSError, ValueError):
        raise
    # Pillow's decoders raise many other kinds of errors on broken files.
    except Exception as error:
        raise OSError(f"it cannot be decoded ({type(error).__name__}: {error})") from error


def upright_rgb(image: Image.Image, background: tuple[int, int, int] = BACKGROUND) -> Image.Image:
    """An opened picture of any mode as RGB: EXIF rotation applied, transparency over a color."""
    return flattened(upright(image), background)


def upright(image: Image.Image) -> Image.Image:
    """An opened picture as RGB, or RGBA if it has transparency; EXIF rotation applied."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I;16L"):
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def flattened(picture: Image.Image, background: tuple[int, int, int] = BACKGROUND) -> Image.Image:
    """An RGB or RGBA picture as RGB, transparency over a color; in strips, to save memory."""
    if picture.mode == "RGB":
        return picture
    result = Image.new("RGB", picture.size)
    for top in range(0, picture.height, FLATTENED_ROWS):
        bottom = min(top + FLATTENED_ROWS, picture.height)
        part = picture.crop((0, top, picture.width, bottom))
        opaque = Image.new("RGBA", part.size, (*background, 255))
        result.paste(Image.alpha_composite(opaque, part).convert("RGB"), (0, top))
    return result


def square(image: Image.Image, size: int, resize: str) -> np.ndarray:
    """An RGB picture as `(size, size, 3)` uint8, a gray one as `(size, size)`, antialiased.

    Args:
      image: RGB or gray picture.
      size: Side of the result in pixels.
      resize: `stretch` changes the aspect ratio, `crop` keeps it and cuts the center, `letterbox`
        keeps it and fills the margins with the mirrored picture.
    """
    if resize == "letterbox":
        left, top, right, bottom = letterbox_box(image.size, size)
        image = image.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        margins = ((top, size - bottom), (left, size - right), (0, 0))
        content = np.asarray(image)
        return np.pad(content, margins[: content.ndim], mode="symmetric")
    if resize == "crop":
        image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    elif image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def letterbox_box(picture_size: tuple[int, int], size: int) -> tuple[int, int, int, int]:
    """The place of a picture in its letterbox square: left, top, right, bottom in pixels.

    Args:
      picture_size: Width and height of the picture.
      size: Side of the square.
    """
    longest = max(picture_size)
    width, height = (max(1, round(side * size / longest)) for side in picture_size)
    left, top = (size - width) // 2, (size - height) // 2
    return left, top, left + width, top + height


def grid(rows: Sequence[Sequence[np.ndarray | None]], gap: int = 2, zoom: int = 1) -> np.ndarray:
    """Puts equal uint8 pictures into one, `(rows, columns)`; None leaves a cell empty.

    Args:
      rows: Rows of `(S, S, 3)` uint8 pictures or None.
      gap: Pixels between the cells, before zooming.
      zoom: Whole factor by which pixels are repeated.

    Returns:
      uint8 `(H, W, 3)`.
    """
    size = next(cell.shape[0] for row in rows for cell in row if cell is not None)
    step = size + gap
    shape = (len(rows) * step + gap, max(map(len, rows)) * step + gap, 3)
    canvas = np.full(shape, BACKGROUND, np.uint8)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                top, left = gap + i * step, gap + j * step
                canvas[top : top + size, left : left + size] = cell
    return canvas.repeat(zoom, axis=0).repeat(zoom, axis=1)


def legible_zoom(size: int) -> int:
    """Whole factor by which grids enlarge images of side `size`, in pixels."""
    return max(1, LEGIBLE // size)


def encode(image: np.ndarray, suffix: str) -> bytes:
    """A uint8 `(H, W, 3)` picture as the bytes of a `.png` or `.jpg` file."""
    buffer = io.BytesIO()
    if suffix == ".png":
        Image.fromarray(image).save(buffer, format="PNG")
    else:
        Image.fromarray(image).save(buffer, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def encode_animation(frames: Sequence[np.ndarray], suffix: str, seconds: float) -> bytes:
    """Equal uint8 `(H, W, 3)` frames as the bytes of an endless `.gif` or `.webp` animation.

    Args:
      frames: At least two.
      suffix: `.gif` (256 colors per frame) or `.webp` (lossless).
      seconds: Duration of each frame.
    """
    buffer = io.BytesIO()
    first, *others = [Image.fromarray(frame) for frame in frames]
    options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {"disposal": 2}
    first.save(
        buffer,
        format=suffix.removeprefix(".").upper(),
        save_all=True,
        append_images=others,
        duration=round(1000 * seconds),
        loop=0,
        **options,
    )
    return buffer.getvalue()


def save_png(path: pathlib.Path, image: np.ndarray) -> None:
    """Writes a uint8 `(H, W, 3)` picture as PNG, by rename."""
    files.write_bytes(path, encode(image, ".png"))
