"""Opens what --data names: the procedural set, a folder of images, or a TFDS data set."""

import importlib
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from tunit_tf.config import Config
from tunit_tf.data import cache, synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.io import pixels

TFDS_PREFIX = "tfds:"
TFDS_HELD_OUT = ("test", "validation")


class Split(NamedTuple):
    """Images to train on and images held out."""

    train: ImageSet
    validation: ImageSet


def load(config: Config) -> Split:
    """Loads the images of a run, decoded and resized, and splits them.

    Raises:
      UserError: A path is missing, nothing can be read, or a split is empty.
    """
    if not config.data:
        raise UserError("This run has no images of its own; name some with --data=FOLDER.")
    if config.validation_data:
        return Split(open_images(config.data, config), open_images(config.validation_data, config))
    if config.data.startswith(TFDS_PREFIX):
        name = config.data.removeprefix(TFDS_PREFIX)
        held_out = [s for s in TFDS_HELD_OUT if s in _tfds_builder(name, config).info.splits]
        if held_out:
            return Split(_open_tfds(name, "train", config), _open_tfds(name, held_out[0], config))
    return split(open_images(config.data, config), config)


def open_images(data: str, config: Config) -> ImageSet:
    """All images that `data` names, in a fixed order. Raises UserError as `load`."""
    if data == "synthetic":
        return synthetic.generate(config.synthetic_images, config.image_size, config.seed)
    if data.startswith(TFDS_PREFIX):
        return _open_tfds(data.removeprefix(TFDS_PREFIX), "train", config)
    return _open_folder(pathlib.Path(data).expanduser(), config)


def split(images: ImageSet, config: Config) -> Split:
    """Holds images out: the last of each class by name, or a seeded share of all."""
    held_out = np.zeros(len(images), bool)
    if config.validation_last:
        labels = images.classes()
        labels = np.zeros(len(images), np.int32) if labels is None else labels
        for label in np.unique(labels):
            held_out[np.flatnonzero(labels == label)[-config.validation_last :]] = True
    else:
        count = max(1, round(config.validation_fraction * len(images)))
        order = np.random.default_rng([config.seed, len(images)]).permutation(len(images))
        held_out[order[:count]] = True
    if held_out.all():
        raise UserError(
            f"Holding out validation images leaves none of {len(images)} in {config.data} to "
            f"train on; add images or lower --validation_last={config.validation_last}."
        )
    return Split(images.take(~held_out), images.take(held_out))


def _open_folder(folder: pathlib.Path, config: Config) -> ImageSet:
    if not folder.is_dir():
        raise UserError(
            f"--data={folder} is not a folder. Give an existing folder of images, 'synthetic', or "
            "tfds:NAME; configs/README.md says how to get the paper's sets."
        )
    paths = pixels.find(folder)
    if not paths:
        raise UserError(f"No images ({', '.join(pixels.EXTENSIONS)}) below {folder}.")
    classes = sorted({_class_of(path, folder) for path in paths})
    if config.classes:
        classes = _chosen(classes, config.classes, folder)
        paths = [path for path in paths if _class_of(path, folder) in classes]
    labels = np.array([classes.index(_class_of(path, folder)) for path in paths], np.int32)
    names = tuple(str(path.relative_to(folder)) for path in paths)
    stamps = [_stamp(path) for path in paths]
    decoded = cache.decoded(
        (lambda path=path: Image.open(path) for path in paths),
        names,
        cache.key(str(folder.resolve()), names, stamps),
        config,
    )
    if len(classes) == 1:
        return ImageSet(decoded.images, decoded.good, names)
    return ImageSet(decoded.images, decoded.good, names, labels, tuple(classes))


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    """Size and time of change of a file; zeros for one that has vanished."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _class_of(path: pathlib.Path, folder: pathlib.Path) -> str:
    """First folder below the root; '' for images directly in it."""
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else ""


def _chosen(classes: list[str], wanted: str, folder: pathlib.Path) -> list[str]:
    chosen = []
    for word in (w.strip() for w in wanted.split(",")):
        if word in classes:
            chosen.append(word)
        elif word.isdigit() and int(word) < len(classes):
            chosen.append(classes[int(word)])
        else:
            raise UserError(
                f"--classes={wanted}: '{word}' is neither a class folder of {folder} nor an index "
                f"below {len(classes)}; the folders are {', '.join(classes[:20])}."
            )
    return chosen


def _tfds_builder(name: str, config: Config):
    """The TFDS builder of a set, prepared; its splits are known only then."""
    # Importing TFDS takes seconds, and most runs read folders.
    tfds = importlib.import_module("tensorflow_datasets")
    importlib.import_module("tunit_tf.data.afhq")
    try:
        builder = tfds.builder(name, data_dir=config.data_dir or None)
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
        builder.on_beam = True  # of ours; sets that always use Beam take the runner alone
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

    def read(*wanted: str):
        partial = tfds.decode.PartialDecoding({feature: True for feature in wanted})
        return tfds.as_numpy(builder.as_dataset(split=split_name, decoders=partial))

    def openers():
        box = (config.box_feature,) if config.box_feature else ()
        for example in read("image", *box):
            image = Image.fromarray(example["image"].squeeze())
            yield (
                lambda image=image, example=example: (
                    crop_box(image, example[config.box_feature]) if box else image
                )
            )

    count = builder.info.splits[split_name].num_examples
    names = tuple(f"{name}/{split_name}/{i:07d}" for i in range(count))
    identity = (builder.info.full_name, split_name, count, config.box_feature)
    decoded = cache.decoded(openers(), names, cache.key(*identity), config)
    if "label" not in features:
        return ImageSet(decoded.images, decoded.good, names)
    labels = np.array([example["label"] for example in read("label")], np.int32)
    return ImageSet(decoded.images, decoded.good, names, labels, tuple(features["label"].names))


def crop_box(image: Image.Image, box: np.ndarray) -> Image.Image:
    """Cuts a TFDS box (ymin, xmin, ymax, xmax in [0, 1]) out; an empty box raises ValueError."""
    ymin, xmin, ymax, xmax = (float(value) for value in box)
    if ymax <= ymin or xmax <= xmin:
        raise ValueError("empty bounding box")
    width, height = image.size
    return image.crop((xmin * width, ymin * height, xmax * width, ymax * height))


def record(split_of_run: Split) -> dict:
    """The split by file name, for the run folder."""
    return {part: images.name_list() for part, images in split_of_run._asdict().items()}
