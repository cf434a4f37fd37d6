"""A photograph at its own size: the square that a network sees of it, and the result of that size.

NumPy and Pillow only, so that exported models use it without TensorFlow.
"""

import functools
import io
import pathlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageCms

from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import detail as detail_lib
from tunit_tf.io import pixels

MODEL = "model"  # a size of results: that of the networks
SOURCE = "source"  # a size of results: that of the photograph
DETAIL = Bounds(0, 1)
FEATHER = Bounds(0, 2048)  # pixels
QUALITY = Bounds(1, 100)  # of JPEG
SIDE_BOUNDS = Bounds(16, 16_384)  # of the longer side of a result, in pixels
LONGEST_NUMBER = 18  # digits
MAX_PIXELS = 2**27  # of a JPEG photograph that is redrawn at its own size
JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
FEATHER_SHARE = 32  # by default, an edge is feathered over this part of the shorter side
PROFILE_DATE = slice(24, 36)  # in the header of a color profile; fixed, so that files are equal


class Settings(NamedTuple):
    """How a photograph is redrawn.

    Attributes:
      detail: From 0, the enlarged translation, to 1, all detail of the photograph.
      colors_only: Whether only colors are taken from the translation, and `detail` is not used.
      feather: Pixels inside of the edge of a region or mask over which the change fades; None is a
        32nd of the shorter side of what is redrawn.
    """

    detail: float = 1.0
    colors_only: bool = False
    feather: int | None = None


DEFAULTS = Settings()


class Box(NamedTuple):
    """A part of a picture, in pixels; right and bottom are not in it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top


class Region(NamedTuple):
    """A part of pictures of any size: x, y, width and height, each in pixels or percent.

    Attributes:
      numbers: The four numbers.
      percent: Which of them are percent of the picture's width or height.
    """

    numbers: tuple[float, float, float, float]
    percent: tuple[bool, bool, bool, bool] = (False, False, False, False)

    @classmethod
    def parse(cls, text: str) -> "Region":
        """Reads `x,y,width,height`, as `120,80,640,480` or `10%,5%,50%,50%`.

        Raises:
          UserError: The text has another form.
        """
        parts = [part.strip() for part in text.split(",")]
        try:
            numbers = tuple(float(part.removesuffix("%")) for part in parts)
            left, top, width, height = numbers
        except ValueError:
            numbers = ()
        if not numbers or not (
            0 <= left < 1e9 and 0 <= top < 1e9 and 0 < width < 1e9 and 0 < height < 1e9
        ):
            raise UserError(
                f"--region={text} must be x,y,width,height in pixels or percent, for example "
                "120,80,640,480 or 10%,5%,50%,50%."
            )
        x, y, w, h = (part.endswith("%") for part in parts)
        return cls((left, top, width, height), (x, y, w, h))

    def of(self, size: tuple[int, int]) -> Box:
        """The region of a picture of a width and height, rounded to whole pixels.

        Raises:
          UserError: It reaches outside of the picture, or is less than a pixel wide or high.
        """
        sides = (size[0], size[1], size[0], size[1])
        left, top, width, height = (
            number * side / 100 if percent else number
            for number, percent, side in zip(self.numbers, self.percent, sides, strict=True)
        )
        box = Box(round(left), round(top), round(left + width), round(top + height))
        if box.right > size[0] or box.bottom > size[1]:
            raise UserError(
                f"the region {self} reaches outside of the picture of {size[0]} x {size[1]} pixels"
            )
        if min(box.size) < 1:
            raise UserError(
                f"the region {self} is less than a pixel of the picture of {size[0]} x {size[1]}"
            )
        return box

    def __str__(self) -> str:
        return ",".join(
            f"{number:g}{'%' * percent}"
            for number, percent in zip(self.numbers, self.percent, strict=True)
        )


class Size(NamedTuple):
    """The size of results.

    Attributes:
      kind: `model`, `source`, or empty where `longer` is given.
      longer: Longer side in pixels.
    """

    kind: str
    longer: int = 0

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Reads `source`, `model` or a number of pixels.

        Raises:
          UserError: The text has another form, or the number is out of bounds.
        """
        if text in (MODEL, SOURCE):
            return cls(text)
        if not (text.isascii() and text.isdigit()):
            raise UserError(
                f"--size={text} must be {SOURCE}, the photograph's own size, {MODEL}, the "
                "networks' squares, or the longer side in pixels."
            )
        digits = text.lstrip("0")
        if len(digits) > LONGEST_NUMBER:  # Python refuses to read thousands of them
            raise UserError(
                f"--size must be at most {SIDE_BOUNDS.high}; received a number of {len(digits)} "
                "digits."
            )
        longer = int(digits or "0")
        SIDE_BOUNDS.check("--size", longer)
        return cls("", longer)

    def of(self, picture: Image.Image) -> Image.Image:
        """A result in this size; bicubic, with its aspect ratio."""
        if not self.longer or max(picture.size) == self.longer:
            return picture
        scale = self.longer / max(picture.size)
        width, height = (max(1, round(side * scale)) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.BICUBIC)


