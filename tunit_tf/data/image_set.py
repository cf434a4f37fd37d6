"""A set of equally large images in memory or in a memory-mapped file, with optional labels."""

import dataclasses

import numpy as np


def sampled_positions(total: int, count: int, seed: int = 0) -> np.ndarray:
    """A seeded random subset of at most `count` of the positions 0..total-1, in random order."""
    return np.random.default_rng(seed).permutation(total)[:count]


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Some rows of an array of images.

    Attributes:
      images: `(M, S, S, 3)` uint8, possibly memory-mapped.
      rows: `(N,)` int64, which of the M images belong to the set, in order.
      names: `(M,)`, file names or other identifiers.
      labels: `(M,)` int32 classes, or None if they are unknown.
      label_names: Names of the classes; empty without labels.
      masks: `(M, S, S)` bool content masks of procedural images, or None.
    """

    images: np.ndarray
    rows: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    masks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: np.ndarray | slice) -> np.ndarray:
        """As `pixels`, so that a set can be used like an array of images."""
        return self.pixels(positions)

    def take(self, positions: np.ndarray) -> "ImageSet":
        """The subset at `positions` (indices or a mask over this set); pixels are not copied."""
        return dataclasses.replace(self, rows=self.rows[positions])

    def sample(self, count: int, seed: int = 0) -> "ImageSet":
        """A seeded random subset of at most `count` images, in random order; nothing is copied."""
        return self.take(sampled_positions(len(self), count, seed))

    def pixels(self, positions: np.ndarray | slice = slice(None)) -> np.ndarray:
        """uint8 `(n, S, S, 3)` at `positions`."""
        return self.images[self.rows[positions]]

    def classes(self, positions: np.ndarray | slice = slice(None)) -> np.ndarray | None:
        """int32 `(n,)` labels at `positions`, or None."""
        return None if self.labels is None else self.labels[self.rows[positions]]

    def name_list(self) -> list[str]:
        """Names of the images of this set, in order."""
        return [self.names[row] for row in self.rows]
