"""Pictures to squares and back: value range, shapes, files."""

import contextlib
import io
import os

import numpy as np
import pytest
from PIL import Image

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
    bomb = io.BytesIO()
    Image.new("1", (side, side)).save(bomb, "PNG")
    with pytest.raises(ValueError, match="pixels are too many"):
        pixels.open_rgb(bomb)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OSError, match=r"pipe\.png is not a file"):
        pixels.open_rgb(tmp_path / "pipe.png")


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
    with pytest.raises(ValueError, match="100 x 100 pixels are too many"):
        pixels.open_rgb(tmp_path / "large.png")
