"""Trains a run from its config, phase by phase, with reports and saves between inner loops."""

import dataclasses
import pathlib
import time

import keras
import tensorflow as tf

from tunit_tf.config import PSEUDO_LABELED, Config
from tunit_tf.data import pipeline, sources
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.evaluation.scores import METRICS
from tunit_tf.inference import domain_styles
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files
from tunit_tf.metrics.extractor_names import EFFICIENTNET_LITE0
from tunit_tf.networks import efficientnet_lite
from tunit_tf.training import phases, pseudo_labels, run_folder, run_lock, signals, workers
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.progress import Progress
from tunit_tf.training.reports import Reports
from tunit_tf.training.run_folder import RunFolder
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
          UserError: A loss is not finite, the last state cannot be saved, or the run is to halt
            at a sign of collapse or at something that cannot be saved.
          KeyboardInterrupt: A second Ctrl-C.
        """
        with signals.StopRequest() as stop:
            with Progress(self.config, self.step) as progress:
                for phase in phases.schedule(self.config):
                    if self.step < phase.stop and not stop.requested:
                        self._run_phase_together(phase, stop, progress)
            self.reports.save_last(self.step)
        return self.step == self.config.total_steps

    def _is_to_stop(self, stop: signals.StopRequest) -> bool:
        """Whether a worker was asked to stop; all workers ask this at the same steps."""
        if self.worker.count > 1 and self.agreement.extremes(int(stop.requested))[1]:
            stop.requested = True
        return stop.requested

    def _run_phase_together(
        self, phase: phases.Phase, stop: signals.StopRequest, progress: Progress
    ) -> None:
        """`_run_phase`, with a one-line error if another worker is lost."""
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
        loops = phases.compile_loops(phase, self.state, self.strategy, self.config)
        latest: dict[str, float] = {}  # with a lazy penalty, not every loop computes every term
        while self.step < phase.stop and not self._is_to_stop(stop):
            count = self._steps_until_next_event(phase)
            started = time.monotonic()
            terms = loops.at(self.step, phase)(iterator, tf.constant(count))
            terms = {name: float(term) for name, term in terms.items()}
            self._check_finite(terms, phase)
            self.step += count
            latest |= terms
            speed = count * phase.batch_size / (time.monotonic() - started)
            progress.update(self.step, phase.name, speed, latest)
            if self.worker.is_chief:
                self.reports.after_loop(self.step, phase.name, speed, latest)

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
        ends = (next_event, phase.stop, phase.next_change(self.step))
        return min(*ends, self.step + config.steps_per_loop) - self.step

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
    if config.best_metric not in METRICS:
        raise UserError(
            f"best_metric must be one of {', '.join(METRICS)}; received {config.best_metric!r}."
        )
    strategy = strategy or phases.make_strategy(config, worker.count)
    phases.check_strategy(strategy, config)
    to_record = run_folder.config_to_record(config) if worker.is_chief else config
    recorded = sources.recorded(pathlib.Path(config.run_dir).expanduser(), config)
    split = sources.load(config, recorded)
    for phase in phases.schedule(config):
        if phase.stop > phase.start:
            pipeline.check(split.train, config, phase.batch_size)
    if config.discriminator == "projected":
        efficientnet_lite.weights_file(EFFICIENTNET_LITE0)  # raises if it is not installed
    pseudo_labeled = config.mode == PSEUDO_LABELED
    if pseudo_labeled and worker.is_chief:
        split = split._replace(train=pseudo_labels.prepare(split.train, config))
    folder = RunFolder(pathlib.Path(config.run_dir).expanduser(), writes=worker.is_chief)
    folder.write_json("config.json", dataclasses.asdict(to_record))
    if recorded is None:  # else it keeps the names of images that may come back
        folder.write_json("split.json", sources.record(split))
    if pseudo_labeled and worker.is_chief and not run_folder.is_trained(folder.path):
        folder.write_json(pseudo_labels.FILE, pseudo_labels.record(split.train, config))
    # Keras numbers layers through a process, and the order in which TensorFlow's graph
    # optimizer adds numbers up follows from names: start at the same names every time.
    keras.utils.clear_session(free_memory=False)
    with strategy.scope():
        state = TrainState(config)
    checkpoints = Checkpoints.open(
        folder.path, state, config.keep_checkpoints, writes=worker.is_chief
    )
    agreement = workers.Agreement(strategy)
    step = _restore(checkpoints, agreement, worker, config)
    if pseudo_labeled and not worker.is_chief:  # after `_restore`, the first worker has written
        split = split._replace(train=pseudo_labels.recorded(split.train, config))
    folder.forget_after(step)
    translator = Translator(state.guiding_ema, state.generator_ema)
    # Folders are sorted by class; a part of them must not be.
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
        checkpoints.list_again()
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
    worker = workers.join(config)
    if not worker.is_chief:
        open_run(config, worker=worker).run()
        return
    folder = pathlib.Path(config.run_dir).expanduser()
    with run_lock.held(folder):
        try:
            _train(config, worker)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_what_is_left(folder)) from None


def _train(config: Config, worker: Worker) -> None:
    started = time.monotonic()
    trainer = open_run(config, worker=worker)
    first_step = trainer.step
    if not trainer.run():
        print(
            f"Stopped at step {trainer.step} of {config.total_steps} and saved in "
            f"{trainer.folder.path}; the same command resumes the run."
        )
        return
    scores = trainer.reports.final_scores(trainer.step)
    path = trainer.folder.path
    trainer.folder.write_json("metrics.json", {**scores, "steps": trainer.step})
    styles = domain_styles.measure(trainer.translator, trainer.split.train)
    with files.writing(f"The run folder {path}", run_folder.CURE):
        styles.save(path / domain_styles.FILE_NAME, trainer.step)
    print(summary(scores, path, trainer.step - first_step, time.monotonic() - started))


def _what_is_left(folder: pathlib.Path) -> str:
    """What an interrupted run has on disk, as a sentence."""
    newest = tf.train.latest_checkpoint(str(folder / "checkpoints"))
    if newest is None:
        return f"No checkpoint was saved in {folder}."
    step = newest.rpartition("-")[2]
    return f"The newest checkpoint in {folder} is of step {step}; the same command resumes from it."


def summary(scores: dict[str, float], folder: pathlib.Path, steps_done: int, seconds: float) -> str:
    """The results of a finished run, on one screen."""
    lines = [f"Trained {steps_done} steps in {seconds / 60:.1f} minutes. Held-out images:"]
    lines += [f"  {name:<22}{value:8.4f}" for name, value in scores.items()]
    lines += [
        f"Pictures     {folder / 'samples'}",
        f"Numbers      {folder / 'metrics.json'}, {folder / 'metrics.jsonl'}",
        f"Curves       tensorboard --logdir {folder / 'tensorboard'}",
        f"Checkpoints  {folder / 'checkpoints'}, best in {folder / 'best'}",
    ]
    return "\n".join(lines)
