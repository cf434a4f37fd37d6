"""CIELAB, in which equal distances look about equally large, from and to sRGB."""

import numpy as np

# IEC 61966-2-1: linear sRGB to XYZ, for the white point D65. White is the sum of the primaries, so
# that grays have a* = b* = 0 exactly.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = _TO_XYZ.sum(1)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_DELTA = 6 / 29  # CIE 15: below its third power, the cube root is continued by a line


def from_srgb(images: np.ndarray) -> np.ndarray:
    """Lab of images.

    Args:
      images: uint8 `(..., 3)`.

    Returns:
      L* in [0, 100], a* and b*, float64 `(..., 3)`.
    """
    y = _cube_root(_LINEAR[images] @ (_TO_XYZ / _WHITE[:, None]).T)
    first, lightness, last = y[..., 0], y[..., 1], y[..., 2]
    return np.stack(
        [116 * lightness - 16, 500 * (first - lightness), 200 * (lightness - last)], axis=-1
    )


def lightness(images: np.ndarray) -> np.ndarray:
    """L* of images, uint8 `(..., 3)` to float64 `(...)` in [0, 100]."""
    return 116 * _cube_root(_LINEAR[images] @ _TO_XYZ[1]) - 16


def to_srgb(lab: np.ndarray) -> np.ndarray:
    """Lab `(..., 3)` as uint8 `(..., 3)`; colors that sRGB lacks are clipped channel by channel."""
    middle = (lab[..., 0] + 16) / 116
    roots = np.stack([middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200], axis=-1)
    xyz = _WHITE * np.where(roots > _DELTA, roots**3, 3 * _DELTA**2 * (roots - 4 / 29))
    linear = np.clip(xyz @ _FROM_XYZ.T, 0, 1)
    coded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return np.round(255 * coded).astype(np.uint8)


def _cube_root(x: np.ndarray) -> np.ndarray:
    return np.where(x > _DELTA**3, np.cbrt(x), x / (3 * _DELTA**2) + 4 / 29)


def _linear(coded: np.ndarray) -> np.ndarray:
    return np.where(coded > 0.04045, ((coded + 0.055) / 1.055) ** 2.4, coded / 12.92)


_LINEAR = _linear(np.arange(256) / 255)  # of each of the 256 values
