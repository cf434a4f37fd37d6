"""Makes the variants of a pair and judges them by their translations."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.mobile import conversion, graphs, quality, quantization, ranges
from export.mobile.conversion import ENCODE, GENERATE
from export.mobile.quality import Pairs, Quality
from export.mobile.quantization import CALIBRATED
from export.mobile.runtime import Pair
from tunit_tf.errors import UserError
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A variant that was made and measured.

    Attributes:
      files: {signature: .tflite file}.
      translated: Its translations, float32 `(N, S, S, 3)` in [-1, 1].
      quality: Their scores against those of the networks.
      shipped: Whether the scores are good enough.
    """

    files: dict[str, bytes]
    translated: np.ndarray
    quality: Quality
    shipped: bool


Samples = dict[str, list[dict[str, np.ndarray]]]  # {signature: inputs by name}


def float_pair(translator: Translator, squares: np.ndarray) -> dict[str, bytes]:
    """{signature: float32 .tflite file} of the phone's graphs.

    Args:
      translator: The networks.
      squares: uint8 `(N, S, S, 3)`; the first few decide which powers of two the graphs use
        inside (`ranges`).
    """
    shapes = conversion.input_shapes(translator)
    style_factor, norm_factors = ranges.pair_factors(translator, squares)
    functions: dict[str, Callable[..., dict[str, tf.Tensor]]] = {
        ENCODE: graphs.encoder(translator.guiding, style_factor),
        GENERATE: graphs.generator(translator.generator, norm_factors),
    }
    return {
        name: conversion.convert(function, name, shapes[name])
        for name, function in functions.items()
    }


def calibration_samples(translator: Translator, squares: np.ndarray) -> Samples:
    """Inputs of the two networks that show which values occur.

    Args:
      translator: Networks of the run.
      squares: uint8 `(N, S, S, 3)`; each is redrawn in the style of the one before it.
    """
    styles = np.roll(translator.style(squares), 1, axis=0)
    x = pixels.from_bytes(squares)[:, None]
    return {
        ENCODE: [{"image": image} for image in x],
        GENERATE: [
            {"image": image, "style": style[None]} for image, style in zip(x, styles, strict=True)
        ],
    }


def make(
    variant: str, floats: dict[str, bytes], samples: Samples, pairs: Pairs, min_psnr: float
) -> Candidate:
    """Makes and measures one variant.

    Args:
      variant: One of `VARIANTS`.
      floats: The float32 files, from `float_pair`.
      samples: From `calibration_samples`; used by the calibrated variant only.
      pairs: Images to translate and what the networks make of them.
      min_psnr: dB, below which it is not shipped.

    Raises:
      UserError: It is below `min_psnr`; only the calibrated variant may be left out.
    """
    files = {
        signature: quantization.quantize(content, variant, signature, samples.get(signature, ()))
        for signature, content in floats.items()
    }
    translated = quality.translate(Pair(files[ENCODE], files[GENERATE]), pairs)
    measured = quality.compare(translated, pairs.translated)
    shipped = measured.psnr >= min_psnr
    if not shipped and variant != CALIBRATED:
        raise UserError(
            f"{variant} is too far from the networks: PSNR {measured.psnr:.1f} dB is below "
            f"--min_psnr={min_psnr:g}. Leave it out of --variants, or allow less."
        )
    return Candidate(files, translated, measured, shipped)
