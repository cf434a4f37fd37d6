"""A photograph redrawn at its own size, from the small translation of a network. NumPy only.

Notation: `X` is the photograph, `x` the same reduced to the network's size, `y` the translation of
`x`. `reduce` is Pillow's antialiased bicubic resizing to the network's size, `enlarge` bicubic
interpolation to the photograph's. All values are bytes, 0..255, computed in float32 and rounded at
the end.

**Detail** (`Detail`). The network's picture up to the frequencies that its size can hold, and above
them those of the photograph:

    Y = enlarge(c(y - d g)) + d G    d: strength of the detail, 0..1
    G = L(X) + K (X - L(X))          L: luminance 0.299 R + 0.587 G + 0.114 B, in every channel
    g = L(x) + k (x - L(x))          K: enlarge(k)
    k = max(0, 1 - m / 16)           m: largest channel of |(y - L(y)) - (x - L(x))|

Where the network keeps the color (`k` is 1), all of the photograph's detail returns. Where it
changes the color, only luminance does, so that the old color does not shine through. Where `y`
equals `x`, the result is the photograph.

`c` makes up for what interpolation loses: `M = reduce(enlarge(.))` damps the finest waves of the
network's grid to about half, and `c = I + (I - M)`, along columns and along rows, makes three
quarters of that half. Hence `reduce(Y)` is `y` again, and no detail can replace the look: on noise,
the worst case, a fifth of it is missing, on waves of four pixels and more 0.6 of 255 on average.
Further terms `(I - M)^n` come closer, and return at full strength the finest waves of the network,
which it draws worst (docs/results.md has numbers).

**Colors only** (`ColorMap`). In every window, a color map that turns `x` into `y` is fitted:

    y - x = A x + b    A = cov(y - x, x) (cov(x) + e I)^-1, b = mean(y - x) - A mean(x)

with `e` = 0.001 * 255^2. Means are taken over 16 x 16 overlapping windows with triangular weights
(Pillow's antialiased bilinear resizing to 16 x 16, without its rounding). `A` and `b` are enlarged,
and `Y = X + A X + b`. It is a guided filter (He and Sun, arXiv 1505.00996) whose maps tend to no
change where theirs tend to a constant color. It changes colors and leaves textures as they are.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601
KEPT_COLOR = 16.0  # of 255; from this difference on, only luminance is taken from the photograph
GRID = 16  # windows of a color map in either direction
RIDGE = 1e-3 * 255**2  # e
STRIP_PIXELS = 2**17  # computed at once; larger strips do not fit into the caches of a CPU
BLOCK = 256  # columns that are interpolated by one product of matrices


class Rows(Protocol):
    """What redraws a photograph, strip by strip."""

    def rows(self, photograph: np.ndarray, top: int) -> np.ndarray:
        """Rows of the result.

        Args:
          photograph: The same rows of the photograph, uint8 `(n, W, 3)`.
          top: Index of the first row.

        Returns:
          uint8 `(n, W, 3)`.
        """


def plan(
    source: np.ndarray,
    translation: np.ndarray,
    size: tuple[int, int],
    detail: float = 1.0,
    colors_only: bool = False,
) -> Rows:
    """How a photograph is redrawn after the translation of its small copy.

    Args:
      source: The photograph at the network's size, uint8 `(h, w, 3)`.
      translation: What the network makes of it, uint8 `(h, w, 3)`.
      size: Width and height of the photograph, of any aspect ratio.
      detail: From 0, the enlarged translation, to 1, all detail of the photograph.
      colors_only: Whether only colors are taken from the translation; `detail` is not used then.

    Raises:
      ValueError: A shape or dtype is wrong, or `detail` is outside of 0..1.
    """
    if source.shape != translation.shape or source.ndim != 3 or source.shape[2] != 3:
        raise ValueError(
            "Source and translation must be two images of one shape (h, w, 3); received "
            f"{source.shape} and {translation.shape}."
        )
    if source.dtype != np.uint8 or translation.dtype != np.uint8:
        raise ValueError(
            f"Source and translation must be uint8; received {source.dtype} and "
            f"{translation.dtype}."
        )
    if colors_only:
        return ColorMap(source, translation, size)
    if not 0 <= detail <= 1:
        raise ValueError(f"The detail is between 0 and 1; received {detail}.")
    return Detail(source, translation, size, detail)


def strips(size: tuple[int, int]) -> list[tuple[int, int]]:
    """First and last (exclusive) rows of the strips of a picture of `size` (width, height)."""
    width, height = size
    step = max(1, STRIP_PIXELS // width)
    return [(top, min(top + step, height)) for top in range(0, height, step)]


class Detail:
    """The network's picture with the photograph's detail; see the head of this module.

    Args:
      source: uint8 `(h, w, 3)`.
      translation: uint8 `(h, w, 3)`.
      size: Width and height of the photograph.
      detail: In 0..1.
    """

    def __init__(
        self,
        source: np.ndarray,
        translation: np.ndarray,
        size: tuple[int, int],
        detail: float,
    ) -> None:
        width, height = size
        x, y = source.astype(np.float32), translation.astype(np.float32)  # (h, w, 3)
        gray_x, gray_y = (image @ LUMINANCE for image in (x, y))
        moved = np.abs((y - gray_y[..., None]) - (x - gray_x[..., None])).max(-1)
        kept = np.maximum(0, 1 - moved / np.float32(KEPT_COLOR))  # (h, w)
        guide = gray_x[..., None] + kept[..., None] * (x - gray_x[..., None])
        change = np.float64(y - np.float32(detail) * guide)
        down, across = (
            _correction(length, full)
            for length, full in zip(source.shape[:2], (height, width), strict=True)
        )
        change = np.einsum("ij,jkc,lk->ilc", down, change, across, optimize=True)
        self._detail = np.float32(detail)
        planes = change.transpose(2, 0, 1)  # (3, h, w)
        self._has_color = bool(detail) and bool(kept.any())
        if self._has_color:
            planes = np.concatenate([planes, kept[None]])
        self._enlarged = _Enlarged(planes, size)

    def rows(self, photograph: np.ndarray, top: int) -> np.ndarray:
        """See `Rows.rows`."""
        planes = self._enlarged.rows(top, top + len(photograph))
        result = planes[:3]
        if self._detail:
            colors = _planes(photograph)
            gray = np.tensordot(LUMINANCE, colors, 1)  # (n, W)
            if self._has_color:
                colors -= gray
                colors *= planes[3]
                colors += gray
            else:
                colors = gray[None]
            colors *= self._detail
            result += colors
        return _bytes(result)


class ColorMap:
    """The photograph in the translation's colors; see the head of this module.

    Args:
      source: uint8 `(h, w, 3)`.
      translation: uint8 `(h, w, 3)`.
      size: Width and height of the photograph.
    """

    def __init__(self, source: np.ndarray, translation: np.ndarray, size: tuple[int, int]) -> None:
        x = source.astype(np.float64)
        change = translation.astype(np.float64) - x
        down, across = (_triangular(length, GRID) for length in source.shape[:2])

        def mean(values: np.ndarray) -> np.ndarray:
            return np.einsum("ij,jkc,lk->ilc", down, values, across, optimize=True)

        def products(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            shape = (*first.shape[:2], 9)
            return (first[..., :, None] * second[..., None, :]).reshape(shape)

        mean_x, mean_change = mean(x), mean(change)  # (GRID, GRID, 3)
        shape = (GRID, GRID, 3, 3)
        variance = (mean(products(x, x)) - products(mean_x, mean_x)).reshape(shape)
        shared = (mean(products(x, change)) - products(mean_x, mean_change)).reshape(shape)
        # (GRID, GRID, channel of x, channel of y)
        factors = np.linalg.solve(variance + RIDGE * np.eye(3), shared)
        offsets = mean_change - np.einsum("ijxy,ijx->ijy", factors, mean_x)
        planes = np.concatenate([factors.reshape(GRID, GRID, 9), offsets], -1).transpose(2, 0, 1)
        self._enlarged = _Enlarged(planes, size)

    def rows(self, photograph: np.ndarray, top: int) -> np.ndarray:
        """See `Rows.rows`."""
        planes = self._enlarged.rows(top, top + len(photograph))  # (12, n, W)
        factors, result = planes[:9], planes[9:]
        colors = _planes(photograph)
        result += colors
        for channel in range(3):  # of the photograph
            part = factors[3 * channel : 3 * channel + 3]
            part *= colors[channel]
            result += part
        return _bytes(result)


class _Block(NamedTuple):
    """Neighboring columns of the result, and the columns that they are interpolated from."""

    to: slice
    taken: slice
    weights: np.ndarray  # float32 (columns taken, columns of the result)


class _Enlarged:
    """Small planes, bicubically enlarged when their rows are asked for.

    Args:
      planes: `(C, h, w)`.
      size: Width and height to enlarge to.
    """

    def __init__(self, planes: np.ndarray, size: tuple[int, int]) -> None:
        width, height = size
        _, h, w = planes.shape
        self._planes = np.ascontiguousarray(planes, np.float32)
        self._width = width
        self._down = weights(h, height).astype(np.float32)  # (H, h)
        self._blocks = list(_blocks(weights(w, width).astype(np.float32)))

    def rows(self, top: int, bottom: int) -> np.ndarray:
        """float32 `(C, bottom - top, W)`."""
        tall = np.matmul(self._down[top:bottom], self._planes)  # (C, n, w)
        result = np.empty((*tall.shape[:2], self._width), np.float32)
        for block in self._blocks:
            result[:, :, block.to] = np.matmul(tall[:, :, block.taken], block.weights)
        return result


def _blocks(across: np.ndarray) -> list[_Block]:
    """Parts of an interpolation `(W, w)`, which is zero but near its diagonal."""
    found = []
    for start in range(0, len(across), BLOCK):
        part = across[start : start + BLOCK]
        used = np.flatnonzero(part.any(0))
        taken = slice(used[0], used[-1] + 1)
        block = np.ascontiguousarray(part[:, taken].T)
        found.append(_Block(slice(start, start + len(part)), taken, block))
    return found


def weights(length: int, size: int) -> np.ndarray:
    """Bicubic resizing of a line of pixels, antialiased where it reduces, as Pillow defines it.

    Args:
      length: Pixels of the line.
      size: Pixels of the result.

    Returns:
      float64 `(size, length)`; rows sum to 1.
    """
    return _weights(length, size, _bicubic, 2.0)


def _triangular(length: int, size: int) -> np.ndarray:
    """As `weights`, with Pillow's `BILINEAR`."""
    return _weights(length, size, lambda t: np.maximum(0.0, 1 - t), 1.0)


