"""Trains a run from its config: compiled inner loops, and between them reports and saves."""

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tunit_tf import domain_styles, samples, signals, steps, validation
from tunit_tf.config import Config, ConfigError
from tunit_tf.data import pipeline, sources
from tunit_tf.progress import Progress
from tunit_tf.run_folder import Checkpoints, RunFolder
from tunit_tf.state import TrainState
from tunit_tf.translator import Translator


class Phase(NamedTuple):
    """Half-open range of steps that run the same step function."""

    name: str
    start: int
    stop: int
    batch_size: int
    step: Callable


def phases(config: Config) -> list[Phase]:
    """Warm-up, then joint phase, of a resolved config."""
    warmup, total = config.warmup_steps, config.total_steps
    return [
        Phase("warm-up", 0, warmup, config.warmup_batch_size, steps.warmup_step),
        Phase("joint", warmup, total, config.batch_size, steps.joint_step),
    ]


def make_strategy(config: Config) -> tf.distribute.Strategy:
    """All visible GPUs, or the default device.

    Raises:
      ConfigError: A batch cannot be shared equally, or XLA is asked for on several devices.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    strategy = tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
    check_strategy(strategy, config)
    return strategy


def check_strategy(strategy: tf.distribute.Strategy, config: Config) -> None:
    """Raises ConfigError where the config does not fit the number of devices."""
    replicas = strategy.num_replicas_in_sync
    for name in ("batch_size", "warmup_batch_size"):
        if getattr(config, name) % replicas:
            raise ConfigError(
                f"--{name}={getattr(config, name)} cannot be shared equally by {replicas} devices."
            )
    if config.xla and replicas > 1:
        raise ConfigError("--xla compiles for one device; leave it out or hide the other devices.")


def compile_loop(
    phase: Phase, state: TrainState, strategy: tf.distribute.Strategy, config: Config
) -> Callable[[Iterator, tf.Tensor], steps.Terms]:
    """A traced function (iterator, number of steps) -> each term's mean over the steps done.

    It ends early after a step with a term that is not finite.
    """

    def replica_step(batch):
        return phase.step(state, batch, config)

    if config.xla:
        replica_step = tf.function(replica_step, jit_compile=True)

    @tf.function
    def global_step(batch):
        terms = strategy.run(replica_step, args=(batch,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, term, axis=None)
            for name, term in terms.items()
        }

    @tf.function
    def loop(iterator, num_steps):
        # One call in the graph, not one before the loop and one inside: half the time to compile.
        terms = global_step.get_concrete_function(iterator.element_spec).structured_outputs
        sums = {name: tf.zeros(term.shape, term.dtype) for name, term in terms.items()}
        done = tf.constant(0)
        while done < num_steps and tf.reduce_all(tf.math.is_finite(list(sums.values()))):
            terms = global_step(next(iterator))
            sums = {name: sums[name] + terms[name] for name in sums}
            done += 1
        return {name: total / tf.cast(done, total.dtype) for name, total in sums.items()}

    return loop


class Trainer:
    """One run: its images, state, folder and compiled functions.

    Args:
      config: Resolved config.
      strategy: Where to train; None is all visible GPUs or the default device.

    Raises:
      ConfigError: See `sources.load`, `RunFolder`, `check_strategy`.
    """

    def __init__(self, config: Config, strategy: tf.distribute.Strategy | None = None):
        self.config = config
        if config.best_metric not in validation.METRICS:
            raise ConfigError(
                f"best_metric must be one of {', '.join(validation.METRICS)}; received "
                f"{config.best_metric!r}."
            )
        self.strategy = strategy or make_strategy(config)
        check_strategy(self.strategy, config)
        self.split = sources.load(config)
        for phase in phases(config):
            if phase.stop > phase.start:
                pipeline.check(self.split.train, config, phase.batch_size)
        self.folder = RunFolder(config)
        self.folder.write_json("split.json", sources.record(self.split))
        # Keras numbers layers through a process, and the order in which TensorFlow's graph
        # optimiser adds numbers up follows from names: start at the same names every time.
        keras.utils.clear_session(free_memory=False)
        with self.strategy.scope():
            self.state = TrainState(config)
        self.checkpoints = Checkpoints(self.folder.path, self.state, config.keep_checkpoints)
        self.step = self.checkpoints.restore()
        self.folder.forget_after(self.step)
        self.translator = Translator(self.state.guiding_ema, self.state.generator_ema)
        # Folders are sorted by class; a part of them must not be.
        order = np.random.default_rng(config.seed).permutation(len(self.split.validation))
        self.held_out = self.split.validation.take(order[: config.validation_images])
        self.scores: dict[str, float] = {}

    def run(self) -> bool:
        """Trains from the current step to the end; False if a signal stopped it before."""
        with signals.StopRequest() as stop, Progress(self.config, self.step) as progress:
            for phase in phases(self.config):
                if self.step < phase.stop and not stop.requested:
                    self._run_phase(phase, stop, progress)
        self.checkpoints.save()
        return self.step == self.config.total_steps

    def _run_phase(self, phase: Phase, stop: signals.StopRequest, progress: Progress) -> None:
        batches = pipeline.batches(
            self.split.train, self.config, self.step, phase.stop, phase.batch_size
        )
        if self.strategy.num_replicas_in_sync > 1:
            batches = self.strategy.experimental_distribute_dataset(batches)
        iterator = iter(batches)
        loop = compile_loop(phase, self.state, self.strategy, self.config)
        while self.step < phase.stop and not stop.requested:
            count = self._steps_until_next_event(phase)
            started = time.monotonic()
            terms = loop(iterator, tf.constant(count))
            terms = {name: float(term) for name, term in terms.items()}
            self._check_finite(terms, phase)
            self.step += count
            speed = count * phase.batch_size / (time.monotonic() - started)
            progress.update(self.step, phase.name, speed, terms)
            self._between_loops(phase, speed, terms)

    def _steps_until_next_event(self, phase: Phase) -> int:
        """Steps to the next report, save or end of the phase, at most steps_per_loop."""
        config = self.config
        periods = (
            config.log_every,
            config.sample_every,
            config.evaluate_every,
            config.checkpoint_every,
        )
        next_event = min((self.step // period + 1) * period for period in periods)
        return min(next_event, phase.stop, self.step + config.steps_per_loop) - self.step

    def _between_loops(self, phase: Phase, speed: float, terms: dict[str, float]) -> None:
        config = self.config
        last = self.step == config.total_steps

        def due(period: int) -> bool:
            return self.step % period == 0 or last

        if due(config.log_every):
            self.folder.log(
                self.step, {"phase": phase.name, "images_per_second": round(speed, 2), **terms}
            )
        if due(config.evaluate_every) or self.step == config.warmup_steps:
            self._evaluate()
        if due(config.sample_every) and self.step > config.warmup_steps:
            for name, draw in samples.GRIDS.items():
                self.folder.picture(self.step, name, draw(self.translator, self.held_out))
        if due(config.checkpoint_every):
            self.checkpoints.save()

    def _evaluate(self) -> None:
        """Scores the averaged networks; clusters always, translations in the joint phase."""
        scores = validation.cluster_scores(self.translator, self.held_out)
        if self.step > self.config.warmup_steps:
            scores |= validation.translation_scores(self.translator, self.held_out)
            metric = self.config.best_metric
            if metric in scores:
                better = validation.METRICS[metric]
                self.checkpoints.save_if_best(metric, scores[metric], better)
        self.scores = scores
        self.folder.log(self.step, {f"validation/{name}": value for name, value in scores.items()})

    def final_scores(self) -> dict[str, float]:
        """The last validation of the run, made now if this process did none."""
        if not self.scores:
            self._evaluate()
        return self.scores

    def _check_finite(self, terms: dict[str, float], phase: Phase) -> None:
        if all(abs(value) < float("inf") for value in terms.values()):
            return
        listed = "\n".join(f"  {name}: {value}" for name, value in terms.items())
        raise ConfigError(
            f"A loss is not finite in the {phase.name} phase after step {self.step}; nothing was "
            f"saved since the last checkpoint. Mean terms up to there:\n{listed}\n"
            "Lower the learning rate or, with float16, train in bfloat16 or float32."
        )


def train(config: Config) -> None:
    """Trains a run, or continues it, and prints what came of it. Raises ConfigError."""
    started = time.monotonic()
    trainer = Trainer(config)
    first_step = trainer.step
    if not trainer.run():
        print(
            f"Stopped at step {trainer.step} of {config.total_steps} and saved in "
            f"{trainer.folder.path}; the same command resumes the run."
        )
        return
    scores = trainer.final_scores()
    trainer.folder.write_json("metrics.json", {**scores, "steps": trainer.step})
    domain_styles.measure(trainer.translator, trainer.split.train).save(
        trainer.folder.path / domain_styles.FILE_NAME, trainer.step
    )
    print(
        summary(
            scores,
            trainer.folder.path,
            trainer.step - first_step,
            time.monotonic() - started,
        )
    )


def summary(scores: dict[str, float], folder: pathlib.Path, steps_done: int, seconds: float) -> str:
    """What a person wants to know at the end, on one screen."""
    lines = [f"Trained {steps_done} steps in {seconds / 60:.1f} minutes. Held-out images:"]
    lines += [f"  {name:<22}{value:8.4f}" for name, value in scores.items()]
    lines += [
        f"Pictures     {folder / 'samples'}",
        f"Numbers      {folder / 'metrics.json'}, {folder / 'metrics.jsonl'}",
        f"Curves       tensorboard --logdir {folder / 'tensorboard'}",
        f"Checkpoints  {folder / 'checkpoints'}, best in {folder / 'best'}",
    ]
    return "\n".join(lines)
