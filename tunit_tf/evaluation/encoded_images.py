"""Images with their style codes and pseudo-domains, so that each set is encoded once."""

from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.inference.translator import Translator


class EncodedImages(NamedTuple):
    """N images as the guiding network encodes them.

    Attributes:
      images: The images.
      styles: Style codes `(N, style_dim)`.
      domains: Most likely pseudo-domains `(N,)` int32.
    """

    images: ImageSet
    styles: np.ndarray
    domains: np.ndarray

    def at(self, positions: np.ndarray) -> "EncodedImages":
        """The subset at `positions`, an integer array."""
        return EncodedImages(
            self.images.take(positions), self.styles[positions], self.domains[positions]
        )

    def sample(self, count: int, seed: int = 0) -> "EncodedImages":
        """The subset that `ImageSet.sample` draws."""
        return self.at(sampled_positions(len(self.images), count, seed))


def encode(translator: Translator, images: ImageSet) -> EncodedImages:
    """Encodes all images of a set."""
    return EncodedImages(images, *translator.guide(images))
