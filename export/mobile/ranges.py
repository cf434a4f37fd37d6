"""Powers of two on values of the phone's graphs, so that float16 holds them and their squares.

float16 ends at 65504, and GPUs take numbers below 2^-14 for zero. Norms divide by what their input
was multiplied with, so a factor on the weights before a norm changes no result; a power of two does
not even change a bit in float32. The factors come from what the run's own networks compute.
"""

import numpy as np

from export.mobile import graphs
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels
from tunit_tf.networks import Generator, GuidingNetwork

# What the largest difference of a channel from its mean may become, times its factor. If a block of
# 16x16 had nothing but such differences, the sum of their squares would be 16384.
LARGEST_DIFFERENCE = 8.0
LONGEST_STYLE = 16.0  # largest length of a style code times its factor
EXPONENTS = -10, 5  # range of the norms' factors; with 2^5, epsilon is 0.01, and float16 holds it
STYLE_EXPONENTS = -14, 14
IMAGES = 8  # enough of them: powers of two need no exact statistics


def pair_factors(translator: Translator, squares: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """`style_factor` and `norm_factors` of a pair of networks.

    Args:
      translator: The networks.
      squares: Images uint8 `(N, S, S, 3)`; each is redrawn in the style of the one before it.
    """
    images = pixels.from_bytes(squares[:IMAGES])
    styles = np.roll(translator.style(squares[:IMAGES]), 1, axis=0)
    return (
        style_factor(translator.guiding, images),
        norm_factors(translator.generator, images, styles),
    )


def norm_factors(network: Generator, images: np.ndarray, styles: np.ndarray) -> list[np.ndarray]:
    """A factor for every channel that a norm of the generator gets, in the graph's order.

    Args:
      network: The generator.
      images: float32 `(N, S, S, 3)` in [-1, 1].
      styles: Style codes `(N, style_dim)`, one for each image.

    Returns:
      `(C,)` float64 for every norm.
    """
    inputs = graphs.norm_inputs(network)
    seen = [
        [_largest_difference(x.numpy()) for x in inputs(image[None], style[None])]
        for image, style in zip(images, styles, strict=True)
    ]
    return [
        _power_of_two(LARGEST_DIFFERENCE / np.max(maps, axis=0), EXPONENTS)
        for maps in zip(*seen, strict=True)
    ]


def style_factor(guiding: GuidingNetwork, images: np.ndarray) -> float:
    """A factor for style codes before they are normalized; images as for `norm_factors`."""
    length = graphs.style_length(guiding)
    longest = max(1e-12, *(float(length(image[None])[0]) for image in images))
    return float(_power_of_two(np.array(LONGEST_STYLE / longest), STYLE_EXPONENTS))


def _largest_difference(x: np.ndarray) -> np.ndarray:
    """`(C,)`: how far a channel of `(1, H, W, C)` is from its mean, at most."""
    largest = np.abs(x - x.mean((0, 1, 2))).max((0, 1, 2))
    return np.maximum(largest, np.finfo(np.float32).tiny, dtype=np.float64)


def _power_of_two(x: np.ndarray, exponents: tuple[int, int]) -> np.ndarray:
    """The largest powers of two up to `x`, within limits of the exponent."""
    return 2.0 ** np.clip(np.floor(np.log2(x)), *exponents)
