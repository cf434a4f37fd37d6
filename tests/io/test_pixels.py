"""Pictures to squares and back: value range, shapes, files."""

import contextlib
import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from tunit_tf.io import pixels, value_range

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (20, 40, 3), np.uint8)  # 40 wide, 20 high


@pytest.mark.parametrize("module", [pixels, value_range])
def test_bytes_survive_the_value_range(module):
    every = np.arange(256, dtype=np.uint8)
    there = np.asarray(module.from_bytes(every))
    assert there.min() == -1.0
    assert there.max() == 1.0
    np.testing.assert_array_equal(module.to_bytes(there), every)
    np.testing.assert_array_equal(module.from_bytes(every), pixels.from_bytes(every))


@pytest.mark.parametrize("size", [(40, 20), (20, 40), (33, 7), (5, 1000), (8, 8)])
def test_letterbox_shows_all_of_a_picture_in_its_aspect_ratio(size):
    left, top, right, bottom = pixels.letterbox_box(size, 64)
    assert 0 <= left < right <= 64
    assert 0 <= top < bottom <= 64
    assert max(right - left, bottom - top) == 64
    assert abs((right - left) / 64 - size[0] / max(size)) <= 0.5 / 64 + 1e-9 or right - left == 1
    assert abs(left - (64 - right)) <= 1
    assert abs(top - (64 - bottom)) <= 1


def test_letterbox_mirrors_into_the_margins():
    square = pixels.square(Image.fromarray(NOISE), 40, "letterbox")
    np.testing.assert_array_equal(square[10:30], NOISE)
    np.testing.assert_array_equal(square[:10], NOISE[9::-1])
    np.testing.assert_array_equal(square[30:], NOISE[:9:-1])


def test_crop_cuts_the_center_and_stretch_keeps_the_corners():
    np.testing.assert_array_equal(
        pixels.square(Image.fromarray(NOISE), 20, "crop"), NOISE[:, 10:30]
    )
    flag = np.zeros((20, 40, 3), np.uint8)
    flag[:, :20] = 255
    stretched = pixels.square(Image.fromarray(flag), 20, "stretch")
    assert (stretched[:, :8] == 255).all()
    assert (stretched[:, 12:] == 0).all()


def test_png_is_exact_and_jpeg_is_close():
    smooth = np.asarray(Image.fromarray(NOISE).resize((80, 40), Image.Resampling.BICUBIC))
    for suffix, kind, largest in ((".png", "PNG", 0), (".jpg", "JPEG", 24)):
        with Image.open(io.BytesIO(pixels.encode(smooth, suffix))) as picture:
            assert picture.format == kind
            difference = np.abs(np.asarray(picture).astype(int) - smooth)
            assert difference.max() <= largest


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_has_its_frames_and_never_ends(suffix):
    frames = [np.full((16, 16, 3), value, np.uint8) for value in (0, 120, 250)]
    with Image.open(io.BytesIO(pixels.encode_animation(frames, suffix, 0.1))) as movie:
        assert movie.n_frames == 3
        assert movie.info["loop"] == 0
        for index, frame in enumerate(frames):
            movie.seek(index)
            np.testing.assert_allclose(np.asarray(movie.convert("RGB")), frame, atol=2)
        assert movie.info["duration"] == 100


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_sizes_that_pillow_warns_of_are_refused_too(side):
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    bomb = io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT")
    with pytest.raises(ValueError, match="than the limit of 67,108,864; make it smaller"):
        pixels.open_rgb(bomb)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OSError, match=r"pipe\.png is not a file"):
        pixels.open_rgb(tmp_path / "pipe.png")


