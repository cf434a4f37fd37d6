"""Masks of a user: which file belongs to a source, and what each kind of file means."""

import numpy as np
import pytest
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.io import mask_files, picture_files
from tunit_tf.io.mask_files import Masks

VALUES = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)


@pytest.fixture
def folders(tmp_path):
    """Sources `a/cat.jpg` and `dog.png` of 12 x 8 pixels, and a folder of their masks."""
    for name in ("sources/a", "masks/a"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("a/cat.jpg", "dog.png"):
        Image.new("RGB", (12, 8)).save(tmp_path / "sources" / name)
        Image.fromarray(VALUES).save((tmp_path / "masks" / name).with_suffix(".png"))
    return tmp_path


def found(folders, mask="masks", source="sources"):
    source, mask = folders / source, mask_files.ALPHA if mask == "alpha" else folders / mask
    return Masks(str(mask), str(source), picture_files.find(str(source), "source"))


def test_a_source_has_the_mask_of_its_name(folders):
    Image.new("L", (12, 8), 7).save(folders / "masks" / "dog.png")
    masks = found(folders)
    cat, dog = (folders / "sources" / name for name in ("a/cat.jpg", "dog.png"))
    np.testing.assert_array_equal(masks.open(cat, (12, 8)), VALUES)
    assert np.unique(masks.open(dog, (12, 8))) == [7]
    single = Masks(str(folders / "masks"), str(dog), [dog])
    assert np.unique(single.open(dog, (12, 8))) == [7]


@pytest.mark.parametrize("size", [(24, 16), (6, 4), (12, 9)])
def test_a_mask_of_another_size_is_resized_to_its_picture(folders, size):
    Image.fromarray(VALUES).resize(size).save(folders / "masks" / "dog.png")
    assert found(folders).open(folders / "sources" / "dog.png", (12, 8)).size == (12, 8)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.fromarray(VALUES), VALUES),
        (Image.fromarray(np.dstack([VALUES] * 3)), VALUES),
        (Image.fromarray(np.dstack([np.full_like(VALUES, 255), VALUES])), VALUES),  # on nothing
        (Image.fromarray(VALUES > 99), np.where(VALUES > 99, 255, 0)),
        (Image.fromarray(VALUES.astype(np.uint16) * 257), VALUES),
    ],
    ids=["gray", "RGB", "white on transparent", "1 bit", "16 bit"],
)
def test_every_mode_of_a_png_is_read_as_gray(folders, picture, expected):
    picture.save(folders / "masks" / "dog.png")
    mask = found(folders).open(folders / "sources" / "dog.png", (12, 8))
    np.testing.assert_array_equal(mask, expected)


def test_alpha_is_the_channel_of_the_source_upright(folders):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to be upright
    source = folders / "sources" / "dog.png"
    picture = Image.fromarray(np.dstack([VALUES, VALUES, VALUES, VALUES[::-1]]))
    picture.save(source, exif=exif)
    mask = found(folders, "alpha").open(source, (8, 12))
    np.testing.assert_array_equal(mask, np.rot90(VALUES[::-1], -1))
    with pytest.raises(UserError, match="has no alpha channel"):
        found(folders, "alpha").open(folders / "sources" / "a" / "cat.jpg", (12, 8))


def test_what_is_wrong_with_a_folder_is_one_sentence(folders):
    for mask, words in (
        ("nowhere", r"nowhere does not exist; name a folder with a PNG"),
        ("masks/dog.png", r"dog.png is a file; name a folder with a PNG"),
        ("sources", r"is in the folder of --source, so that masks would count as sources"),
        ("sources/a", r"is in the folder of --source"),
    ):
        with pytest.raises(UserError, match=words):
            found(folders, mask)
    with pytest.raises(UserError, match="is in the folder of --source"):
        found(folders, "sources", "sources/dog.png")
    (folders / "masks" / "dog.png").rename(folders / "masks" / "dog.jpg")
    with pytest.raises(UserError, match=r"1 of 2 sources have no mask .*dog.png there is no"):
        found(folders)
    with pytest.raises(UserError, match=r"\(dog.jpg is there: save it as PNG\)"):
        found(folders)


def test_a_mask_that_cannot_be_used_leaves_its_source_out(folders):
    Image.new("L", (8, 12)).save(folders / "masks" / "dog.png")
    Image.fromarray(VALUES).save(folders / "masks" / "a" / "cat.png", format="JPEG")
    for name in ("bird", "fish"):
        Image.new("RGB", (12, 8)).save(folders / "sources" / f"{name}.png")
    (folders / "masks" / "bird.png").write_text("no picture")
    (folders / "masks" / "fish.png").mkdir()
    reader = picture_files.Reader(16, "letterbox")
    paths = picture_files.find(str(folders / "sources"), "source")
    assert not list(reader.batches(paths, 4, found(folders)))
    reasons = {path.name: reason for path, reason in reader.bad.items()}
    assert (
        "8 x 12 pixels and the picture 12 x 8, which is a different aspect ratio"
        in reasons["dog.png"]
    )
    assert "cat.png cannot be read: it is a JPEG file by its content" in reasons["cat.jpg"]
    assert "bird.png cannot be read" in reasons["bird.png"]
    assert "fish.png is not a file" in reasons["fish.png"]


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
def test_a_mask_is_cut_as_its_picture(folders, resize):
    gray = np.dstack([VALUES] * 3)
    Image.fromarray(gray).save(folders / "sources" / "dog.png")
    path = folders / "sources" / "dog.png"
    reader = picture_files.Reader(16, resize)
    ((picture,),) = reader.batches([path], 1, found(folders))
    np.testing.assert_array_equal(picture.mask, picture.square[..., 0])
