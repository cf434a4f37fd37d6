"""The phases of a run, the devices it is trained on, and the compiled loop of steps."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.data.pipeline import Batch
from tunit_tf.errors import UserError
from tunit_tf.training import steps
from tunit_tf.training.state import TrainState

Loop = Callable[[Any, tf.Tensor], steps.Terms]


class Phase(NamedTuple):
    """Half-open range of steps that run the same step function, on batches of one size."""

    name: str
    start: int
    stop: int
    batch_size: int
    step: Callable[[TrainState, Batch, Config], steps.Terms]


def schedule(config: Config) -> list[Phase]:
    """Warm-up, then joint phase, of a resolved config."""
    warmup, total = config.warmup_steps, config.total_steps
    return [
        Phase("warm-up", 0, warmup, config.warmup_batch_size, steps.warmup_step),
        Phase("joint", warmup, total, config.batch_size, steps.joint_step),
    ]


def make_strategy(config: Config, num_workers: int = 1) -> tf.distribute.Strategy:
    """All visible GPUs, or the default device; with several workers the devices of all.

    Raises:
      UserError: A batch cannot be shared equally, or XLA is asked for on several devices.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if num_workers > 1:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    elif len(gpus) > 1:
        strategy = tf.distribute.MirroredStrategy()
    else:
        strategy = tf.distribute.get_strategy()
    check_strategy(strategy, config)
    return strategy


def check_strategy(strategy: tf.distribute.Strategy, config: Config) -> None:
    """Raises UserError where the config does not fit the number of devices."""
    replicas = strategy.num_replicas_in_sync
    for name in ("batch_size", "warmup_batch_size"):
        size, parts = getattr(config, name), config.accumulate_steps
        if size % replicas:
            raise UserError(f"--{name}={size} cannot be shared equally by {replicas} devices.")
        if size // replicas % parts:
            raise UserError(
                f"--{name}={size} cannot be cut into --accumulate_steps={parts} equal parts on "
                f"{replicas} devices."
            )
    if config.xla and replicas > 1:
        raise UserError("--xla compiles for one device; leave it out or hide the other devices.")


def compile_loop(
    phase: Phase, state: TrainState, strategy: tf.distribute.Strategy, config: Config
) -> Loop:
    """A traced function (iterator, number of steps) -> each term's mean over the steps done.

    It ends early after a step with a term that is not finite.
    """

    # Only the loop below has control flow that depends on tensors. Steps have none, and without
    # AutoGraph they are traced in half the time, into the same graph.
    @tf.autograph.experimental.do_not_convert
    def replica_step(batch: Batch) -> steps.Terms:
        return phase.step(state, batch, config)

    if config.xla:
        replica_step = tf.function(replica_step, jit_compile=True, autograph=False)

    @tf.function(autograph=False)
    def global_step(batch: Batch) -> steps.Terms:
        terms = strategy.run(replica_step, args=(batch,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, term, axis=None)
            for name, term in terms.items()
        }

    @tf.function
    def loop(iterator: Any, num_steps: tf.Tensor) -> steps.Terms:
        # The step is once in the graph, not before the loop and again inside: it compiles in half
        # the time.
        terms = global_step.get_concrete_function(iterator.element_spec).structured_outputs
        sums = {name: tf.zeros(term.shape, term.dtype) for name, term in terms.items()}
        done = tf.constant(0)
        while done < num_steps and tf.reduce_all(tf.math.is_finite(list(sums.values()))):
            terms = global_step(next(iterator))
            sums = {name: sums[name] + terms[name] for name in sums}
            done += 1
        return {name: total / tf.cast(done, total.dtype) for name, total in sums.items()}

    return loop
