"""How much memory a step takes on a device: the formula of `docs/training.md`, no TensorFlow."""

import dataclasses
import itertools
import math

from tunit_tf.config import Config

GB = 1e9
FLOAT = 4  # bytes of a variable, also under mixed precision
# Of each weight: itself, its gradient, two moments, and the average of E and G.
GUIDING_COPIES, GENERATOR_COPIES, DISCRIMINATOR_COPIES = 5, 5, 4
# What lives at the peak, as full-size maps of one image: per channel of G at full resolution, and
# of E at its full width; `benchmarks.training_memory` measures them.
MAPS = {"paper": 100, "projected": 28}
GUIDING_MAPS = 500
FEATURE_MAPS = 330  # of a projected D, of the size of its features' input
HALF = 0.8  # factor on these bytes under mixed precision; norms and losses stay in float32
LIBRARIES = 1.0 * GB  # workspaces, kernels


def device_bytes(config: Config) -> float:
    """Bytes that a joint step takes on the device that computes the whole batch.

    Args:
      config: Resolved config.
    """
    copies = (
        GUIDING_COPIES * guiding_weights(config)
        + GENERATOR_COPIES * generator_weights(config)
        + DISCRIMINATOR_COPIES * discriminator_weights(config)
    )
    images = config.batch_size / config.accumulate_steps  # that are computed at once
    return FLOAT * copies + images * image_bytes(config) + LIBRARIES


def sentence(config: Config) -> str:
    """The estimate of a resolved config in words."""
    halved = dataclasses.replace(config, accumulate_steps=2 * config.accumulate_steps)
    return (
        f"A step takes about {device_bytes(config) / GB:.1f} GB of memory if one device computes "
        f"the whole batch, and about {device_bytes(halved) / GB:.1f} GB with "
        f"--accumulate_steps={halved.accumulate_steps} (estimates)."
    )


def image_bytes(config: Config) -> float:
    """Bytes of what lives at the peak for each image of a part of the batch."""
    maps = MAPS[config.discriminator] * config.base_channels + GUIDING_MAPS * config.guiding_width
    numbers = maps * config.image_size**2
    if config.discriminator == "projected":
        numbers += FEATURE_MAPS * config.features_size**2
    return FLOAT * numbers * (1 if config.mixed_precision == "float32" else HALF)


def guiding_weights(config: Config) -> int:
    """Weights of E's convolutions (VGG-11)."""
    widths = (3, *(round(config.guiding_width * w) for w in (64, 128, 256, 256, *4 * (512,))))
    return 9 * sum(before * after for before, after in itertools.pairwise(widths))


def generator_weights(config: Config) -> int:
    """Weights of G's convolutions and of the layers that styles pass."""
    widths = [config.base_channels * 2**i for i in range(int(math.log2(config.image_size)) - 3)]
    content = widths[-1]
    down_and_up = (16 + 25) * sum(fine * coarse for fine, coarse in itertools.pairwise(widths))
    blocks = 8 * 9 * content**2
    style = 256 * (config.style_dim + 256 + 2 * (4 * content + sum(widths[:-1])))
    return 2 * 49 * 3 * config.base_channels + down_and_up + blocks + style


def discriminator_weights(config: Config) -> int:
    """Trained weights of D's convolutions; few in a projected D, whose features are frozen."""
    if config.discriminator == "projected":
        return 0
    width = config.base_channels
    total = 0
    for _ in range(int(math.log2(config.image_size)) - 2):
        wider = min(2 * width, 1024)
        total += 27 * width**2 + 9 * width * wider + (wider > width) * width * wider
        width = wider
    return total + 16 * width**2
