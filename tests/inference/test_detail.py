"""Photographs redrawn at their own size: the look is the network's, the detail the photograph's."""

import numpy as np
import pytest
from PIL import Image

from tunit_tf.inference import detail

RNG = np.random.default_rng(0)
SIZES = [(64, 48), (31, 57), (200, 33), (7, 90), (16, 16), (5, 3), (1, 40), (40, 1), (1, 1)]


def redrawn(source, translation, photograph, strength=1.0, colors_only=False, strip=64):
    """A photograph redrawn in strips of some rows."""
    height, width = photograph.shape[:2]
    plan = detail.plan(source, translation, (width, height), strength, colors_only)
    tops = range(0, height, strip)
    return np.concatenate([plan.rows(photograph[top : top + strip], top) for top in tops])


def blurred_noise(width, height, cell=5, low=0, high=256, rng=RNG):
    """A picture with waves of about `cell` pixels, uint8 `(height, width, 3)`."""
    shape = (max(1, height // cell), max(1, width // cell), 3)
    small = Image.fromarray(rng.integers(low, high, shape).astype(np.uint8))
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))


def reduced(picture, size):
    """A picture at the network's size, as the network gets it."""
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def resized(values, size):
    """Pillow's bicubic resizing of floats `(h, w)` or `(h, w, C)`."""
    if values.ndim == 2:
        image = Image.fromarray(values.astype(np.float32))
        return np.array(image.resize(size, Image.Resampling.BICUBIC), np.float64)
    return np.stack([resized(values[..., c], size) for c in range(values.shape[2])], -1)


def by_definition(x, y, photograph, strength):
    """The equations at the head of the module, with Pillow's resizing of whole pictures."""
    small, full = x.shape[1::-1], photograph.shape[1::-1]
    x, y, photograph = (image.astype(np.float64) for image in (x, y, photograph))

    def luminance(image):
        return (image @ [0.299, 0.587, 0.114])[..., None]

    def lost(image, size, large):
        return image - resized(resized(image, large), size)

    def corrected(image):
        for size, large in (
            ((small[0], small[1]), (small[0], full[1])),
            (small, (full[0], small[1])),
        ):
            image = image + lost(image, size, large)
        return image

    moved = np.abs((y - luminance(y)) - (x - luminance(x))).max(-1)
    kept = np.maximum(0, 1 - moved / 16)
    guide = luminance(x) + kept[..., None] * (x - luminance(x))
    kept_full = resized(kept, full)[..., None]
    full_guide = luminance(photograph) + kept_full * (photograph - luminance(photograph))
    result = resized(corrected(y - strength * guide), full) + strength * full_guide
    return np.clip(np.rint(result), 0, 255)


@pytest.mark.parametrize("sizes", [(8, 8), (8, 5), (5, 64), (300, 7), (7, 300), (1, 9), (9, 1)])
def test_weights_are_those_of_pillow(sizes):
    length, size = sizes
    line = RNG.uniform(0, 255, (1, length)).astype(np.float32)
    image = Image.fromarray(line)
    for made, kind in (
        (detail.weights(length, size), Image.Resampling.BICUBIC),
        (detail._triangular(length, size), Image.Resampling.BILINEAR),
    ):
        np.testing.assert_allclose(
            made @ line[0], np.array(image.resize((size, 1), kind))[0], atol=1e-3
        )


@pytest.mark.parametrize("strength", [0, 0.4, 1])
@pytest.mark.parametrize("size", [(64, 48), (31, 57), (7, 90), (16, 16), (5, 3)])
def test_pictures_are_those_of_the_definition(size, strength):
    photograph = blurred_noise(*size, cell=3)
    x = reduced(photograph, (16, 12))
    y = np.where(RNG.random((12, 16, 1)) < 0.5, x, 255 - x)
    found = redrawn(x, y, photograph, strength)
    assert np.abs(found - by_definition(x, y, photograph, strength)).max() <= 1