class Shares(Protocol):
    """How much of the redrawn picture each pixel takes, given in strips."""

    def rows(self, top: int, bottom: int) -> np.ndarray:
        """float32 `(bottom - top, w)` in [0, 1]."""


class Square(NamedTuple):
    """What a network sees of a photograph.

    Attributes:
      image: uint8 `(S, S, 3)`.
      shown: Part of the square that shows the photograph; around it are mirrored margins.
    """

    image: np.ndarray
    shown: Box


class Photograph:
    """An upright picture, of which all or a region is redrawn.

    Args:
      picture: RGB or RGBA, as `pixels.upright` makes it.
      region: What is redrawn; None is the whole picture.

    Attributes:
      size: Width and height of the picture.
      box: What is redrawn.

    Raises:
      UserError: The region does not fit the picture.
    """

    def __init__(self, picture: Image.Image, region: Region | None = None) -> None:
        self.size = picture.size
        self.box = region.of(picture.size) if region else Box(0, 0, *picture.size)
        self._picture = picture

    def square(self, size: int, resize: str) -> Square:
        """Reduces what is redrawn to a square.

        Args:
          size: Side of the square.
          resize: `stretch` changes the aspect ratio; `letterbox` keeps it and mirrors the picture
            into the margins, as does `crop`, since nothing may be cut off.
        """
        whole = self.box == (0, 0, *self.size)
        part = self._picture if whole else self._picture.crop(self.box)
        resize = "stretch" if resize == "stretch" else "letterbox"
        shown = Box(0, 0, size, size)
        if resize == "letterbox":
            shown = Box(*pixels.letterbox_box(part.size, size))
        return Square(pixels.square(pixels.flattened(part), size, resize), shown)

    def redrawn(
        self,
        square: Square,
        translation: np.ndarray,
        settings: Settings = DEFAULTS,
        shares: Shares | None = None,
        in_place: bool = False,
    ) -> Image.Image:
        """The photograph after the translation of its square, in strips of bounded memory.

        Pixels outside of the region, and where `shares` is 0, are those of the photograph.

        Args:
          square: From `square`.
          translation: uint8 `(S, S, 3)`, of the square.
          settings: How.
          shares: How much each pixel of the region is changed; None fades towards the edges of the
            region.
          in_place: Draws into the photograph itself, which saves the memory of another one.

        Returns:
          A picture of the same size and mode, tagged as sRGB.
        """
        left, top, right, bottom = square.shown
        plan = detail_lib.plan(
            square.image[top:bottom, left:right],
            translation[top:bottom, left:right],
            self.box.size,
            settings.detail,
            settings.colors_only,
        )
        if shares is None:
            shares = RegionShares(self.size, self.box, feather_of(self.box, settings.feather))
        result = self._picture if in_place else self._picture.copy()
        for first, last in detail_lib.strips(self.box.size):
            place = (self.box.left, self.box.top + first, self.box.right, self.box.top + last)
            given = np.asarray(self._picture.crop(place))
            changed = _changed(given, functools.partial(plan.rows, top=first))
            drawn = mixed(given, changed, shares.rows(first, last))
            result.paste(Image.fromarray(drawn), place[:2])
        result.info = {"icc_profile": srgb_profile()}  # not comments and EXIF of the photograph
        return result


