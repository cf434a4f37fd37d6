"""Images/s that the input pipeline can feed: `python -m benchmarks.input_pipeline`.

Compares the pipeline alone, the joint step alone (one batch again and again) and both together.
If the last two agree, the pipeline is not the bottleneck.
"""

import time
from collections.abc import Callable

import tensorflow as tf
from absl import flags

from tunit_tf import cli
from tunit_tf.config import Config
from tunit_tf.data import pipeline, synthetic
from tunit_tf.training import phases
from tunit_tf.training.state import TrainState

IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "Side of the images in pixels.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 8, "Images per step.")
BASE_CHANNELS = flags.DEFINE_integer(
    "base_channels", 8, "Channels of G and D; a small number imitates a fast device."
)
STEPS = flags.DEFINE_integer("steps", 30, "Timed steps.")


def main() -> None:
    """Prints images per second of the input and of the training step."""
    config = Config(
        image_size=IMAGE_SIZE.value,
        batch_size=BATCH_SIZE.value,
        base_channels=BASE_CHANNELS.value,
        guiding_width=BASE_CHANNELS.value / 64,
    ).resolved()
    images = synthetic.generate(8 * config.batch_size, config.image_size, 0)
    steps = STEPS.value

    def dataset(stop: int) -> tf.data.Dataset:
        return pipeline.batches(images, config, 0, stop, config.batch_size)

    def images_per_second(run: Callable[[], object]) -> float:
        started = time.perf_counter()
        run()
        return steps * config.batch_size / (time.perf_counter() - started)

    iterator = iter(dataset(steps + 3))
    next(iterator)
    alone = images_per_second(lambda: [next(iterator) for _ in range(steps)])

    state = TrainState(config)
    strategy = tf.distribute.get_strategy()
    loop = phases.compile_loop(phases.schedule(config)[1], state, strategy, config)

    def train(batches: tf.data.Dataset) -> Callable[[], float]:
        iterator = iter(batches)
        loop(iterator, tf.constant(1))  # traces on the first call
        return lambda: float(loop(iterator, tf.constant(steps))["discriminator/real"])

    step = images_per_second(train(dataset(1).cache().repeat()))
    both = images_per_second(train(dataset(steps + 1)))
    print("| pipeline alone, images/s | step alone | together | together / step alone |")
    print("|---|---|---|---|")
    print(f"| {alone:.0f} | {step:.1f} | {both:.1f} | {both / step:.2f} |")


if __name__ == "__main__":
    cli.run(main)
