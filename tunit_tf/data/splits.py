"""Which images are held out: chosen by a rule at first, read from a record in a resumed run."""

import dataclasses
from typing import NamedTuple

import numpy as np
from absl import logging

from tunit_tf.config import Config
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError

FEWEST_LEFT = 0.5  # share of the recorded images below which they are not the same set
MAX_NAMED = 5  # images named in a message


class Split(NamedTuple):
    """Images to train on and images held out."""

    train: ImageSet
    validation: ImageSet


class Recorded(NamedTuple):
    """The images of a run, as `split.json` has them.

    Attributes:
      train: Names of the images to train on.
      validation: Names of the images held out.
      sizes: {part: sizes of its files in bytes}; empty where the images are not files.
    """

    train: list[str]
    validation: list[str]
    sizes: dict[str, list[int]] = {}

    @property
    def parts(self) -> tuple[list[str], list[str]]:
        """Names to train on, and names held out."""
        return self.train, self.validation


def split(images: ImageSet, config: Config) -> Split:
    """Holds images out: the last of each class by name, or a seeded share of all.

    Raises:
      UserError: No image is left to train on.
    """
    held_out = np.zeros(len(images), bool)
    if config.validation_last:
        labels = images.classes()
        labels = np.zeros(len(images), np.int32) if labels is None else labels
        for label in np.unique(labels):
            held_out[np.flatnonzero(labels == label)[-config.validation_last :]] = True
        cure = f"lower --validation_last={config.validation_last}"
    else:
        count = max(1, round(config.validation_fraction * len(images)))
        order = np.random.default_rng([config.seed, len(images)]).permutation(len(images))
        held_out[order[:count]] = True
        cure = f"lower --validation_fraction={config.validation_fraction:g}"
    if held_out.all():
        number = "the only image" if len(images) == 1 else f"all {len(images)} images"
        cure = cure if len(images) > 1 else "name held-out images with --validation_data"
        raise UserError(
            f"Holding out validation images takes {number} of {config.data} and leaves none of "
            f"{len(images)} to train on; add images or {cure}."
        )
    _warn_of_classes_held_out(images, held_out)
    return Split(images.take(~held_out), images.take(held_out))


def _warn_of_classes_held_out(images: ImageSet, held_out: np.ndarray) -> None:
    labels = images.classes()
    if labels is None:
        return
    lost = sorted(set(labels) - set(labels[~held_out]))
    if lost:
        logging.warning(
            "All images of %s are held out, so the run trains without them; add images or hold out "
            "fewer with --validation_last or --validation_fraction.",
            ", ".join(f"class {images.label_names[label]}" for label in lost),
        )


def keep(parts: Split, recorded: Recorded, data: str) -> Split:
    """The recorded split of a set in which files may have been added or removed since.

    Images that are gone are left out, and so are new ones: the run continues with the images
    that remain. Both are named in the log.

    Args:
      parts: Sets in which the recorded names of either part are looked up; may be one set twice.
      recorded: Names of the run's images.
      data: What `--data` names, for messages.

    Raises:
      UserError: Most of the recorded images, or all of one part, are gone.
    """
    kept = [_named(images, names) for images, names in zip(parts, recorded.parts, strict=True)]
    known = {*recorded.train, *recorded.validation}
    left, count = sum(map(len, kept)), len(recorded.train) + len(recorded.validation)
    if left < FEWEST_LEFT * count or not all(map(len, kept)):
        raise UserError(
            f"Only {left} of the {count} images that this run has used are left in {data}; restore "
            "them, or start a new run with another --run_dir."
        )
    present = {name for images in parts for name in images.name_list()}
    changes = (
        ("gone", "left out", sorted(known - present)),
        ("new", "not used; a new run with another --run_dir uses them", sorted(present - known)),
    )
    for what, outcome, names in changes:
        if names:
            shown = ", ".join(names[:MAX_NAMED]) + ", ..." * (len(names) > MAX_NAMED)
            logging.warning(
                "Images of %s have changed since the run started: %d are %s (%s) and %s.",
                data, len(names), what, shown, outcome,
            )  # fmt: skip
    return Split(*kept)


def with_recorded_classes(images: ImageSet, names: list[str]) -> ImageSet:
    """A set of class folders, its classes numbered as when the run started.

    Folders that were added or removed since would otherwise shift the numbers of those behind them.

    Args:
      images: All images of the folders, named `CLASS/...`.
      names: Names of the run's images.
    """
    recorded = {class_of(name) for name in names}
    opened = set(images.label_names) or {class_of(name) for name in images.names}
    new = {class_of(name) for name in images.name_list()} - recorded
    classes = sorted((opened - new) | recorded)
    if len(classes) == 1:
        return dataclasses.replace(images, labels=None, label_names=())
    if set(classes) == set(images.label_names):  # --classes may have another order
        return images
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers.get(class_of(name), -1) for name in images.names], np.int32)
    return dataclasses.replace(images, labels=labels, label_names=tuple(classes))


def class_of(name: str) -> str:
    """First folder of an image's name; '' for images that are in none."""
    return name.partition("/")[0] if "/" in name else ""


def _named(images: ImageSet, names: list[str]) -> ImageSet:
    """The images of these names, in the set's order."""
    wanted = set(names)
    return images.take(np.array([name in wanted for name in images.name_list()], bool))
