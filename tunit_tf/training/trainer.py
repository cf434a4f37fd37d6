"""Trains a run from its config, phase by phase, with reports and saves between inner loops."""

import pathlib
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tunit_tf.config import Config
from tunit_tf.data import pipeline, sources
from tunit_tf.errors import UserError
from tunit_tf.evaluation import sample_grids
from tunit_tf.evaluation.encoded_images import encode
from tunit_tf.evaluation.scores import METRICS, cluster_scores, translation_scores
from tunit_tf.inference import domain_styles
from tunit_tf.inference.translator import Translator
from tunit_tf.training import phases, run_lock, signals, workers
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.health import Health
from tunit_tf.training.progress import Progress
from tunit_tf.training.run_folder import RunFolder
from tunit_tf.training.state import TrainState
from tunit_tf.training.workers import ALONE, Worker


class Trainer:
    """One run: its images, state, folder and compiled functions.

    Args:
      config: Resolved config.
      strategy: Where to train; None is all visible GPUs or the default device.
      worker: This process among those that train the run; only the first writes.

    Raises:
      UserError: See `sources.load`, `RunFolder`, `phases.check_strategy`.
    """

    def __init__(
        self,
        config: Config,
        strategy: tf.distribute.Strategy | None = None,
        worker: Worker = ALONE,
    ):
        self.config = config
        self.worker = worker
        if config.best_metric not in METRICS:
            raise UserError(
                f"best_metric must be one of {', '.join(METRICS)}; received {config.best_metric!r}."
            )
        self.strategy = strategy or phases.make_strategy(config, worker.count)
        phases.check_strategy(self.strategy, config)
        self.split = sources.load(config)
        for phase in phases.of(config):
            if phase.stop > phase.start:
                pipeline.check(self.split.train, config, phase.batch_size)
        self.folder = RunFolder(config, writes=worker.is_chief)
        self.folder.write_json("split.json", sources.record(self.split))
        # Keras numbers layers through a process, and the order in which TensorFlow's graph
        # optimiser adds numbers up follows from names: start at the same names every time.
        keras.utils.clear_session(free_memory=False)
        with self.strategy.scope():
            self.state = TrainState(config)
        self.checkpoints = Checkpoints(
            self.folder.path, self.state, config.keep_checkpoints, writes=worker.is_chief
        )
        self.agreement = workers.Agreement(self.strategy)
        self.step = self._restore()
        self.folder.forget_after(self.step)
        self.translator = Translator(self.state.guiding_ema, self.state.generator_ema)
        # Folders are sorted by class; a part of them must not be.
        order = np.random.default_rng(config.seed).permutation(len(self.split.validation))
        self.held_out = self.split.validation.take(order[: config.validation_images])
        self.scores: dict[str, float] = {}
        self.health = Health()
        self._told: set[str] = set()  # signs of bad health

    def run(self) -> bool:
        """Trains from the current step to the end; False if a signal stopped it before.

        Raises:
          UserError: A loss is not finite, the last state cannot be saved, or the run is to halt
            at a sign of collapse or at something that cannot be saved.
        """
        with signals.StopRequest() as stop, Progress(self.config, self.step) as progress:
            for phase in phases.of(self.config):
                if self.step < phase.stop and not stop.requested:
                    self._run_phase_together(phase, stop, progress)
        try:
            self.checkpoints.save()
        except OSError as error:
            raise self._unsaved("the last checkpoint", error) from None
        return self.step == self.config.total_steps

    def _restore(self) -> int:
        """Restores the newest checkpoint, with several workers the same on all of them."""
        if self.worker.count == 1:
            return self.checkpoints.restore()
        if self.worker.is_chief:  # alone first: it may set a broken checkpoint aside
            step = self.checkpoints.restore()
        self.agreement.of(0)
        if not self.worker.is_chief:
            self.checkpoints = Checkpoints(
                self.folder.path, self.state, self.config.keep_checkpoints, writes=False
            )
            step = self.checkpoints.restore()
        smallest, largest = self.agreement.of(step)
        if smallest != largest:
            raise UserError(
                f"The workers found checkpoints of steps {smallest} to {largest}; --run_dir="
                f"{self.config.run_dir} must be the same folder on all machines."
            )
        return step

    def _is_to_stop(self, stop: signals.StopRequest) -> bool:
        """Whether a worker was asked to stop; all workers ask this at the same steps."""
        if self.worker.count > 1 and self.agreement.of(int(stop.requested))[1]:
            stop.requested = True
        return stop.requested

    def _run_phase_together(
        self, phase: phases.Phase, stop: signals.StopRequest, progress: Progress
    ) -> None:
        """`_run_phase`, with a clear word where another worker is gone."""
        try:
            self._run_phase(phase, stop, progress)
        except workers.GONE as error:
            if self.worker.count == 1:
                raise
            raise UserError(
                f"Another worker is gone after step {self.step} ({type(error).__name__}). Start "
                "the same command on all machines again: the run resumes from its last checkpoint."
            ) from None

    def _run_phase(
        self, phase: phases.Phase, stop: signals.StopRequest, progress: Progress
    ) -> None:
        batches = pipeline.batches(
            self.split.train, self.config, self.step, phase.stop, phase.batch_size
        )
        if self.strategy.num_replicas_in_sync > 1:
            batches = self.strategy.experimental_distribute_dataset(batches)
        iterator = iter(batches)
        loop = phases.compile_loop(phase, self.state, self.strategy, self.config)
        while self.step < phase.stop and not self._is_to_stop(stop):
            count = self._steps_until_next_event(phase)
            started = time.monotonic()
            terms = loop(iterator, tf.constant(count))
            terms = {name: float(term) for name, term in terms.items()}
            self._check_finite(terms, phase)
            self.step += count
            speed = count * phase.batch_size / (time.monotonic() - started)
            progress.update(self.step, phase.name, speed, terms)
            if self.worker.is_chief:
                self._between_loops(phase, speed, terms)

    def _steps_until_next_event(self, phase: phases.Phase) -> int:
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

    def _between_loops(self, phase: phases.Phase, speed: float, terms: dict[str, float]) -> None:
        config = self.config
        last = self.step == config.total_steps

        def due(period: int) -> bool:
            return self.step % period == 0 or last

        if due(config.log_every):
            numbers = {"phase": phase.name, "images_per_second": round(speed, 2), **terms}
            self._store("numbers", lambda: self.folder.log(self.step, numbers))
        if due(config.evaluate_every) or self.step == config.warmup_steps:
            self._evaluate()
        if due(config.sample_every) and self.step > config.warmup_steps:
            encoded = encode(self.translator, self.held_out)
            for name, draw in sample_grids.GRIDS.items():
                picture = draw(self.translator, encoded)
                self._store(
                    "pictures", lambda n=name, p=picture: self.folder.picture(self.step, n, p)
                )
        # Last: what a killed run has written since its checkpoint, it will write again.
        if due(config.checkpoint_every):
            self._store("a checkpoint", self.checkpoints.save)
        self._watch(self.health.of_terms(self.step, terms))

    def _store(self, what: str, write: Callable[[], None]) -> None:
        """Writes; a failure is told, and ends the run only if it is to."""
        try:
            write()
        except (OSError, tf.errors.OpError) as error:
            failure = self._unsaved(what, error)
            if self.config.halt_on_failed_save:
                raise failure from None
            logging.warning("%s The run goes on.", failure)

    def _unsaved(self, what: str, error: Exception) -> UserError:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        return UserError(
            f"At step {self.step} {what} could not be saved ({reason}); what was "
            f"saved before is as it was. Free space on the disk of {self.folder.path}; the same "
            "command resumes from the last checkpoint."
        )

    def _watch(self, signs: dict[str, str]) -> None:
        """Tells signs of a run that goes nowhere, once each, and halts if that is asked for."""
        for sign, warning in signs.items():
            if self.config.halt_on_collapse:
                self._store("a checkpoint", self.checkpoints.save)
                raise UserError(f"Stopped at step {self.step} by --halt_on_collapse. {warning}")
            if sign not in self._told:
                self._told.add(sign)
                logging.warning("Step %d: %s", self.step, warning)

    def _evaluate(self) -> None:
        """Scores the averaged networks; clusters always, translations in the joint phase."""
        scores = cluster_scores(self.translator, self.held_out)
        if self.step > self.config.warmup_steps:
            scores |= translation_scores(self.translator, self.held_out)
            metric = self.config.best_metric
            if metric in scores:
                score, better = scores[metric], METRICS[metric]
                self._store(
                    "the best checkpoint",
                    lambda: self.checkpoints.save_if_best(metric, score, better),
                )
        self.scores = scores
        numbers = {f"validation/{name}": value for name, value in scores.items()}
        self._store("scores", lambda: self.folder.log(self.step, numbers))
        self._watch(self.health.of_scores(scores, len(self.held_out), self.config.num_domains))

    def final_scores(self) -> dict[str, float]:
        """The last validation of the run, made now if this process did none."""
        if not self.scores:
            self._evaluate()
        return self.scores

    def _check_finite(self, terms: dict[str, float], phase: phases.Phase) -> None:
        if all(abs(value) < float("inf") for value in terms.values()):
            return
        listed = "\n".join(f"  {name}: {value}" for name, value in terms.items())
        raise UserError(
            f"A loss is not finite in the {phase.name} phase after step {self.step}; nothing was "
            f"saved since the last checkpoint. Mean terms up to there:\n{listed}\n"
            "Lower the learning rate or, with float16, train in bfloat16 or float32."
        )


def train(config: Config) -> None:
    """Trains a run, or continues it, and prints what came of it. Raises UserError."""
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    worker = workers.join(config)
    if worker.is_chief:
        with run_lock.held(pathlib.Path(config.run_dir).expanduser()):
            _train(config, worker)
    else:
        Trainer(config, worker=worker).run()


def _train(config: Config, worker: Worker) -> None:
    started = time.monotonic()
    trainer = Trainer(config, worker=worker)
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
