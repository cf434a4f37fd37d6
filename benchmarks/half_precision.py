"""The phone's generator in float16, before and after: `python -m benchmarks.half_precision`.

Emulates the graph with every value rounded to float16, with norms over whole maps and with those
that are exported, and compares with LiteRT in float32, and that with the network in float64.
Without --run_dir: a full-size generator of random weights. --activations multiplies what the norms
get; trained networks have all kinds. --rounds times both graphs in turns.
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from export.mobile import bundle, conversion, graphs, operations, quantization, ranges
from export.mobile.runtime import GENERATE, Model
from tests.export.mobile import half_precision
from tunit_tf import cli, path_flags
from tunit_tf.config import Config
from tunit_tf.data import synthetic
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels
from tunit_tf.networks import Generator

RUN_DIR = path_flags.define("run_dir", "", "Folder of a run; without one, random weights.")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "Image size without --run_dir.")
BASE_CHANNELS = flags.DEFINE_integer(
    "base_channels", 0, "Width of G without --run_dir; 0 is the paper's."
)
ACTIVATIONS = flags.DEFINE_list(
    "activations", ["1", "2.5", "0.02", "200"], "Factors on norms' inputs."
)
IMAGES = flags.DEFINE_integer("images", 2, "Number of images to redraw.")
ROUNDS = flags.DEFINE_integer("rounds", 0, "Timed runs of each graph, in turns; 0 for none.")

SEEN = 8  # images that the graph's factors come from; others are redrawn
GRAPHS = ("whole maps", "blocks")
STYLE_DIM = 128
RANGE = 2.0  # values in [-1, 1]


def main() -> None:
    """Prints the errors for every factor on the activations."""
    network, images, styles = trained() if RUN_DIR.value else random_weights()
    kind = RUN_DIR.value or f"random weights, base_channels={network.base_channels}"
    print(f"{network.image_size} px, {kind}")
    print("| activations times | norms over | RMS error, float32 | finite | dB, float16 |")
    print("|---|---|---|---|---|")
    for factor in map(float, ACTIVATIONS.value):
        half_precision.multiply(network, factor)
        contents = files(network, images, styles)
        given = [
            {"image": x[None], "style": s[None]}
            for x, s in zip(images[SEEN:], styles[SEEN:], strict=True)
        ]
        exact = in_float64(network, given)
        for name, content in contents.items():
            single = [Model(content, GENERATE)(**g)["translated"] for g in given]
            half = [half_precision.run(content, g)["translated"] for g in given]
            rms = np.sqrt(np.mean(np.square(np.float64(single) - exact)))
            finite = "yes" if np.isfinite(half).all() else "no"
            print(
                f"| {factor:g} | {name} | {rms:.1e} | {finite} | {psnr(half, single):.1f} |",
                flush=True,
            )
        half_precision.multiply(network, 1 / factor)
    if ROUNDS.value:
        print_times(files(network, images, styles))


def trained() -> tuple[Generator, np.ndarray, np.ndarray]:
    """Generator of a run, held-out images and the styles of others."""
    run = TrainedRun.load(RUN_DIR.value)
    held_out = bundle.open_images(run, calibrates=False).held_out
    squares = held_out.sample(SEEN + IMAGES.value).pixels()
    styles = np.roll(run.translator.style(squares), 1, axis=0)
    return run.translator.generator, pixels.from_bytes(squares), styles


def random_weights() -> tuple[Generator, np.ndarray, np.ndarray]:
    """A generator as training starts with it, images of the procedural set and random styles."""
    keras.utils.set_random_seed(0)
    config = Config(image_size=IMAGE_SIZE.value, base_channels=BASE_CHANNELS.value).resolved()
    network = Generator(IMAGE_SIZE.value, STYLE_DIM, config.base_channels)
    squares = synthetic.generate(SEEN + IMAGES.value, IMAGE_SIZE.value, 0).pixels()
    styles = np.random.default_rng(0).standard_normal((len(squares), STYLE_DIM))
    return network, pixels.from_bytes(squares), styles.astype(np.float32)


def files(network: Generator, images: np.ndarray, styles: np.ndarray) -> dict[str, bytes]:
    """{what the norms average over: float32 .tflite file}."""
    shapes = {"image": (1, *images.shape[1:]), "style": (1, styles.shape[1])}
    factors = ranges.norm_factors(network, images[:SEEN], styles[:SEEN])
    drawn = (
        graphs.generator(network, norm=half_precision.whole_map_norm),
        graphs.generator(network, factors, operations.adaptive_instance_norm),
    )
    return {
        name: conversion.convert(function, GENERATE, shapes)
        for name, function in zip(GRAPHS, drawn, strict=True)
    }


def in_float64(network: Generator, given: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
    """What the networks' definition gives, in double precision."""
    exact = Generator(network.image_size, network.style_dim, network.base_channels, dtype="float64")
    for mine, single in zip(exact.variables, network.variables, strict=True):
        mine.assign(tf.cast(single, tf.float64))
    return [
        exact(*(tf.constant(g[name], tf.float64) for name in ("image", "style"))).numpy()
        for g in given
    ]


def psnr(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """dB; NaN if a value is."""
    return 10 * np.log10(RANGE**2 / np.mean(np.square(np.float64(found) - np.float64(expected))))


def print_times(contents: dict[str, bytes]) -> None:
    """CPU time of both graphs on one thread, run in turns; other programs hardly change it."""
    print(f"\nOne thread, {ROUNDS.value} runs each, in turns; median ms of CPU time")
    print("| variant | whole maps | blocks | ratio | partitions |")
    print("|---|---|---|---|---|")
    for variant in ("float32", "dynamic_int8"):
        models = [Model(quantization.quantize(c, variant), GENERATE) for c in contents.values()]
        rng = np.random.default_rng(0)
        inputs = {
            name: np.tanh(rng.standard_normal(shape)).astype(np.float32)
            for name, shape in models[0].input_shapes.items()
        }
        times: list[list[float]] = [[], []]
        for i in range(-2, ROUNDS.value):
            for which in (0, 1) if i % 2 else (1, 0):
                started = time.process_time()
                models[which](**inputs)
                if i >= 0:
                    times[which].append(1e3 * (time.process_time() - started))
        before, after = map(statistics.median, times)
        partitions = " / ".join(str(model.partitions) for model in models)
        print(
            f"| {variant} | {before:.1f} | {after:.1f} | {after / before:.3f} | {partitions} |",
            flush=True,
        )


if __name__ == "__main__":
    cli.run(main)
