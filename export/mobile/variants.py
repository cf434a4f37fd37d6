"""Makes the variants of a pair and judges them by their translations."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from export.mobile import conversion, graphs, quantization, ranges
from export.mobile.quantization import CALIBRATED
from export.mobile.runtime import ENCODE, GENERATE, Pair
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels
from tunit_tf.networks import from_config
from tunit_tf.networks.layers import UpsampleConv2D, pad_pixels

RANGE = 2.0  # of values in [-1, 1]


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


class _TextbookUpsampleConv2D(UpsampleConv2D):
    """Nearest-neighbor x2, then the convolution: four times the operations, and equal."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, 2H, 2W, filters)`."""
        x = pad_pixels(tf.repeat(tf.repeat(inputs, 2, axis=1), 2, axis=2), 2, "REFLECT")
        return keras.layers.Conv2D.call(self, x)


def default_pair(run: TrainedRun) -> dict[str, bytes]:
    """{signature: float32 .tflite file} of the networks as they are, convolutions not folded."""
    translator = run.translator
    generator = from_config.generator(run.config, "float32")
    for ours, theirs in zip(generator.variables, translator.generator.variables, strict=True):
        ours.assign(theirs)
    for layer in generator.ups:
        layer.__class__ = _TextbookUpsampleConv2D

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        output = translator.guiding(image, training=False)
        return {
            "style": output.style,
            "domain_probabilities": tf.nn.softmax(output.domain_logits),
        }

    def generate(image: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"translated": generator(image, style)}

    shapes = conversion.input_shapes(translator)
    return {
        name: conversion.convert(function, name, shapes[name])
        for name, function in ((ENCODE, encode), (GENERATE, generate))
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
    translated = translate(Pair(files[ENCODE], files[GENERATE]), pairs)
    measured = compare(translated, pairs.translated)
    shipped = measured.psnr >= min_psnr
    if not shipped and variant != CALIBRATED:
        raise UserError(
            f"{variant} is too far from the networks: PSNR {measured.psnr:.1f} dB is below "
            f"--min_psnr={min_psnr:g}. Leave it out of --variants, or allow less."
        )
    return Candidate(files, translated, measured, shipped)


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
