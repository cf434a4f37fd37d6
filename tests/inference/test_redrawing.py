"""Picture files redrawn by a function of squares: how many at once, and with what masks."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference import redrawing
from tunit_tf.inference.redrawing import Redrawing
from tunit_tf.io.picture_files import MaskFiles

RNG = np.random.default_rng(0)


def request_of(size="source", **settings):
    given = {"region": "", "detail": None, "colors_only": False, "feather": None, **settings}
    return photographs.Request.checked(size, **given)


@pytest.fixture
def pictures(tmp_path):
    """Seven pictures of 40 x 30 pixels, and one that cannot be read."""
    for i in range(7):
        Image.fromarray(RNG.integers(0, 256, (30, 40, 3), np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "7.png").touch()
    return sorted(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("size", "pixels", "batch_size", "counts"),
    [
        ("source", 2**24, 3, [3, 3, 2]),
        ("source", 2400, 8, [2, 2, 2, 2]),  # the unreadable one takes none
        ("source", 100, 8, [1] * 8),
        ("model", 2400, 8, [8]),
    ],
)
def test_as_many_at_once_as_memory_permits(pictures, monkeypatch, size, pixels, batch_size, counts):
    monkeypatch.setattr(redrawing, "MAX_HELD_PIXELS", pixels)
    found = list(Redrawing(request_of(size), 16, "crop", batch_size).groups(pictures))
    assert [path for group in found for path in group] == pictures
    assert list(map(len, found)) == counts


def test_frames_are_drawn_in_batches_and_in_order(monkeypatch):
    monkeypatch.setattr(redrawing, "MAX_HELD_PIXELS", 3 * 40 * 30)
    frames = [Image.new("RGB", (40, 30), (20 * i, 0, 0)) for i in range(8)]
    asked = []

    def draw(squares):
        asked.append(len(squares))
        return 255 - squares

    made = Redrawing(request_of(), 16, "stretch", 5)
    found = list(made.frames(pathlib.Path("a.gif"), iter(frames), draw))
    assert asked == [3, 3, 2]
    assert [picture.getpixel((5, 5))[0] for picture in found] == [255 - 20 * i for i in range(8)]


def test_a_file_is_unchanged_if_all_its_masks_are_black():
    masks = MaskFiles("alpha", "photos", [])
    made = Redrawing(request_of(), 16, "crop", masks=masks)
    black, white = (Image.new("RGBA", (20, 20), (90, 80, 70, alpha)) for alpha in (0, 255))
    for name, pictures in (("b", (black, black)), ("a", (black,)), ("c", (black, white, black))):
        for picture in pictures:
            made.subject(pathlib.Path(name), picture)
    assert made.unchanged == [pathlib.Path("a"), pathlib.Path("b")]
    with pytest.raises(UserError, match="no alpha channel to take the mask from"):
        made.subject(pathlib.Path("d"), white.convert("RGB"))
