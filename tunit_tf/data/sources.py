"""Opens what --data names: the procedural set, a folder of images, or a TFDS data set."""

import dataclasses
import functools
import importlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from absl import logging
from PIL import Image

from tunit_tf.config import Config
from tunit_tf.data import cache, synthetic
from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.data.splits import (
    FEWEST_LEFT,
    Recorded,
    Split,
    class_of,
    keep,
    split,
    with_recorded_classes,
)
from tunit_tf.errors import UserError
from tunit_tf.io import picture_files, pixels
from tunit_tf.paths import ADDRESS, user_path

SYNTHETIC = "synthetic"
TFDS_PREFIX = "tfds:"
TFDS_HELD_OUT = ("test", "validation")
# Folders of a set that is divided already, in the order in which they are preferred.
TRAIN_FOLDERS = ("train", "training")
HELD_OUT_FOLDERS = ("val", "valid", "validation", "test", "testing")
CONSTANT_SAMPLE = 500  # pictures that are looked at
MANY_CONSTANT = 0.05  # share of pictures of a single color above which a set is damaged


def load(config: Config, recorded: Recorded | None = None) -> Split:
    """Loads the images of a run, decoded and resized, and splits them.

    Args:
      config: Names the images, and how they are split.
      recorded: Split of a run that goes on; None makes a new split.

    Raises:
      UserError: A path is missing, nothing can be read, a split is empty, or most of the recorded
        images are gone.
    """
    if not config.data:
        raise UserError("This run has no images of its own; name some with --data=FOLDER.")
    named, config = config, laid_out(config)
    if config is not named:
        logging.warning(
            "%s is divided already: %s is used to train, and %s is held out.",
            named.data, pathlib.Path(config.data).name,
            named.validation_data or pathlib.Path(config.validation_data).name,
        )  # fmt: skip
    parts = _open_parts(config)
    if recorded is None:
        return parts if isinstance(parts, Split) else split(parts, config)
    if isinstance(parts, ImageSet):
        if _is_folder(config.data):
            parts = with_recorded_classes(parts, [*recorded.train, *recorded.validation])
        parts = Split(parts, parts)
    elif _is_folder(config.data) and _is_folder(config.validation_data):
        parts = Split(*map(with_recorded_classes, parts, recorded.parts))
    return keep(parts, recorded, config.data)


def _open_parts(config: Config) -> Split | ImageSet:
    """The images to train on and those held out, or all images where one set holds both."""
    if config.validation_data:
        if _same_images(config.data, config.validation_data):
            logging.warning(
                "--validation_data=%s are the images to train on, so scores on them say little; "
                "name other images, or leave it out to hold out a part of --data.",
                config.validation_data,
            )
        return Split(open_images(config.data, config), open_images(config.validation_data, config))
    # --validation_last asks for a part of the training split, as held-out splits may lack boxes.
    if config.data.startswith(TFDS_PREFIX) and not config.validation_last:
        name = config.data.removeprefix(TFDS_PREFIX)
        held_out = [s for s in TFDS_HELD_OUT if s in _tfds_builder(name, config).info.splits]
        if held_out:
            return Split(_open_tfds(name, "train", config), _open_tfds(name, held_out[0], config))
    return open_images(config.data, config)


def laid_out(config: Config) -> Config:
    """A config that names the parts of a folder that is divided already, as `train/` and `val/`.

    Others stay as they are.
    """
    if not config.data or not _is_folder(config.data):
        return config
    folder = user_path(config.data, "--data")
    try:
        with os.scandir(folder) as entries:
            found = {entry.name for entry in entries if _counts(entry)}
    except OSError:  # opening it raises the same error with a sentence
        return config
    by_name = {name.lower(): folder / name for name in found}
    train = [by_name[name] for name in TRAIN_FOLDERS if name in by_name]
    held_out = [by_name[name] for name in HELD_OUT_FOLDERS if name in by_name]
    if not (train and held_out) or set(by_name) - {*TRAIN_FOLDERS, *HELD_OUT_FOLDERS}:
        return config
    validation_data = config.validation_data or str(held_out[0])
    return dataclasses.replace(config, data=str(train[0]), validation_data=validation_data)


def _counts(entry: os.DirEntry) -> bool:
    """Whether an entry of a folder is a picture, or a folder that may hold some."""
    if entry.is_dir():
        return not entry.name.startswith(".") and entry.name not in picture_files.LEFT_OUT
    return picture_files.is_picture(entry.name)


