"""Seconds, images/s and peak memory of a training step: `python -m benchmarks.train_step`.

Compares forms of the joint step, each in a process of its own so that memory is its own:
`reference` (textbook order, direct convolutions), `shared` (our order, direct convolutions),
`folded` (our order and folded convolutions, what training uses), `unpenalized` (folded, a step
without the gradient penalty) and `projected` (folded, D on frozen features).
Full-size networks.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from absl import flags

from tunit_tf import cli

FORMS = ("reference", "shared", "folded", "unpenalized", "projected")
SETTINGS = {"unpenalized": {"weight_r1": 0.0}, "projected": {"discriminator": "projected"}}

SIZES = flags.DEFINE_list("sizes", ["64:8", "128:4"], "Image size and batch, SIZE:BATCH.")
THREADS = flags.DEFINE_integer("threads", 2, "Threads per operation.")
REPEATS = flags.DEFINE_integer(
    "repeats", 5, "Timed steps, after one that traces; the median counts."
)
ONE = flags.DEFINE_string("one", "", "Internal: SIZE:BATCH:FORM to measure in this process.")


def measure(size: int, batch_size: int, form: str, threads: int, repeats: int) -> dict:
    """Median seconds of a warm-up and a joint step, and the process' peak memory in GB."""
    import tensorflow as tf  # here, so that the parent process stays small

    from tests.networks import direct
    from tests.training import reference_order
    from tunit_tf.config import Config
    from tunit_tf.data import pipeline, synthetic
    from tunit_tf.training import steps
    from tunit_tf.training.state import TrainState

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    settings: dict[str, Any] = {"image_size": size, "batch_size": batch_size}
    config = Config(**settings, **SETTINGS.get(form, {})).resolved()
    state = TrainState(config)
    if form in ("reference", "shared"):
        direct.unfold(state.generator, state.discriminator)
    images = synthetic.generate(4 * batch_size, size, 0)
    batch = next(iter(pipeline.batches(images, config, 0, 1, batch_size)))
    joint = reference_order.joint_step if form == "reference" else steps.joint_step

    def median(step: Callable[..., dict]) -> float:
        traced = tf.function(lambda: step(state, batch, config))
        times = []
        for _ in range(repeats + 1):
            started = time.perf_counter()
            terms = traced()
            float(terms["guiding/contrastive"])
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:])

    return {
        "warmup": median(steps.warmup_step),
        "joint": median(joint),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main() -> None:
    """Prints a row per size and form, each measured in a process of its own."""
    if ONE.value:
        size, batch_size, form = ONE.value.split(":")
        print(json.dumps(measure(int(size), int(batch_size), form, THREADS.value, REPEATS.value)))
        return
    print(f"{THREADS.value} threads, median of {REPEATS.value} steps")
    print("| size | batch | form | warm-up s | joint s | images/s | times reference | peak GB |")
    print("|---|---|---|---|---|---|---|---|")
    for size_batch in SIZES.value:
        size, batch_size = size_batch.split(":")
        baseline = None
        for form in FORMS:
            command = [
                sys.executable,
                "-m",
                "benchmarks.train_step",
                f"--one={size_batch}:{form}",
                f"--threads={THREADS.value}",
                f"--repeats={REPEATS.value}",
            ]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            result = json.loads(output.splitlines()[-1])
            baseline = baseline or result["joint"]
            print(
                f"| {size} | {batch_size} | {form} | {result['warmup']:.2f} | "
                f"{result['joint']:.2f} | {int(batch_size) / result['joint']:.2f} | "
                f"{baseline / result['joint']:.2f} | {result['memory']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    cli.run(main)