@pytest.mark.parametrize("colors_only", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_translation_that_changes_nothing_returns_the_photograph(size, colors_only):
    photograph = RNG.integers(0, 256, (size[1], size[0], 3), np.uint8)
    x = reduced(photograph, (16, 16))
    np.testing.assert_array_equal(redrawn(x, x, photograph, colors_only=colors_only), photograph)


def test_where_nothing_changes_the_photograph_stays():
    photograph = RNG.integers(0, 256, (120, 160, 3), np.uint8)
    x = reduced(photograph, (32, 32))
    y = x.copy()
    y[:, 24:] = 255 - y[:, 24:]
    found = redrawn(x, y, photograph)
    far = found[:, :60].astype(int) - photograph[:, :60]  # 12 of the network's pixels away
    assert np.abs(far).max() <= 1
    assert np.abs(found[:, 130:].astype(int) - photograph[:, 130:]).mean() > 20


def test_without_detail_the_photograph_does_not_matter():
    x, y = RNG.integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    first, second = RNG.integers(0, 256, (2, 30, 40, 3)).astype(np.uint8)
    found = redrawn(x, y, first, 0)
    np.testing.assert_array_equal(found, redrawn(x, y, second, 0))
    # A translation without fine waves, where enlarging is unambiguous.
    smooth = blurred_noise(16, 16, cell=8)
    enlarged = resized(smooth, (64, 64))
    assert np.abs(redrawn(smooth, smooth, np.zeros((64, 64, 3), np.uint8), 0) - enlarged).max() <= 6


@pytest.mark.parametrize("size", [(64, 64), (129, 97), (700, 50), (40, 60)])
@pytest.mark.parametrize("strength", [0, 0.5, 1])
def test_reduced_to_the_size_of_the_network_it_is_the_translation(size, strength):
    # Values in the middle, so that nothing is clipped.
    photograph = blurred_noise(*size, cell=2, low=108, high=148)
    x = reduced(photograph, (32, 32))
    noise = RNG.integers(108, 148, (32, 32, 3)).astype(np.uint8)  # the finest waves that there are
    for y in (noise, *(blurred_noise(32, 32, cell, low=60, high=196) for cell in (2, 4))):
        found = reduced(redrawn(x, y, photograph, strength), (32, 32)).astype(int)
        missing = np.abs(found - y)
        if y is noise:  # a quarter of the finest half of its waves
            assert missing.mean() <= 0.25 * np.abs(y - y.mean((0, 1))).mean()
        else:
            assert missing.mean() <= 1
            assert missing.max() <= 8


@pytest.mark.parametrize("colors_only", [False, True])
@pytest.mark.parametrize("strip", [1, 7, 64, 500])
def test_the_height_of_strips_changes_nothing(strip, colors_only):
    photograph = blurred_noise(150, 333, cell=2)
    x = reduced(photograph, (24, 24))
    y = blurred_noise(24, 24, cell=2)
    whole = redrawn(x, y, photograph, colors_only=colors_only, strip=333)
    parts = redrawn(x, y, photograph, colors_only=colors_only, strip=strip)
    assert np.abs(parts.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("colors_only", [False, True])
def test_there_are_no_seams(colors_only):
    """A ramp stays one, across strips and blocks of columns."""
    width, height = 3 * detail.BLOCK + 50, 400
    ramp = np.add.outer(np.linspace(20, 120, height), np.linspace(0, 100, width))
    photograph = np.repeat(np.rint(ramp)[..., None], 3, 2).astype(np.uint8)
    x = reduced(photograph, (32, 32))
    found = redrawn(x, x + np.uint8(30), photograph, 0, colors_only, strip=37).astype(float)
    for axis in (0, 1):
        assert (
            np.abs(np.diff(found, axis=axis)).max() <= 3
        )  # a whole level between two pixels, and rounding
    assert np.abs(found[30:-30, 30:-30] - 30 - photograph[30:-30, 30:-30]).max() <= 2


@pytest.mark.parametrize("colors_only", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_constant_pictures_become_the_color_of_the_translation(size, colors_only):
    photograph = np.full((size[1], size[0], 3), (255, 0, 90), np.uint8)
    x = np.full((16, 16, 3), (255, 0, 90), np.uint8)
    y = np.full((16, 16, 3), (0, 0, 255), np.uint8)
    found = redrawn(x, y, photograph, colors_only=colors_only)
    assert np.abs(found.astype(int) - (0, 0, 255)).max() <= 1


def test_single_channels_may_be_constant():
    photograph = blurred_noise(50, 40, cell=8)
    photograph[..., 0] = 255
    x = reduced(photograph, (16, 16))
    y = x.copy()
    y[..., 1] = 0
    y[..., 0] = 40
    found = redrawn(x, y, photograph, colors_only=True).astype(int)
    assert np.abs(found[..., 0] - 40).max() <= 3
    assert np.abs(found[..., 1]).mean() < np.abs(photograph[..., 1].astype(int)).mean() / 10


def test_detail_has_the_color_of_the_translation():
    """Where the network takes all color away, the photograph's does not return."""
    photograph = blurred_noise(80, 80, cell=2, low=20, high=120)
    photograph[..., 0] += 130
    x = reduced(photograph, (16, 16))
    y = np.repeat(RNG.integers(120, 140, (16, 16, 1)).astype(np.uint8), 3, 2)
    found = redrawn(x, y, photograph).astype(int)
    assert np.ptp(found, axis=-1).max() <= 1
    enlarged = redrawn(x, y, photograph, 0).astype(int)
    assert np.abs(np.diff(found, axis=0)).mean() > 2 * np.abs(np.diff(enlarged, axis=0)).mean()


def test_detail_is_a_mixture_of_its_ends():
    photograph = blurred_noise(60, 60, cell=2, low=100, high=156)
    x, y = reduced(photograph, (16, 16)), blurred_noise(16, 16, cell=2, low=100, high=156)
    none, half, all_of_it = (redrawn(x, y, photograph, d).astype(float) for d in (0, 0.5, 1))
    assert np.abs(half - (none + all_of_it) / 2).max() <= 1.5


def test_a_map_of_colors_is_found_and_textures_stay():
    """A translation that is one color map is applied to every pixel of the photograph."""
    photograph = blurred_noise(300, 200, cell=15, low=20, high=220)
    x = reduced(photograph, (64, 64))
    mapped = np.array([[0.1, 0.5, 0.3], [0.2, 0.6, 0.1], [0.7, 0.1, 0.1]])
    y = np.rint(x @ mapped + 20).astype(np.uint8)
    found = redrawn(x, y, photograph, colors_only=True)
    assert np.abs(found - (photograph @ mapped + 20)).mean() <= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"translation": np.zeros((4, 5, 3), np.uint8)}, r"\(4, 4, 3\) and \(4, 5, 3\)"),
        ({"translation": np.zeros((4, 4, 3), np.float32)}, "uint8 and float32"),
        ({"detail": 1.5}, "received 1.5"),
        ({"detail": float("nan")}, "received nan"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    image = np.zeros((4, 4, 3), np.uint8)
    given = {"source": image, "translation": image, "size": (4, 4), **arguments}
    with pytest.raises(ValueError, match=message):
        detail.plan(**given)
