"""Colors of images: to and from CIELAB, where equal distances look about equally large."""

import numpy as np

BATCH = 64  # images converted at once by `transferred`

# IEC 61966-2-1: linear sRGB to XYZ, for the white point D65. White is the sum of the primaries, so
# that grays have a* = b* = 0 exactly.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = _TO_XYZ.sum(1)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_DELTA = 6 / 29  # CIE 15: below its third power, the cube root is continued by a line


def to_lab(images: np.ndarray) -> np.ndarray:
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


def from_lab(lab: np.ndarray) -> np.ndarray:
    """Lab `(..., 3)` as uint8 `(..., 3)`; colors that sRGB lacks are clipped channel by channel."""
    middle = (lab[..., 0] + 16) / 116
    roots = np.stack([middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200], axis=-1)
    xyz = _WHITE * np.where(roots > _DELTA, roots**3, 3 * _DELTA**2 * (roots - 4 / 29))
    linear = np.clip(xyz @ _FROM_XYZ.T, 0, 1)
    coded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return np.round(255 * coded).astype(np.uint8)


def transferred(sources: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Sources in the colors of references (Reinhard et al., IEEE CG&A 2001), without a network.

    Each channel of Lab is shifted and scaled to the mean and standard deviation of the reference's,
    in CIELAB instead of the paper's l-alpha-beta. Channels that are constant are only shifted.

    Args:
      sources: uint8 `(N, S, S, 3)`.
      references: uint8 `(N, R, R, 3)`.

    Returns:
      uint8 `(N, S, S, 3)`.
    """
    result = np.empty(sources.shape, np.uint8)
    for start in range(0, len(sources), BATCH):
        part = slice(start, start + BATCH)
        source, reference = to_lab(sources[part]), to_lab(references[part])
        deviation = source.std((1, 2), keepdims=True)
        scale = reference.std((1, 2), keepdims=True) / np.maximum(deviation, 1e-6)
        shifted = (source - source.mean((1, 2), keepdims=True)) * scale
        result[part] = from_lab(shifted + reference.mean((1, 2), keepdims=True))
    return result


def mean_colors(images: np.ndarray) -> np.ndarray:
    """Mean color of every image, uint8 `(N, S, S, 3)` to float64 `(N, 3)`."""
    return images.mean((1, 2))


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of two lists of mean colors `(N, 3)`, over images and channels, in [-1, 1].

    0 if all values of one list are equal.
    """
    x, y = (values.ravel() - values.mean() for values in (first, second))
    lengths = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / lengths) if lengths else 0.0


def _cube_root(x: np.ndarray) -> np.ndarray:
    return np.where(x > _DELTA**3, np.cbrt(x), x / (3 * _DELTA**2) + 4 / 29)


def _linear(coded: np.ndarray) -> np.ndarray:
    return np.where(coded > 0.04045, ((coded + 0.055) / 1.055) ** 2.4, coded / 12.92)


_LINEAR = _linear(np.arange(256) / 255)  # of each of the 256 values
