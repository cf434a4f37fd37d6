"""How far a pair's translations are from those of the run's own networks."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from export.mobile.runtime import Pair
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels

RANGE = 2.0  # values in [-1, 1]


class Pairs(NamedTuple):
    """Sources and references `(N, S, S, 3)` uint8, and what the networks make of them.

    `styles` are the references' codes; `translated` is float32 in [-1, 1].
    """

    sources: np.ndarray
    references: np.ndarray
    styles: np.ndarray
    translated: np.ndarray


class Quality(NamedTuple):
    """How near a pair's translations are to those of the networks (float32, not compiled).

    Attributes:
      psnr: Mean over images of the peak signal-to-noise ratio, dB.
      worst_psnr: The smallest of them.
      ssim: Mean structural similarity.
      largest: Largest difference of a value in [-1, 1].
    """

    psnr: float
    worst_psnr: float
    ssim: float
    largest: float


def translated_by_networks(translator: Translator, squares: np.ndarray) -> Pairs:
    """Every image redrawn in the look of another one of the set.

    Args:
      translator: Networks of the run.
      squares: uint8 `(N, S, S, 3)`.
    """
    references = np.roll(squares, len(squares) // 2, axis=0)
    styles = translator.style(references)
    translated = [
        translator.generator(pixels.from_bytes(source[None]), style[None]).numpy()
        for source, style in zip(squares, styles, strict=True)
    ]
    return Pairs(squares, references, styles, np.concatenate(translated))


def translate(pair: Pair, pairs: Pairs) -> np.ndarray:
    """The same translations, by a pair of files: float32 `(N, S, S, 3)`."""
    return np.stack(
        [
            pair.generate_float(source, pair.style(reference))
            for source, reference in zip(pairs.sources, pairs.references, strict=True)
        ]
    )


def compare(translated: np.ndarray, expected: np.ndarray) -> Quality:
    """Scores of float32 images `(N, S, S, 3)` in [-1, 1] against others."""
    error = np.mean(np.square(np.float64(translated) - expected), axis=(1, 2, 3))
    psnr = 10.0 * np.log10(RANGE**2 / np.maximum(error, 1e-20))
    ssim = tf.image.ssim(tf.constant(translated), tf.constant(expected), RANGE)
    largest = np.abs(translated - expected).max()
    return Quality(
        float(psnr.mean()), float(psnr.min()), float(tf.reduce_mean(ssim)), float(largest)
    )
