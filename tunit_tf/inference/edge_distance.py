"""Distances from the pixels of a mask to its nearest black one, in NumPy alone."""

import numpy as np


def to_black(mask: np.ndarray, reach: int, rows: slice, columns: slice) -> np.ndarray:
    """Exact Euclidean distances, as far as `reach`.

    The distance along the column comes first. The rest is the smallest sum of its square at
    another place of the row and of the squared distance to that place.

    Args:
      mask: uint8 or bool `(h, w)`.
      reach: Larger distances, and all where nothing is black, become this; at least 1.
      rows: Where distances are wanted, with start and stop.
      columns: Likewise.

    Returns:
      float64 of the shape of `mask[rows, columns]`, in pixels.
    """
    place = np.arange(len(mask))[:, None]
    before = np.maximum.accumulate(np.where(mask, -reach, place), axis=0)
    after = np.where(mask, len(mask) + reach, place)[::-1]
    after = np.minimum.accumulate(after, axis=0)[::-1]
    along_column = np.minimum(np.minimum(place - before, after - place), reach)[rows]
    squares = np.square(along_column.astype(np.int32))
    squares = np.pad(squares, ((0, 0), (reach, reach)), constant_values=reach**2)
    first, last = columns.start + reach, columns.stop + reach
    nearest = squares[:, first:last].copy()
    for step in range(1, reach):
        if step**2 >= nearest.max(initial=0):
            break
        for start, stop in ((first - step, last - step), (first + step, last + step)):
            np.minimum(nearest, squares[:, start:stop] + step**2, out=nearest)
    return np.sqrt(nearest)
