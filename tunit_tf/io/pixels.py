"""Pictures without TensorFlow: files -> sRGB, bytes <-> [-1, 1], PIL <-> squares, grids, files."""

import functools
import io
import os
import pathlib
import stat
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

import numpy as np
from PIL import EpsImagePlugin, ExifTags, Image, ImageCms, ImageOps, JpegImagePlugin

from tunit_tf.io import files

try:
    import pillow_heif
except ImportError:  # the extra `heic` is not installed
    READS_HEIC = False
else:
    pillow_heif.register_heif_opener()
    READS_HEIC = True

BACKGROUND = (255, 255, 255)  # under transparent pixels, and between the cells of a grid
RESIZE = ("stretch", "crop", "letterbox")
JPEG_QUALITY = 95
FLATTENED_ROWS = 256  # of a transparent picture that are put over a color at once
LEGIBLE = 96  # pixels; smaller images are enlarged to about this side in grids
MAX_PIXELS = 2**26  # of a picture that is decoded; below the size from which Pillow warns
MAX_JPEG_PIXELS = 2**28  # of a JPEG file, which can be decoded at a part of its size
SRGB_TOLERANCE = 2  # of 255; a profile that changes no color by more is that of sRGB

EpsImagePlugin.gs_binary = False  # a picture must not be a program that Ghostscript runs