def _is_folder(data: str) -> bool:
    return data != SYNTHETIC and not data.startswith(TFDS_PREFIX)


def _same_images(data: str, other: str) -> bool:
    if _is_folder(data) and _is_folder(other):
        data, other = (str(user_path(name, "--data").resolve()) for name in (data, other))
    return data == other


def open_images(data: str, config: Config) -> ImageSet:
    """All images that `data` names, in a fixed order. Raises UserError as `load`."""
    if data == SYNTHETIC:
        try:
            return synthetic.generate(config.synthetic_images, config.image_size, config.seed)
        except MemoryError:
            raise UserError(
                f"{config.synthetic_images} procedural images of {config.image_size} px do not fit "
                "into memory; lower --synthetic_images."
            ) from None
    if data.startswith(TFDS_PREFIX):
        return _open_tfds(data.removeprefix(TFDS_PREFIX), "train", config)
    return _open_folder(user_path(data, "--data"), config)


def _open_folder(folder: pathlib.Path, config: Config) -> ImageSet:
    if not os.path.isdir(folder):  # pathlib's raises an error if a parent cannot be searched
        raise UserError(
            f"--data={folder} is not a folder. Give an existing folder of images, 'synthetic', or "
            "tfds:NAME; configs/README.md says how to get the paper's sets."
        )
    paths = picture_files.below(folder)
    if not paths:
        raise UserError(f"No images ({', '.join(picture_files.EXTENSIONS)}) below {folder}.")
    names = tuple(str(path.relative_to(folder)) for path in paths)
    classes = sorted(set(map(class_of, names)))
    if config.classes:
        classes = _chosen(classes, config.classes, folder)
        names = tuple(name for name in names if class_of(name) in classes)
    labels = np.array([classes.index(class_of(name)) for name in names], np.int32)
    stamps = [_stamp(folder / name) for name in names]
    decoded = cache.decoded(
        (functools.partial(pixels.open_rgb, folder / name) for name in names),
        names,
        cache.key(str(folder.resolve()), names, stamps),
        config,
    )
    images = ImageSet(decoded.images, decoded.good, names)
    _warn_of_constant(images, folder)
    if len(classes) == 1:
        return images
    return dataclasses.replace(images, labels=labels, label_names=tuple(classes))


def _warn_of_constant(images: ImageSet, folder: pathlib.Path) -> None:
    """Logs if many pictures have a single color, as those of a broken export or download."""
    places = np.sort(sampled_positions(len(images), CONSTANT_SAMPLE))
    pictures = images.pixels(places)
    constant = np.flatnonzero((pictures == pictures[:, :1, :1]).all((1, 2, 3)))
    if len(constant) > max(1, MANY_CONSTANT * len(places)):
        logging.warning(
            "%d of %d pictures of %s that were looked at have a single color, such as %s; look at "
            "them and remove those that are damaged.",
            len(constant), len(places), folder, images.name_list()[places[constant[0]]],
        )  # fmt: skip


def _stamp(path: pathlib.Path) -> tuple[int, int, int]:
    """Size of a file, and times of change of content and inode; zeros if it has vanished.

    Copying and unpacking set the first time to that of the original, the second cannot be set.
    """
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _chosen(classes: list[str], wanted: str, folder: pathlib.Path) -> list[str]:
    """The classes that `--classes` names, in its order."""
    by_index = dict(zip(map(str, range(len(classes))), classes, strict=True))
    chosen = []
    for word in (w.strip() for w in wanted.split(",")):
        name = word if word in classes else by_index.get(word)
        if name is None:
            raise UserError(
                f"--classes={wanted}: '{word}' is neither a class folder of {folder} nor an index "
                f"below {len(classes)}; the folders are {', '.join(classes[:20])}."
            )
        if name in chosen:
            raise UserError(f"--classes={wanted} names the class '{name}' twice; name it once.")
        chosen.append(name)
    return chosen


