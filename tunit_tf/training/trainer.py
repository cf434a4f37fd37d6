"""Trains a run from its config, phase by phase, with reports and saves between inner loops."""

import contextlib
import dataclasses
import pathlib
import shlex
import time
from collections.abc import Iterator

import keras
import tensorflow as tf

from tunit_tf.config import PSEUDO_LABELED, Config
from tunit_tf.data import pipeline, sources
from tunit_tf.data.pipeline import Batch
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.evaluation.scores import check_metric
from tunit_tf.inference import domain_styles, run_folder, saved_states
from tunit_tf.inference.run_folder import RunFolder
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files
from tunit_tf.metrics import EFFICIENTNET_LITE0
from tunit_tf.networks import efficientnet_lite
from tunit_tf.training import initialization, phases, pseudo_labels, workers
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.reports import Progress, Reports
from tunit_tf.training.state import TrainState
from tunit_tf.training.workers import ALONE, Worker


@dataclasses.dataclass
class Trainer:
    """One run that was opened by `open_run`.

    Attributes:
      config: Resolved config.
      strategy: Where to train.
      worker: This process among those that train the run; only the first writes.
      split: Images of the run.
      folder: The run folder.
      state: Everything that evolves.
      checkpoints: States on disk.
      agreement: Numbers that the workers exchange.
      translator: The averaged networks.
      reports: What is written between inner loops.
      step: Steps done.
    """

    config: Config
    strategy: tf.distribute.Strategy
    worker: Worker
    split: Split
    folder: RunFolder
    state: TrainState
    checkpoints: Checkpoints
    agreement: workers.Agreement
    translator: Translator
    reports: Reports
    step: int

    def run(self) -> bool:
        """Trains from the current step to the end; False if a signal stopped it before.

        Raises:
          UserError: A loss is not finite, the last state cannot be saved, another worker is gone,
            or the run is to halt at a sign of collapse or at something that cannot be saved.
          KeyboardInterrupt: A second Ctrl-C.
        """
        with workers.StopRequest() as stop:
            with Progress(self.config, self.step) as progress, self._gone_workers_named():
                for phase in phases.schedule(self.config):
                    if self.step >= phase.stop or stop.requested:
                        continue
                    batches = self._batches(phase)
                    loop = phases.compile_loop(phase, self.state, self.strategy, self.config)
                    while self.step < phase.stop and not self._is_to_stop(stop):
                        count = self._steps_until_next_event(phase)
                        started = time.monotonic()
                        terms = loop(batches, tf.constant(count))
                        terms = {name: float(term) for name, term in terms.items()}
                        self._check_finite(terms, phase)
                        self.step += count
                        speed = count * phase.batch_size / (time.monotonic() - started)
                        progress.update(self.step, phase.name, speed, terms)
                        if self.worker.is_chief:
                            self.reports.after_loop(self.step, phase.name, speed, terms)
            self.reports.save_last(self.step)
        return self.step == self.config.total_steps

    def _batches(self, phase: phases.Phase) -> Iterator[Batch]:
        """The batches of a phase from the current step on."""
        batches = pipeline.batches(
            self.split.train, self.config, self.step, phase.stop, phase.batch_size
        )
        if self.strategy.num_replicas_in_sync > 1:
            batches = self.strategy.experimental_distribute_dataset(batches)
        return iter(batches)

    def _is_to_stop(self, stop: workers.StopRequest) -> bool:
        """Whether a worker was asked to stop; all workers ask this at the same steps."""
        if self.worker.count > 1 and self.agreement.extremes(int(stop.requested))[1]:
            stop.requested = True
        return stop.requested

    @contextlib.contextmanager
    def _gone_workers_named(self) -> Iterator[None]:
        """A one-line error in place of TensorFlow's if another worker is lost."""
        try:
            yield
        except workers.GONE as error:
            if self.worker.count == 1:
                raise
            raise UserError(
                f"Another worker is gone after step {self.step} ({type(error).__name__}). Start "
                "the same command on all machines again: the run resumes from its last checkpoint."
            ) from None

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

    def _check_finite(self, terms: dict[str, float], phase: phases.Phase) -> None:
        if all(abs(value) < float("inf") for value in terms.values()):
            return
        listed = "\n".join(f"  {name}: {value}" for name, value in terms.items())
        raise UserError(
            f"A loss is not finite in the {phase.name} phase after step {self.step}; nothing was "
            f"saved since the last checkpoint. Mean terms up to there:\n{listed}\n"
            "Lower the learning rate or, with float16, train in bfloat16 or float32."
        )