class Request(NamedTuple):
    """The results that a command is asked for; one for all pictures.

    Attributes:
      size: Size of the results.
      region: What is redrawn; None is the whole picture.
      settings: How.
      quality: Of JPEG files, 1..100.
    """

    size: Size
    region: Region | None
    settings: Settings
    quality: int

    @classmethod
    def checked(
        cls,
        size: str,
        region: str,
        detail: float | None,
        colors_only: bool,
        feather: int | None,
        quality: int = pixels.JPEG_QUALITY,
        default_detail: float = 1.0,
        mask: str = "",
    ) -> "Request":
        """Reads the flags of the same names.

        Args:
          size: See `Size.parse`.
          region: See `Region.parse`; empty for the whole picture.
          detail: Between 0 and 1; None is `default_detail`.
          colors_only: See `Settings`.
          feather: In pixels; None is a 32nd of the shorter side.
          quality: Of JPEG files.
          default_detail: Setting of the run.
          mask: Names masks; empty for none.

        Raises:
          UserError: One is wrong, or they contradict each other.
        """
        found = Size.parse(size)
        bounds = {"detail": (DETAIL, detail), "feather": (FEATHER, feather)}
        for name, (bound, value) in {**bounds, "quality": (QUALITY, quality)}.items():
            if value is not None:
                bound.check(f"--{name}", value)
        if found.kind == MODEL and (region or detail is not None or colors_only):
            raise UserError(
                "--region, --detail and --colors_only are for results of the picture's own size; "
                "leave --size=model out."
            )
        if feather is not None and not (mask or region):
            raise UserError(
                "--feather softens the edges of --mask or --region; give one of them too."
            )
        if colors_only and detail is not None:
            raise UserError("--colors_only takes all detail from the picture; leave --detail out.")
        settings = Settings(default_detail if detail is None else detail, colors_only, feather)
        return cls(found, Region.parse(region) if region else None, settings, quality)

    def with_detail(self, detail: float) -> "Request":
        """The same with another detail."""
        return self._replace(settings=self.settings._replace(detail=detail))

    def photograph(self, picture: Image.Image, size: int, resize: str) -> Photograph:
        """What is redrawn of an upright picture.

        With `--size=model` the picture is first reduced to what a network of a `size` sees of it,
        and is then redrawn like a photograph, one without detail above the network's.

        Args:
          picture: RGB or RGBA.
          size: Side of the network's squares.
          resize: One of `pixels.RESIZE`.

        Raises:
          UserError: The region does not fit.
        """
        if self.size.kind == MODEL:
            picture = reduced(pixels.flattened(picture), size, resize)
        return Photograph(picture, self.region)

    def result(
        self,
        photograph: Photograph,
        square: Square,
        translation: np.ndarray,
        shares: Shares | None = None,
        in_place: bool = False,
    ) -> Image.Image:
        """The redrawn photograph in the size that is asked for; see `Photograph.redrawn`."""
        drawn = photograph.redrawn(square, translation, self.settings, shares, in_place)
        return self.size.of(drawn)


def reduced(picture: Image.Image, size: int, resize: str) -> Image.Image:
    """An RGB or gray picture as a network sees it, without mirrored margins."""
    box = (0, 0, size, size)
    if resize == "letterbox":
        box = pixels.letterbox_box(picture.size, size)
    return Image.fromarray(pixels.square(picture, size, resize)).crop(box)


def feather_of(box: Box, feather: int | None) -> int:
    """The feather in pixels: as given, or a part of the shorter side of what is redrawn."""
    return min(box.size) // FEATHER_SHARE if feather is None else feather


class RegionShares:
    """Shares that fade towards the edges of a region, but not towards those of the photograph.

    The share of a pixel is `min(1, d / (feather + 1))`, where `d` is the distance in pixels to the
    nearest one outside of the region: 1 for the outermost pixels inside.

    Args:
      size: Width and height of the photograph.
      box: The region.
      feather: At least 0.
    """

    def __init__(self, size: tuple[int, int], box: Box, feather: int) -> None:
        self._across = _fading(box.left, box.right, size[0], feather)
        self._down = _fading(box.top, box.bottom, size[1], feather)

    def rows(self, top: int, bottom: int) -> np.ndarray:
        """See `Shares.rows`."""
        return np.minimum(self._across, self._down[top:bottom, None])