def _weights(
    length: int, size: int, kernel: Callable[[np.ndarray], np.ndarray], support: float
) -> np.ndarray:
    stretch = max(length / size, 1.0)
    center = (np.arange(size) + 0.5) * (length / size)
    first = np.maximum(0, np.floor(center - support * stretch + 0.5)).astype(int)
    end = np.minimum(length, np.floor(center + support * stretch + 0.5)).astype(int)
    pixel = first[:, None] + np.arange((end - first).max())  # (size, largest window)
    inside = pixel < end[:, None]
    raw = kernel(np.abs(pixel + 0.5 - center[:, None]) / stretch) * inside
    result = np.zeros((size, length))
    # What is outside of a window is added as zero to the last pixel.
    np.add.at(result, (np.arange(size)[:, None], np.minimum(pixel, length - 1)), raw)
    return result / result.sum(1, keepdims=True)


def _bicubic(t: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.5 at distances `t` >= 0."""
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _correction(length: int, full: int) -> np.ndarray:
    """`c` of the head of this module along one axis, float64 `(length, length)`.

    Args:
      length: The network's pixels.
      full: The photograph's pixels.
    """
    return 2 * np.eye(length) - weights(full, length) @ weights(length, full)


def _planes(photograph: np.ndarray) -> np.ndarray:
    """uint8 `(n, W, 3)` to float32 `(3, n, W)`."""
    return np.stack([photograph[..., channel].astype(np.float32) for channel in range(3)])


def _bytes(planes: np.ndarray) -> np.ndarray:
    """float32 `(3, n, W)`, which is overwritten, to uint8 `(n, W, 3)`."""
    np.rint(planes, out=planes)
    np.clip(planes, 0, 255, out=planes)
    result = np.empty((*planes.shape[1:], 3), np.uint8)
    for channel, plane in enumerate(planes):
        result[..., channel] = plane
    return result