def test_a_picture_that_is_a_program_is_not_run(tmp_path, monkeypatch):
    for name in ("gs", "gswin64c"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    picture = tmp_path / "eps.jpg"
    Image.new("RGB", (8, 8)).save(picture, "EPS")
    with pytest.raises(OSError, match="Ghostscript"):
        pixels.open_rgb(picture)
    assert not (tmp_path / "ran").exists()


def test_whatever_a_decoder_raises_is_a_broken_file():
    whole = io.BytesIO()
    Image.fromarray(NOISE).save(whole, "PNG")
    content = bytearray(whole.getvalue())
    for place in range(8, len(content), 7):
        broken = content.copy()
        broken[place] ^= 0xFF
        with contextlib.suppress(OSError, ValueError):
            pixels.open_rgb(io.BytesIO(broken))


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    Image.new("RGB", (100, 100)).save(tmp_path / "large.png")
    monkeypatch.setattr(pixels, "MAX_PIXELS", 9_999)
    with pytest.raises(ValueError, match="it has 100 x 100 pixels, more than the limit of 9,999"):
        pixels.open_rgb(tmp_path / "large.png")


def test_heic_is_read(tmp_path):
    """Its decoder turns it, as the file says; EXIF has a copy of that, which must do nothing."""
    if not pixels.READS_HEIC:
        pytest.skip("pillow-heif is not installed")
    smooth = Image.fromarray(NOISE).resize((4, 2)).resize((80, 40), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    smooth.save(tmp_path / "turned.heic", quality=100, exif=exif)
    found = pixels.open_rgb(tmp_path / "turned.heic")
    assert found.mode == "RGB"
    assert found.size == (80, 40)
    assert np.abs(np.asarray(found, int) - np.asarray(smooth)).mean() < 4


@pytest.mark.parametrize("known_to_pillow", [2**26, 10])
def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(tmp_path, monkeypatch, known_to_pillow):
    """Also one that Pillow refuses by itself."""
    smooth = Image.fromarray(NOISE).resize((400, 200), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "large.jpg", quality=95)
    monkeypatch.setattr(pixels, "MAX_PIXELS", 9_999)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", known_to_pillow)
    found = pixels.open_rgb(tmp_path / "large.jpg")
    assert found.size == (100, 50)
    expected = smooth.resize((100, 50), Image.Resampling.BOX)
    assert np.abs(np.asarray(found, int) - np.asarray(expected)).mean() < 2
    monkeypatch.setattr(pixels, "MAX_JPEG_PIXELS", 79_999)
    with pytest.raises(ValueError, match="it has 400 x 200 pixels, more than the limit of 79,999"):
        pixels.open_rgb(tmp_path / "large.jpg")


def profile_with_red_and_blue_exchanged():
    """A color profile with the primaries of sRGB, of which red is called blue."""
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = int.from_bytes(content[128:132], "big")
    end = 132 + 12 * count  # of the table of tags, which have a name, a place and a length
    swapped = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
    table = [content[start : start + 12] for start in range(132, end, 12)]
    table = [swapped.get(tag[:4], tag[:4]) + tag[4:] for tag in table]
    return content[:132] + b"".join(table) + content[end:]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colors_are_converted_from_the_profile_of_a_picture_to_srgb(tmp_path, mode):
    picture = Image.fromarray(np.dstack([NOISE, NOISE[..., 0]])).convert(mode)
    path = tmp_path / "picture.png"
    picture.save(path)
    plain = np.asarray(pixels.open_as(path, pixels.upright), int)
    picture.save(path, icc_profile=profile_with_red_and_blue_exchanged())
    found = np.asarray(pixels.open_as(path, pixels.upright), int)
    assert found.shape == plain.shape
    assert np.abs(found[..., 2::-1] - plain[..., :3]).max() <= 2
    np.testing.assert_array_equal(found[..., 3:], plain[..., 3:])


def test_profiles_of_srgb_and_such_that_do_not_fit_change_nothing(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    color, gray = Image.fromarray(NOISE), Image.fromarray(NOISE[..., 0])
    exchanged = profile_with_red_and_blue_exchanged()
    for picture, profile in ((color, srgb), (color, exchanged[:200]), (gray, exchanged)):
        picture.save(tmp_path / "picture.png", icc_profile=profile)
        found = pixels.open_rgb(tmp_path / "picture.png")
        np.testing.assert_array_equal(found, picture.convert("RGB"))


def test_gray_is_converted_from_its_profile_too(tmp_path):
    """The profile has a gamma of 1, so that middle gray becomes lighter."""
    linear = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    linear[16:20] = b"GRAY"
    count = int.from_bytes(linear[128:132], "big")
    for start in range(132, 132 + 12 * count, 12):
        if linear[start : start + 4] == b"rTRC":
            linear[start : start + 4] = b"kTRC"
            place = int.from_bytes(linear[start + 4 : start + 8], "big")
            linear[place : place + 16] = b"curv" + bytes(11) + b"\0"  # no points: the identity
    Image.new("L", (4, 4), 128).save(tmp_path / "gray.png", icc_profile=bytes(linear))
    level = 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)  # the standard's curve
    assert np.abs(np.asarray(pixels.open_rgb(tmp_path / "gray.png")) - level).max() <= 1


def test_pixels_of_other_types_are_scaled_or_refused(tmp_path):
    values = NOISE[..., 0]
    for numbers in (values.astype(np.uint16) * 257, (values / 255).astype(np.float32)):
        Image.fromarray(numbers).save(tmp_path / "gray.tif")
        found = np.asarray(pixels.open_rgb(tmp_path / "gray.tif"))
        np.testing.assert_array_equal(found, np.dstack([values] * 3))
    for numbers, kind in (
        (values.astype(np.int32) * 300, "32-bit integers from 0 to"),
        (values.astype(np.float32), "floating-point numbers from 0 to 255"),
        (np.full((4, 4), np.nan, np.float32), "floating-point numbers from nan"),
    ):
        Image.fromarray(numbers).save(tmp_path / "gray.tif")
        with pytest.raises(ValueError, match=f"its pixels are {kind}.*; save it with 8 or 16 bits"):
            pixels.open_rgb(tmp_path / "gray.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_pillow_turns_them_and_once(tmp_path, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / "picture.png"
    Image.fromarray(NOISE).save(path, exif=exif)
    found = pixels.open_rgb(path)
    with Image.open(path) as opened:
        np.testing.assert_array_equal(found, ImageOps.exif_transpose(opened))
    np.testing.assert_array_equal(pixels.open_rgb(found), found)


@pytest.mark.parametrize("rational", [(5, 72, 1), (5, 1, 0), (10, -72, 1), (99, 1, 1)])
def test_a_picture_with_damaged_exif_is_turned_if_it_says_so(tmp_path, rational):
    """A whole rational number, one with a zero, one below it, one of an unknown type."""
    kind, above, below = rational
    head = b"II*\0" + struct.pack("<IH", 8, 2)
    turn = struct.pack("<HHIHH", ExifTags.Base.Orientation, 3, 1, 6, 0)
    resolution = struct.pack("<HHII", ExifTags.Base.XResolution, kind, 1, 38)
    exif = b"Exif\0\0" + head + turn + resolution + struct.pack("<Iii", 0, above, below)
    picture, path = Image.fromarray(NOISE), tmp_path / "picture.jpg"
    for content, size in ((exif, (20, 40)), (exif[:20], (40, 20)), (b"Exif\0\0words", (40, 20))):
        picture.save(path, exif=content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of damaged EXIF
            assert pixels.open_rgb(path).size == size