def _tfds_builder(name: str, config: Config) -> Any:
    """The TFDS builder of a set, which is prepared: only then are its splits known.

    Raises:
      UserError: TFDS has no such set, or it cannot be downloaded or prepared.
    """
    # Importing TFDS takes seconds, and most runs read folders.
    tfds = importlib.import_module("tensorflow_datasets")
    importlib.import_module("tunit_tf.data.afhq")
    folder = config.data_dir or None
    if folder and not ADDRESS.match(folder):  # TFDS reads buckets too
        folder = str(user_path(folder, "--data_dir"))
    try:
        builder = tfds.builder(name, data_dir=folder)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise UserError(f"--data=tfds:{name} is unknown to TFDS: {first_line}") from None
    settings = None
    if config.beam_runner:
        try:
            importlib.import_module("apache_beam")
        except ImportError:
            raise UserError(
                f"--beam_runner={config.beam_runner} needs Apache Beam: pip install -r "
                "requirements-beam.txt."
            ) from None
        settings = tfds.download.DownloadConfig(beam_runner=config.beam_runner)
        builder.on_beam = True  # read by our own builder; others use Beam always or never
    try:
        builder.download_and_prepare(download_config=settings)
    except (AssertionError, OSError, ValueError, tfds.download.DownloadError) as error:
        reason = " ".join(str(error).split())[:400]
        raise UserError(
            f"--data=tfds:{name} could not be downloaded or prepared ({reason}); check the "
            "network, or put the archive into TFDS' manual folder as configs/README.md says."
        ) from None
    return builder


def _open_tfds(name: str, split_name: str, config: Config) -> ImageSet:
    """One split of a TFDS set, with labels if it has them. Raises UserError as `load`."""
    tfds = importlib.import_module("tensorflow_datasets")
    builder = _tfds_builder(name, config)
    features = builder.info.features
    if "image" not in features:
        raise UserError(f"--data=tfds:{name} has no feature 'image', only {', '.join(features)}.")
    if config.box_feature and config.box_feature not in features:
        raise UserError(
            f"--box_feature={config.box_feature} is not among {name}'s features: "
            f"{', '.join(features)}."
        )

    def read(*wanted: str) -> Any:
        partial = tfds.decode.PartialDecoding({feature: True for feature in wanted})
        return tfds.as_numpy(builder.as_dataset(split=split_name, decoders=partial))

    def openers() -> Iterator[Callable[[], Image.Image]]:
        box = (config.box_feature,) if config.box_feature else ()
        for example in read("image", *box):
            image = Image.fromarray(example["image"].squeeze())
            if box:
                yield functools.partial(crop_box, image, example[config.box_feature])
            else:
                yield image.copy

    count = builder.info.splits[split_name].num_examples
    names = tuple(f"{name}/{split_name}/{i:07d}" for i in range(count))
    identity = (builder.info.full_name, split_name, count, config.box_feature)
    decoded = cache.decoded(openers(), names, cache.key(*identity), config)
    if "label" not in features:
        return ImageSet(decoded.images, decoded.good, names)
    labels = np.array([example["label"] for example in read("label")], np.int32)
    return ImageSet(decoded.images, decoded.good, names, labels, tuple(features["label"].names))


def crop_box(image: Image.Image, box: np.ndarray) -> Image.Image:
    """Cuts out a TFDS box.

    Args:
      image: Picture.
      box: ymin, xmin, ymax, xmax in [0, 1].

    Raises:
      ValueError: The box is empty.
    """
    ymin, xmin, ymax, xmax = (float(value) for value in box)
    if ymax <= ymin or xmax <= xmin:
        raise ValueError("empty bounding box")
    width, height = image.size
    return image.crop((xmin * width, ymin * height, xmax * width, ymax * height))


def record(split_of_run: Split, config: Config) -> dict[str, Any]:
    """The split by file name, with the sizes of files, as the run folder has it in `split.json`.

    Args:
      split_of_run: The images.
      config: Names where they are.
    """
    names = {part: images.name_list() for part, images in split_of_run._asdict().items()}
    if not all(map(_is_folder, _places(config))):
        return dict(names)
    sizes = {
        part: [_stamp(user_path(place, "--data") / name)[0] for name in names[part]]
        for part, place in zip(names, _places(config), strict=True)
    }
    return {**names, "sizes": sizes}


def _places(config: Config) -> tuple[str, str]:
    """Where the images to train on are, and those held out; names are relative to these."""
    config = laid_out(config)
    return config.data, config.validation_data or config.data


def are_same_files(config: Config, recorded: Recorded) -> bool:
    """Whether most recorded files are where a config says, by their names and sizes.

    So a folder is known that was moved, copied to another machine, or named in another way.
    """
    if not (config.data and recorded.sizes and all(map(_is_folder, _places(config)))):
        return False
    found = [
        0 < size == _stamp(user_path(place, "--data") / name)[0]
        for place, part in zip(_places(config), Split._fields, strict=True)
        for name, size in zip(getattr(recorded, part), recorded.sizes[part], strict=True)
    ]
    return sum(found) >= FEWEST_LEFT * len(found)
