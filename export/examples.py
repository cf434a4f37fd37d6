"""Pictures of held-out images beside an export, where the user asks for them."""

import pathlib
import re

import numpy as np

from export.manifest import Example
from export.options import MAX_EXAMPLES
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import figures
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files, picture_files, pixels

ROLES = ("picture", "look")  # in the manifest; the start of the names of the files
MAX_PNG_SIDE = 64  # pixels; larger pictures are JPEG, a tenth of the size
MAX_NAME = 40  # characters of the image's own name


def choose(translator: Translator, images: ImageSet, count: int) -> dict[Example, bytes]:
    """Chooses pictures to redraw and others to take looks from; no image is both.

    Args:
      translator: Networks, which sort the looks into domains so that as many as possible are shown.
      images: Images to choose from.
      count: Number of each.

    Returns:
      {entry of the manifest: content of the file}.

    Raises:
      UserError: There are fewer images.
    """
    if count > len(images) // 2:
        raise UserError(
            f"--examples={count} takes {2 * count} held-out images and there are {len(images)}; "
            f"ask for at most {len(images) // 2}."
        )
    if not count:
        return {}
    shuffled = images.sample(figures.MAX_REFERENCES * MAX_EXAMPLES)
    pictures, others = (shuffled.take(part) for part in np.split(np.arange(len(shuffled)), [count]))
    looks = others.take(figures.spread(translator.domains(others), count))
    suffix = ".png" if translator.image_size <= MAX_PNG_SIDE else ".jpg"
    chosen = {}
    for role, part in zip(ROLES, (pictures, looks), strict=True):
        names = picture_files.unique_names([_word(name) for name in part.name_list()])
        for name, square in zip(names, part.pixels(), strict=True):
            example = Example(file=f"{role}_{name}{suffix}", role=role)
            chosen[example] = pixels.encode(square, suffix)
    return chosen


def write(folder: pathlib.Path, chosen: dict[Example, bytes]) -> list[Example]:
    """Writes the files of examples to the folder of an export; returns the manifest's entries."""
    for example, content in chosen.items():
        files.write_bytes(folder / example.file, content)
    return list(chosen)


def _word(name: str) -> str:
    """The name of an image in characters that file systems, addresses and manifests all take."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", str(pathlib.PurePath(name).with_suffix("")))
    return plain.strip("-")[-MAX_NAME:].strip("-") or "image"
