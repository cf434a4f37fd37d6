"""The AFHQ builder, by the test case of TFDS, and as --data=tfds:."""

import contextlib
import pathlib
import shutil
import tempfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tunit_tf.data import afhq, sources
from tunit_tf.errors import UserError

COUNTS = {"train": {"cat": 3, "dog": 2, "wild": 2}, "test": {"cat": 1, "dog": 1, "wild": 1}}
COLORS = {"cat": (200, 0, 0), "dog": (0, 200, 0), "wild": (0, 0, 200)}


def write_fake(root: pathlib.Path) -> pathlib.Path:
    """Writes an unpacked archive with a few pictures per species, of one color."""
    rng = np.random.default_rng(0)
    for split, counts in COUNTS.items():
        for species, count in counts.items():
            folder = root / "afhq" / split / species
            folder.mkdir(parents=True)
            for i in range(count):
                noise = rng.integers(0, 30, (16, 16, 3), dtype=np.uint8)
                picture = np.array(COLORS[species], np.uint8) + noise
                Image.fromarray(picture).save(folder / f"{species}_{i}.jpg", quality=95)
    return root


class AfhqCatTest(tfds.testing.DatasetBuilderTestCase):
    """Builds one species from drawn pictures instead of the download."""

    DATASET_CLASS = afhq.Afhq
    BUILDER_CONFIG_NAMES_TO_TEST = ["cat"]
    SPLITS = {"train": 3, "test": 1}
    SKIP_CHECKSUMS = True

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.EXAMPLE_DIR = write_fake(
            pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        )
        super().setUpClass()


class AfhqAllTest(AfhqCatTest):
    """Builds all species."""

    BUILDER_CONFIG_NAMES_TO_TEST = ["all"]
    SPLITS = {"train": 7, "test": 3}


@pytest.fixture
def data_dir(tmp_path):
    """A data folder of TFDS with the archive in its manual folder."""
    manual = tmp_path / "tfds" / "downloads" / "manual"
    manual.mkdir(parents=True)
    shutil.make_archive(str(manual / "afhq"), "zip", write_fake(tmp_path / "fake"))
    return str(tmp_path / "tfds")


def test_one_species_from_a_manual_archive(data_dir, tmp_path, tiny):
    config = tiny(data="tfds:afhq/dog", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
    split = sources.load(config)
    assert (len(split.train), len(split.validation)) == (2, 1)
    np.testing.assert_allclose(
        split.train.pixels().mean((0, 1, 2)), np.add(COLORS["dog"], 15), atol=4
    )


def test_held_out_images_are_taken_from_the_training_split_on_request(data_dir, tmp_path, tiny):
    changes = {"data": "tfds:afhq/all", "validation_last": 1}
    config = tiny(**changes, data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
    train, validation = sources.load(config)
    assert (len(train), len(validation)) == (4, 3)
    assert all(name.startswith("afhq/all/train/") for name in validation.name_list())
    np.testing.assert_array_equal(np.sort(validation.classes()), [0, 1, 2])


def test_all_species_are_labeled(data_dir, tmp_path, tiny):
    config = tiny(data="tfds:afhq/all", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
    train, _ = sources.load(config)
    assert train.label_names == ("cat", "dog", "wild")
    colors = [np.add(15, COLORS[train.label_names[label]]) for label in train.classes()]
    np.testing.assert_allclose(train.pixels().mean((1, 2)), colors, atol=4)


def test_a_box_feature_that_is_not_there_is_named(data_dir, tmp_path, tiny):
    config = tiny(
        data="tfds:afhq/cat",
        data_dir=data_dir,
        cache_dir=str(tmp_path / "cache"),
        box_feature="head",
    )
    with pytest.raises(UserError, match=r"--box_feature=head is not among .*image, label"):
        sources.load(config)


def test_boxes_cut_and_empty_boxes_are_refused():
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("RGB")
    cut = np.asarray(sources.crop_box(image, np.array([0.0, 0.5, 0.25, 1.0])))
    np.testing.assert_array_equal(cut[..., 0], [[4, 5, 6, 7], [12, 13, 14, 15]])
    with pytest.raises(ValueError, match="empty bounding box"):
        sources.crop_box(image, np.zeros(4))