def open_run(
    config: Config, strategy: tf.distribute.Strategy | None = None, worker: Worker = ALONE
) -> Trainer:
    """Opens a run: loads its images, makes its folder, restores its newest checkpoint.

    The folder is written after all other checks have passed.

    Args:
      config: Resolved config.
      strategy: Where to train; None is all visible GPUs or the default device.
      worker: This process among those that train the run; only the first writes.

    Raises:
      UserError: A setting does not fit the devices, the images or the run folder, or something
        cannot be read or written.
    """
    strategy = strategy or phases.make_strategy(config, worker.count)
    phases.check_strategy(strategy, config)
    path = config.run_path
    to_record = run_folder.config_to_record(config) if worker.is_chief else config
    recorded = run_folder.recorded_split(path, config)
    split = run_folder.opened_split(path, config, recorded)
    check_metric(config.best_metric, split.validation)
    for phase in phases.schedule(config):
        if phase.stop > phase.start:
            pipeline.check(split.train, config, phase.batch_size)
    if config.discriminator == "projected":
        efficientnet_lite.weights_file(EFFICIENTNET_LITE0)  # raises if it is not installed
    pseudo_labeled = config.mode == PSEUDO_LABELED
    if pseudo_labeled and worker.is_chief:
        split = split._replace(train=pseudo_labels.prepare(split.train, config))
    weights = initialization.load(config)
    folder = RunFolder(path, writes=worker.is_chief)
    folder.write_json(run_folder.CONFIG, dataclasses.asdict(to_record))
    if recorded is None:  # a record also has the names of images that are missing today
        folder.write_json(run_folder.SPLIT, sources.record(split, config))
    if pseudo_labeled and worker.is_chief and not run_folder.is_trained(folder.path):
        folder.write_json(run_folder.DOMAINS, pseudo_labels.record(split.train, config))
    # The graph optimizer orders sums by the names of operations, and these contain a number that
    # Keras counts up for the whole process. It starts again here, so that a run computes the same
    # bits whatever was built in the process before.
    keras.utils.clear_session(free_memory=False)
    with strategy.scope():
        state = TrainState(config)
        if weights is not None:
            taken = initialization.initialize(state, weights)
            if worker.is_chief:
                print(f"Starts from {config.init_from}: {taken}")
    checkpoints = Checkpoints(folder.path, state, config.keep_checkpoints, writes=worker.is_chief)
    agreement = workers.Agreement(strategy)
    step = _restore(checkpoints, agreement, worker, config)
    if pseudo_labeled and not worker.is_chief:  # after `_restore`, the first worker has written
        split = split._replace(train=pseudo_labels.recorded(split.train, config))
    folder.forget_after(step)
    translator = Translator(state.guiding_ema, state.generator_ema)
    # Drawn at random, because images of a folder come class by class.
    held_out = split.validation.sample(config.validation_images, config.seed)
    reports = Reports(config, folder, checkpoints, translator, held_out)
    return Trainer(
        config, strategy, worker, split, folder, state, checkpoints, agreement, translator,
        reports, step,
    )  # fmt: skip


def _restore(
    checkpoints: Checkpoints, agreement: workers.Agreement, worker: Worker, config: Config
) -> int:
    """Restores the newest checkpoint, with several workers the same on all of them."""
    if worker.count == 1:
        return checkpoints.restore()
    if worker.is_chief:  # alone first: it may set a broken checkpoint aside
        step = checkpoints.restore()
    agreement.extremes(0)
    if not worker.is_chief:
        step = checkpoints.restore()
    smallest, largest = agreement.extremes(step)
    if smallest != largest:
        raise UserError(
            f"The workers found checkpoints of steps {smallest} to {largest}; --run_dir="
            f"{config.run_dir} must be the same folder on all machines."
        )
    return step


def train(config: Config) -> None:
    """Trains a run, or continues it, and prints its results. Raises UserError."""
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    worker = workers.join()
    if not worker.is_chief:
        open_run(config, worker=worker).run()
        return
    folder = config.run_path
    with run_folder.held(folder):
        try:
            started = time.monotonic()
            trainer = open_run(config, worker=worker)
            first_step = trainer.step
            if first_step == config.total_steps:
                print(
                    f"{folder} is finished, at step {first_step}; a larger --joint_steps trains on."
                )
            elif first_step:
                print(f"{folder} goes on from step {first_step} of {config.total_steps}.")
            if trainer.run():
                scores = _finish(trainer)
                steps_done, seconds = trainer.step - first_step, time.monotonic() - started
                print(summary(scores, folder, steps_done, seconds))
            else:
                print(
                    f"Stopped at step {trainer.step} of {config.total_steps} and saved in "
                    f"{folder}; the same command resumes the run."
                )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_what_is_left(folder)) from None


def _finish(trainer: Trainer) -> dict[str, float]:
    """Writes what a finished run has beside its checkpoints; returns its scores."""
    scores = trainer.reports.final_scores(trainer.step)
    path = trainer.folder.path
    trainer.folder.write_json(run_folder.SCORES, {**scores, "steps": trainer.step})
    styles = domain_styles.measure(trainer.translator, trainer.split.train)
    with files.writing(f"The run folder {path}", run_folder.CURE):
        trainer.folder.output.write_over(run_folder.STYLES, styles.to_bytes(trainer.step))
    return scores


def _what_is_left(folder: pathlib.Path) -> str:
    """What an interrupted run has on disk, as a sentence."""
    saved = saved_states.found_in(folder / run_folder.CHECKPOINTS["newest"])
    if not saved:
        return f"No checkpoint was saved in {folder}."
    return (
        f"The newest checkpoint in {folder} is of step {saved[-1].step}; the same command resumes "
        "from it."
    )


def summary(scores: dict[str, float], folder: pathlib.Path, steps_done: int, seconds: float) -> str:
    """The results of a finished run, on one screen."""
    newest, best = run_folder.CHECKPOINTS.values()
    lines = [f"Trained {steps_done} steps in {seconds / 60:.1f} minutes. Held-out images:"]
    lines += [f"  {name:<22}{value:8.4f}" for name, value in scores.items()]
    lines += [
        f"Pictures     {folder / run_folder.SAMPLES}",
        f"Numbers      {folder / run_folder.SCORES}, {folder / run_folder.LOG}",
        f"Curves       tensorboard --logdir {shlex.quote(str(folder / run_folder.TENSORBOARD))}",
        f"Checkpoints  {folder / newest}, best in {folder / best}",
    ]
    return "\n".join(lines)
