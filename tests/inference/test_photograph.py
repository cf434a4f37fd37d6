"""A photograph comes back at its own size: regions, feathers, transparency, profile."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tunit_tf.errors import UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.photograph import Box, Region, Settings
from tunit_tf.io import pixels

RNG = np.random.default_rng(0)


def picture_of(width, height, mode="RGB"):
    cells = RNG.integers(0, 256, (height // 6 + 1, width // 6 + 1, len(mode))).astype(np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)


def redrawn(
    picture, region=None, size=16, resize="crop", settings=photographs.DEFAULTS, change=None
):
    """A photograph of which a network made the negative, and the result as an array."""
    photograph = photographs.read(picture, region)
    square = photograph.square(size, resize)
    translation = 255 - square.image if change is None else change(square.image)
    return np.array(photograph.redrawn(square, translation, settings)), photograph


@pytest.mark.parametrize("resize", pixels.RESIZE)
@pytest.mark.parametrize("size", [(90, 61), (61, 90), (16, 16), (7, 5), (200, 1), (1, 3)])
def test_all_of_a_picture_is_redrawn_at_its_own_size(size, resize):
    picture = picture_of(*size)
    found, photograph = redrawn(picture, resize=resize)
    assert found.shape == (size[1], size[0], 3)
    square = photograph.square(16, resize)
    assert square.image.shape == (16, 16, 3)
    ratio = square.shown.size[0] / square.shown.size[1]
    if resize == "stretch":
        assert square.shown == (0, 0, 16, 16)
    elif min(size) > 5:
        assert ratio == pytest.approx(size[0] / size[1], rel=0.1)
    # The negative of a picture's mean is that of the negative.
    if min(size) > 30:
        assert np.abs(found.mean((0, 1)) - (255 - np.array(picture).mean((0, 1)))).max() < 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_translation_that_changes_nothing_returns_the_picture(mode):
    picture = picture_of(53, 40, mode)
    found, _ = redrawn(picture, change=lambda square: square)
    given = np.array(picture)
    if mode == "RGB":
        np.testing.assert_array_equal(found, given)
        return
    np.testing.assert_array_equal(found[..., 3], given[..., 3])
    opaque = given[..., 3] == 255
    np.testing.assert_array_equal(found[opaque], given[opaque])
    # Under transparency, what can be seen stays.
    over_white = [np.array(pixels.flattened(Image.fromarray(image))) for image in (found, given)]
    assert np.abs(over_white[0].astype(int) - over_white[1]).max() <= 2


@pytest.mark.parametrize("feather", [0, 3, None])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_outside_of_a_region_every_bit_stays(mode, feather):
    picture = picture_of(90, 70, mode)
    found, photograph = redrawn(
        picture, Region((20, 10, 40, 50)), settings=Settings(feather=feather)
    )
    assert photograph.box == (20, 10, 60, 60)
    outside = np.ones((70, 90), bool)
    outside[10:60, 20:60] = False
    given = np.array(picture)
    np.testing.assert_array_equal(found[outside], given[outside])
    assert (found[20:50, 30:50, :3] != given[20:50, 30:50, :3]).mean() > 0.8


def test_a_feather_fades_from_the_edges_that_are_not_the_pictures():
    shares = photographs.RegionShares((20, 12), Box(0, 3, 10, 9), 3)
    found = shares.rows(0, 6)
    for y in range(6):
        for x in range(10):
            distance = min(10 - x, y + 1, 6 - y)
            assert found[y, x] == np.float32(min(1, distance / 4))
    np.testing.assert_array_equal(
        photographs.RegionShares((5, 5), Box(0, 0, 5, 5), 9).rows(0, 5), 1
    )


def test_a_region_is_redrawn_as_a_picture_of_its_own():
    picture = picture_of(90, 70)
    alone, _ = redrawn(picture.crop((20, 10, 60, 60)))
    within, _ = redrawn(picture, Region((20, 10, 40, 50)), settings=Settings(feather=0))
    np.testing.assert_array_equal(within[10:60, 20:60], alone)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("10,20,30,40", (10, 20, 40, 60)),
        (" 10%, 20% ,30%,40%", (20, 20, 80, 60)),
        ("0,0,100%,100%", (0, 0, 200, 100)),
        ("50,10%,12.4,1", (50, 10, 62, 11)),
    ],
)
def test_regions_are_pixels_or_percent(text, box):
    assert Region.parse(text).of((200, 100)) == box


@pytest.mark.parametrize(
    "text",
    [
        "", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "-1,2,3,4", "nan,0,1,1", "0,0,inf,1",
        "inf,0,1,1", "0,1e999%,1,1", "1e300%,0,1,1",
    ],
)  # fmt: skip
def test_other_regions_are_refused(text):
    with pytest.raises(UserError, match=r"--region=.* must be x,y,width,height"):
        Region.parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0000016384999", "at most 16384; received 16384999"),
        ("99999999999", "at most 16384; received 99999999999"),
        ("9" * 5000, "at most 16384; received a number of 5000 digits"),
        ("0" * 5000, "at least 16; received 0"),
    ],
)
def test_sizes_are_bounded_whatever_their_digits(text, words):
    with pytest.raises(UserError, match=words):
        photographs.Size.parse(text)
    assert photographs.Size.parse("00000000512").longer == 512


def test_a_region_that_does_not_fit_is_named():
    with pytest.raises(UserError, match=r"150,0,60,10 reaches outside .* 200 x 100 pixels"):
        Region.parse("150,0,60,10").of((200, 100))
    with pytest.raises(UserError, match="less than a pixel"):
        Region.parse("0,0,0.1%,10").of((200, 100))


def test_results_are_tagged_as_srgb_and_equal_in_every_process():
    profile = photographs.srgb_profile()
    assert "sRGB" in ImageCms.getProfileDescription(io.BytesIO(profile))
    picture = picture_of(30, 20, "RGBA")
    picture.info["comment"] = b"private"
    photograph = photographs.read(picture)
    square = photograph.square(16, "crop")
    result = photograph.redrawn(square, square.image)
    for suffix, mode in ((".png", "RGBA"), (".jpg", "RGB")):
        content = photographs.encoded(result, suffix)
        assert content == photographs.encoded(result, suffix)
        with Image.open(io.BytesIO(content)) as opened:
            assert opened.mode == mode
            assert opened.info["icc_profile"] == profile
            assert not {"exif", "comment"} & set(opened.info)
    assert len(photographs.encoded(result, ".jpg", 30)) < len(photographs.encoded(result, ".jpg"))


def test_rotation_is_applied():
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture_of(40, 30).save(buffer, "JPEG", exif=exif)
    found = photographs.read(Image.open(buffer))
    assert found.size == (30, 40)


def test_arrays_are_checked():
    with pytest.raises(ValueError, match=r"received uint8 \(4, 4\)"):
        photographs.read(np.zeros((4, 4), np.uint8))


def test_in_place_it_draws_the_same():
    picture = picture_of(70, 50, "RGBA")
    photograph = photographs.read(picture, Region((10, 5, 40, 40)))
    square = photograph.square(16, "crop")
    alone = np.array(photograph.redrawn(square, 255 - square.image))
    found = photograph.redrawn(square, 255 - square.image, in_place=True)
    np.testing.assert_array_equal(np.array(found), alone)
