"""A user's masks: the files that belong to sources, and the alpha channel of a source."""

import pathlib
from collections.abc import Sequence

from PIL import Image, ImageOps

from tunit_tf.errors import UserError
from tunit_tf.io import pixels

ALPHA = "alpha"  # in place of a folder
SUFFIX = ".png"  # JPEG changes pixels around edges, also those that are not to be redrawn
NOTHING = (0, 0, 0)  # color of what is not redrawn


class Masks:
    """The masks of sources, from a folder with a file per source or from the sources themselves.

    Args:
      mask: `alpha`, or a folder that has `a/cat.png` for the source `a/cat.jpg`.
      source: The sources as the user named them, a picture or a folder.
      sources: Files of the sources.

    Raises:
      UserError: The folder is missing, no folder, or in that of the sources; or a source has no
        mask in it.
    """

    def __init__(self, mask: str, source: str, sources: Sequence[pathlib.Path]) -> None:
        self._files: dict[pathlib.Path, pathlib.Path] | None = None
        if mask != ALPHA:
            self._files = _find(mask, pathlib.Path(source).expanduser(), sources)

    def open(self, path: pathlib.Path, size: tuple[int, int]) -> Image.Image:
        """The mask of a source as a gray picture of its size, white where it is redrawn.

        Args:
          path: File of the source.
          size: Width and height of the source in pixels, upright.

        Raises:
          UserError: It cannot be read, or has another aspect ratio than the source.
        """
        if self._files is None:
            return pixels.open_as(path, alpha_of)
        file = self._files[path]
        try:
            return fitted(pixels.open_as(file, _gray_png), size, str(file))
        except UserError:
            raise
        except (OSError, ValueError, MemoryError) as error:
            raise UserError(f"its mask {file} cannot be read: {error}") from None


def alpha_of(picture: Image.Image) -> Image.Image:
    """The alpha channel of an opened picture as a gray picture, upright.

    Raises:
      UserError: It has none.
    """
    if not picture.has_transparency_data:
        raise UserError("it has no alpha channel to take the mask from")
    return ImageOps.exif_transpose(picture).convert("RGBA").getchannel("A")


def gray(mask: Image.Image) -> Image.Image:
    """An opened mask of any mode as a gray picture, upright; what is transparent is black."""
    return pixels.upright_rgb(mask, NOTHING).convert("L")


def fitted(mask: Image.Image, size: tuple[int, int], name: str) -> Image.Image:
    """A gray mask in the size of its picture.

    Args:
      mask: Gray picture.
      size: Width and height of the picture.
      name: Name of the mask, for the message.

    Raises:
      UserError: The aspect ratios differ by more than rounding to whole pixels explains.
    """
    if abs(mask.width * size[1] - mask.height * size[0]) > max(size):
        raise UserError(
            f"its mask {name} is {mask.width} x {mask.height} pixels and the picture {size[0]} x "
            f"{size[1]}, which is a different aspect ratio"
        )
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def _gray_png(opened: Image.Image) -> Image.Image:
    if opened.format != "PNG":
        raise ValueError(f"it is a {opened.format} file by its content, not PNG")
    return gray(opened)


def _find(
    mask: str, source: pathlib.Path, sources: Sequence[pathlib.Path]
) -> dict[pathlib.Path, pathlib.Path]:
    """The file of the mask of every source."""
    folder = pathlib.Path(mask).expanduser()
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise UserError(
            f"--mask={mask} {state}; name a folder with a PNG file per source under the source's "
            "name, or alpha."
        )
    base = source if source.is_dir() else source.parent
    found = {path: folder / path.relative_to(base).with_suffix(SUFFIX) for path in sources}
    inside = source.is_dir() and folder.resolve().is_relative_to(source.resolve())
    if inside or any(path.samefile(file) for path, file in found.items() if file.exists()):
        raise UserError(
            f"--mask={mask} is in the folder of --source, so that masks would count as sources; "
            "move them to a folder of their own."
        )
    missing = [path for path, file in found.items() if not file.exists()]
    if missing:
        wanted = found[missing[0]]
        other = next((p for p in sorted(wanted.parent.glob("*")) if p.stem == wanted.stem), None)
        hint = f" ({other.name} is there: save it as PNG)" if other else ""
        raise UserError(
            f"{len(missing)} of {len(sources)} sources have no mask in --mask={mask}; for "
            f"{missing[0]} there is no {wanted}{hint}. Draw one, white where the picture is to be "
            "redrawn, or leave these sources out."
        )
    return found