def _fading(start: int, end: int, length: int, feather: int) -> np.ndarray:
    """Shares along one side of a region, float32 `(end - start,)`."""
    place = np.arange(start, end)
    distance = np.full(end - start, feather + 1)
    if start > 0:
        distance = np.minimum(distance, place - start + 1)
    if end < length:
        distance = np.minimum(distance, end - place)
    return distance.astype(np.float32) / np.float32(feather + 1)


def _changed(given: np.ndarray, redraw: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Redraws rows `(n, w, 3)` or `(n, w, 4)`; with alpha, what is seen over white is redrawn.

    The color under a transparent pixel is chosen so that it looks, over white, as the redrawn one;
    under one that cannot be seen at all, it is white.
    """
    if given.shape[2] == 3:
        return redraw(given)
    alpha = given[..., 3:].astype(np.float32) / np.float32(255)
    white = np.float32(255)
    seen = np.rint(white + alpha * (given[..., :3].astype(np.float32) - white)).astype(np.uint8)
    drawn = redraw(seen).astype(np.float32)
    color = white + (drawn - white) / np.maximum(alpha, np.float32(1 / 255))
    color = np.where(alpha > 0, np.clip(np.rint(color), 0, 255), white).astype(np.uint8)
    return np.concatenate([color, given[..., 3:]], axis=2)


def mixed(given: np.ndarray, changed: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mixes the values of pixels: `given` where the share is 0, `changed` where it is 1.

    Args:
      given: uint8 `(..., C)`.
      changed: The same.
      shares: float32 `(...)` in [0, 1].

    Returns:
      uint8 `(..., C)`; no value is outside of those of the two.
    """
    if shares.min(initial=1) == 1:
        return changed
    start = given.astype(np.float32)
    return np.rint(start + shares[..., None] * (changed - start)).astype(np.uint8)


@functools.cache
def srgb_profile() -> bytes:
    """The color profile of results; equal in every process."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    content[PROFILE_DATE] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")  # the year 2000
    return bytes(content)


def encoded(picture: Image.Image, suffix: str, quality: int = pixels.JPEG_QUALITY) -> bytes:
    """A result as the bytes of a `.png` or `.jpg` file with an sRGB profile.

    Args:
      picture: From `Photograph.redrawn`; JPEG has no transparency, so it is put over white.
      suffix: `.png`, or anything else for JPEG.
      quality: Of JPEG, 1..100.
    """
    buffer = io.BytesIO()
    if suffix == ".png":
        picture.save(buffer, format="PNG", icc_profile=srgb_profile())
    else:
        pixels.flattened(picture).save(
            buffer, format="JPEG", quality=quality, subsampling=0, icc_profile=srgb_profile()
        )
    return buffer.getvalue()


def suffix_of(path: pathlib.Path, kind: str) -> str:
    """`.png` or `.jpg` for `png`, `jpeg` or `source`: JPEG for photographs that are JPEG files."""
    if kind == SOURCE:
        kind = "jpeg" if path.suffix.lower() in JPEG_SUFFIXES else "png"
    return ".jpg" if kind == "jpeg" else ".png"


def read(
    source: str | pathlib.Path | Image.Image | np.ndarray, region: Region | None = None
) -> Photograph:
    """A photograph from a file, an opened picture or an array.

    Args:
      source: File, opened picture of any mode, or uint8 `(H, W, 3)`.
      region: What is redrawn; None is the whole picture.

    Raises:
      OSError: The file cannot be read.
      ValueError: It has too many pixels, or the array has another shape or dtype.
      UserError: The region does not fit.
    """
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3:
            raise ValueError(
                f"A photograph must be uint8 (H, W, 3); received {source.dtype} {source.shape}."
            )
        return Photograph(Image.fromarray(source), region)
    return Photograph(open_upright(source), region)


def open_upright(source: pixels.Picture) -> Image.Image:
    """A photograph as `pixels.upright` makes it, large JPEG files at their own size."""
    return pixels.open_as(source, pixels.upright, MAX_PIXELS)
