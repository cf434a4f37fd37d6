"""Pictures of held-out images beside an export, where the user asks for them."""

import pathlib
import re

import numpy as np
from PIL import Image

from export import manifest, run_description
from export.manifest import Example, WeightsManifest
from export.options import MAX_EXAMPLES
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import figures
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files, picture_files, pixels

ROLES = ("picture", "look")  # in the manifest; the start of the names of the files
MAX_PNG_SIDE = 64  # pixels; larger pictures are JPEG, a tenth of the size
MAX_NAME = 40  # characters of the image's own name
MAX_SIDE = 512  # pixels of a photograph that is to be redrawn at its own size


def of_run(run: TrainedRun, images: ImageSet | None, count: int) -> dict[Example, bytes]:
    """The examples of an export: new ones where they are asked for, else those of a weights folder.

    Args:
      run: The run or weights folder that is exported.
      images: Images to choose from; None takes those that the run holds out.
      count: Number of pictures, and of looks.

    Returns:
      {entry of the manifest: content of the file}.

    Raises:
      UserError: There are fewer images, or a file of the weights folder was changed.
    """
    if count:
        return choose(run.translator, images or run.split.validation, count)
    published = run_description.published(run)
    return of_weights(run.folder, published) if published else {}


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


def named(pictures: str, looks: str, size: int) -> dict[Example, bytes]:
    """Pictures of two folders, with their names as captions.

    Pictures to redraw are reduced to `MAX_SIDE`, or else keep their size. Looks are cut to squares,
    since only the networks see them.

    Args:
      pictures: Folder of pictures to redraw, '' for none.
      looks: Folder of pictures to take looks from, '' for none.
      size: Side of the squares in pixels.

    Returns:
      As `choose`.

    Raises:
      UserError: A folder has no pictures, or one of them cannot be read.
    """
    suffix = ".png" if size <= MAX_PNG_SIDE else ".jpg"
    chosen = {}
    folders = {"example_pictures": pictures, "example_looks": looks}
    for role, (flag, folder) in zip(ROLES, folders.items(), strict=True):
        paths = picture_files.find(folder, flag) if folder else []
        names = picture_files.unique_names([_word(path.name) for path in paths])
        for path, name in zip(paths, names, strict=True):
            example = Example(file=f"{role}_{name}{suffix}", role=role, caption=path.stem)
            picture = pixels.open_rgb(path)
            if role == "look":
                picture = Image.fromarray(pixels.square(picture, size, "crop"))
            picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
            chosen[example] = pixels.encode(np.asarray(picture), suffix)
    return chosen


def of_weights(folder: pathlib.Path, published: WeightsManifest) -> dict[Example, bytes]:
    """The examples of a weights folder, as `choose` returns them.

    Raises:
      UserError: A file is missing or was changed.
    """
    manifest.verify(folder, published)
    return {example: (folder / example.file).read_bytes() for example in published.examples}


def write(folder: pathlib.Path, chosen: dict[Example, bytes]) -> list[Example]:
    """Writes the files of examples to the folder of an export; returns the manifest's entries."""
    for example, content in chosen.items():
        files.write_bytes(folder / example.file, content)
    return list(chosen)


def _word(name: str) -> str:
    """The name of an image in characters that file systems, addresses and manifests all take."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", str(pathlib.PurePath(name).with_suffix("")))
    return plain.strip("-")[-MAX_NAME:].strip("-") or "image"
