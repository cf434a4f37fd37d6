"""The only place that knows the value range: bytes <-> [-1, 1], PIL <-> squares, grids, files."""

import io
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from tunit_tf import files

BACKGROUND = (255, 255, 255)  # under transparent pixels, and between the cells of a grid


def to_float(images: tf.Tensor) -> tf.Tensor:
    """uint8 images of any shape, 0..255, to float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def unit_to_float(images: tf.Tensor) -> tf.Tensor:
    """Images of any shape in [0, 1] to [-1, 1]."""
    return 2.0 * images - 1.0


def to_bytes(images: np.ndarray | tf.Tensor) -> np.ndarray:
    """Float images of any shape in [-1, 1] to uint8, rounded and clipped."""
    images = np.asarray(images, np.float32)
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def upright_rgb(image: Image.Image) -> Image.Image:
    """An opened picture of any mode as RGB: EXIF rotation applied, transparency over white."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I;16L"):
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = Image.new("RGBA", image.size, (*BACKGROUND, 255))
        return Image.alpha_composite(opaque, image).convert("RGB")
    return image.convert("RGB")


def square(image: Image.Image, size: int, resize: str) -> np.ndarray:
    """An RGB picture as `(size, size, 3)` uint8, antialiased.

    Args:
      image: RGB picture.
      size: Side of the result in pixels.
      resize: `stretch` changes the aspect ratio, `crop` keeps it and cuts the centre.
    """
    if resize == "crop":
        image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    elif image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def grid(rows: list[list[np.ndarray]], gap: int = 2, zoom: int = 1) -> np.ndarray:
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


def save_png(path: pathlib.Path, image: np.ndarray) -> None:
    """Writes a uint8 `(H, W, 3)` picture as PNG, by rename."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    files.write_bytes(path, buffer.getvalue())