# {mode of a picture: mode of its color profile}
PROFILED = {"1": "L", "L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}
# How a picture is turned to be upright, by its orientation in EXIF.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION_KEYS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # in `info`

Made = TypeVar("Made")  # of a picture

# A file by its path, an open file, or an opened picture.
Picture = str | pathlib.Path | BinaryIO | Image.Image


def from_bytes(images: np.ndarray) -> np.ndarray:
    """uint8 images of any shape, 0..255, to float32 in [-1, 1]."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Float images (arrays or tensors) of any shape in [-1, 1] to uint8, rounded and clipped."""
    images = np.asarray(images, np.float32)
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def open_rgb(source: Picture) -> Image.Image:
    """A picture of any format as RGB, upright, in sRGB; see `open_as`."""
    return open_as(source, upright_rgb)


def open_as(
    source: Picture,
    converted: Callable[[Image.Image], Made],
    jpeg_pixels: int | None = None,
) -> Made:
    """A picture of any format, decoded and converted.

    A JPEG file with more than `jpeg_pixels` is decoded at a half, a quarter or an eighth of its
    width and height.

    Args:
      source: Path of a file, an open file, or an opened picture.
      converted: Makes what is wanted of the opened picture.
      jpeg_pixels: Largest JPEG file that is decoded at its own size; None is `MAX_PIXELS`.

    Raises:
      OSError: It is missing, no regular file (a pipe would block), or broken.
      ValueError: It has too many pixels, or pixels of a kind that is not read.
    """
    if isinstance(source, Image.Image):
        return converted(source)
    if isinstance(source, str | pathlib.Path) and not stat.S_ISREG(os.stat(source).st_mode):
        raise OSError(f"{source} is not a file")
    try:
        with _opened(source) as opened:
            _reduce(opened, jpeg_pixels or MAX_PIXELS)
            return converted(opened)
    except (OSError, ValueError):
        raise
    # Pillow's decoders raise many other kinds of errors on broken files.
    except Exception as error:
        raise OSError(f"it cannot be decoded ({type(error).__name__}: {error})") from error


def count(path: pathlib.Path) -> int:
    """Pixels of a picture file by its head; 0 if that cannot be read."""
    try:
        with _opened(path) as opened:
            return opened.width * opened.height
    except Exception:  # Pillow raises many kinds of errors; reading it later gives the reason
        return 0


def _opened(source: str | pathlib.Path | BinaryIO) -> Image.Image:
    """Opens a picture, a JPEG file of any size."""
    try:
        return Image.open(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass
    if not isinstance(source, str | pathlib.Path):
        source.seek(0)
    try:
        return JpegImagePlugin.JpegImageFile(source)
    except SyntaxError:
        raise ValueError(_too_large("more pixels", MAX_PIXELS)) from None


def _reduce(opened: Image.Image, jpeg_pixels: int) -> None:
    """Lets a large JPEG file be decoded at a part of its size; raises ValueError if it cannot."""
    width, height = opened.size
    is_jpeg = isinstance(opened, JpegImagePlugin.JpegImageFile)
    limit = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    if width * height > limit:
        raise ValueError(_too_large(f"{width} x {height} pixels, more", limit))
    if is_jpeg and width * height > jpeg_pixels:
        parts = next(n for n in (2, 4, 8) if width * height <= jpeg_pixels * n * n)
        opened.draft(None, (width // parts, height // parts))


def _too_large(pixels: str, limit: int) -> str:
    return f"it has {pixels} than the limit of {limit:,}; make it smaller"


def upright_rgb(image: Image.Image, background: tuple[int, int, int] = BACKGROUND) -> Image.Image:
    """An opened picture of any mode as RGB in sRGB: upright, transparency over a color."""
    return flattened(upright(image), background)


def upright(image: Image.Image) -> Image.Image:
    """An opened picture as RGB, or RGBA if it has transparency: turned as EXIF says, in sRGB.

    Raises:
      ValueError: Its pixels are integers or floating-point numbers without a known white.
    """
    image = _with_eight_bits(turned(image))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode not in PROFILED:
        image = image.convert(mode)
    image = _in_srgb(image)
    return image if image.mode == mode else image.convert(mode)


def turned(image: Image.Image) -> Image.Image:
    """An opened picture turned as EXIF says; damaged EXIF is ignored."""
    image.load()  # EXIF may follow the pixels
    try:
        method = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises many kinds of errors, among them struct.error
        return image
    if method is None:
        return image
    result = image.transpose(method)
    for key in ORIENTATION_KEYS:  # so that it is not turned again
        result.info.pop(key, None)
    return result


def _with_eight_bits(image: Image.Image) -> Image.Image:
    """A gray picture of 16 bits, or of numbers from 0 to 1, with 8 bits; others as they are."""
    if image.mode.startswith("I;16"):
        result = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    elif image.mode in ("I", "F"):
        values = np.asarray(image)
        kind = "floating-point numbers" if image.mode == "F" else "32-bit integers"
        if image.mode == "I" or not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"its pixels are {kind} from {values.min():g} to {values.max():g}, and it does not "
                "say which of them is white; save it with 8 or 16 bits"
            )
        result = Image.fromarray(np.rint(values * 255).astype(np.uint8))
    else:
        return image
    result.info = image.info
    return result


def is_srgb(image: Image.Image) -> bool:
    """Whether a picture of a mode in `PROFILED` has no color profile, or that of sRGB."""
    return _to_srgb(image) is None


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    profile = image.info.get("icc_profile")
    return _transform_to_srgb(profile, PROFILED[image.mode]) if profile else None


def _in_srgb(image: Image.Image) -> Image.Image:
    """A picture of a mode in `PROFILED` with a color profile as RGB or RGBA in sRGB."""
    transform = _to_srgb(image)
    if transform is None:
        return image
    result = transform.apply(image.convert(PROFILED[image.mode]))
    if image.has_transparency_data:
        result.putalpha(image.convert("RGBA").getchannel("A"))
    return result


@functools.lru_cache(maxsize=32)
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Converts pictures from a color profile to sRGB, as browsers do.

    Args:
      profile: Content of the profile.
      mode: Of the pictures, `L`, `RGB` or `CMYK`.

    Returns:
      The transform; None if the profile is about sRGB, or damaged, or for another mode.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB",
            ImageCms.Intent(ImageCms.getDefaultIntent(source)),
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if mode == "CMYK":
        return transform
    levels = np.arange(256) if mode == "L" else np.indices((16, 16, 16)).T * 17
    chart = Image.fromarray(levels.reshape(16, -1, *levels.shape[3:]).astype(np.uint8))
    change = np.asarray(transform.apply(chart)) - np.asarray(chart.convert("RGB"), np.int16)
    return transform if np.abs(change).max() > SRGB_TOLERANCE else None


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
