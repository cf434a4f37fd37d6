"""Sources in the colors of their references: what a translation without a network looks like."""

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.evaluation.feature_cache import Pictures, batches
from tunit_tf.metrics import color_transfer

UNTOUCHED, COLOR_TRANSFER = "source untouched", "color transfer"  # rows that need no network


class Recolored:
    """N sources in the colors of N references, made when they are read.

    Args:
      sources: N images.
      references: N images.

    Attributes:
      made_of: Both.
      made_by: The transfer of two images of noise.
    """

    def __init__(self, sources: ImageSet, references: ImageSet) -> None:
        self._sources, self._references = sources, references
        self.made_of = sources, references
        noise = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 16, 3), np.uint8)
        self.made_by = color_transfer.transferred(*noise).tobytes()

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, positions: slice) -> np.ndarray:
        """uint8 `(n, S, S, 3)`."""
        sources, references = self._sources[positions], self._references[positions]
        return color_transfer.transferred(sources, references)


def color_correlation(results: Pictures, references: Pictures) -> float:
    """Correlation of the mean colors of N results with those of their references, in [-1, 1]."""
    first, second = (
        np.concatenate([color_transfer.mean_colors(x) for x in batches(pictures)])
        for pictures in (results, references)
    )
    return color_transfer.correlation(first, second)
