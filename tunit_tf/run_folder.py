"""What a run leaves on disk: config, split, checkpoints, numbers and pictures."""

import dataclasses
import json
import pathlib

import numpy as np
import tensorflow as tf

from tunit_tf import config as config_lib
from tunit_tf import files, images
from tunit_tf.config import Config, ConfigError
from tunit_tf.networks import Generator, GuidingNetwork
from tunit_tf.state import TrainState


class RunFolder:
    """Paths and writers of one run folder.

    Args:
      config: Resolved config of the run.

    Raises:
      ConfigError: The folder cannot be written, or holds a run of another config.
    """

    def __init__(self, config: Config):
        self.path = pathlib.Path(config.run_dir).expanduser()
        saved = self.path / "config.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if saved.exists():
                before = config_lib.from_json(saved.read_text(), str(saved))
                _check_same(config, before, self.path)
                config = _with_provenance(config, before)
            files.write_bytes(saved, (config.to_json() + "\n").encode())
        except OSError as error:
            raise ConfigError(
                f"The run folder {self.path} cannot be written ({error.strerror or error}); name "
                "another with --run_dir or change its permissions."
            ) from None
        self._scalars = tf.summary.create_file_writer(str(self.path / "tensorboard"))

    def write_json(self, name: str, value) -> None:
        """Writes `name` in the folder, by rename."""
        files.write_json(self.path / name, value)

    def forget_after(self, step: int) -> None:
        """Drops lines of metrics.jsonl that a resumed run will write again."""
        log = self.path / "metrics.jsonl"
        if log.exists():
            lines = [line for line in log.read_text().splitlines() if _step_of(line) <= step]
            files.write_bytes(log, "".join(line + "\n" for line in lines).encode())

    def log(self, step: int, values: dict) -> None:
        """Appends a line to metrics.jsonl and the numbers among `values` to TensorBoard."""
        with (self.path / "metrics.jsonl").open("a") as log:
            log.write(json.dumps({"step": step, **values}) + "\n")
        with self._scalars.as_default(step=step):
            for name, value in values.items():
                if not isinstance(value, str):
                    tf.summary.scalar(name, value)

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Keeps a uint8 `(H, W, 3)` picture as samples/NAME_STEP.png and in TensorBoard."""
        images.save_png(self.path / "samples" / f"{name}_{step:07d}.png", picture)
        with self._scalars.as_default(step=step):
            tf.summary.image(name, picture[None])
        self._scalars.flush()


class Checkpoints:
    """The newest and the best states of a run.

    Args:
      folder: Of the run.
      state: Saved and restored in place.
      keep: Number of newest checkpoints kept.
    """

    def __init__(self, folder: pathlib.Path, state: TrainState, keep: int):
        checkpoint = state.checkpoint()
        self._state = state
        self._newest = tf.train.CheckpointManager(
            checkpoint, str(folder / "checkpoints"), max_to_keep=keep
        )
        self._best = tf.train.CheckpointManager(checkpoint, str(folder / "best"), max_to_keep=1)
        self._best_json = folder / "best.json"

    def restore(self) -> int:
        """Restores the newest checkpoint, all of it, if there is one; returns the step."""
        newest = self._newest.latest_checkpoint
        if newest:
            self._newest.checkpoint.restore(newest).assert_consumed()
        return int(self._state.step.numpy())

    def save(self) -> None:
        """Saves the state under its step, unless that is saved already."""
        step = int(self._state.step.numpy())
        newest = self._newest.latest_checkpoint
        if newest is None or not newest.endswith(f"-{step}"):
            self._newest.save(checkpoint_number=step)

    def save_if_best(self, metric: str, value: float, higher_is_better: bool) -> bool:
        """Saves the state in best/ if `value` beats the best so far; says whether it did."""
        if self._best_json.exists():
            best = json.loads(self._best_json.read_text())
            if best["metric"] == metric and (value <= best["value"]) == higher_is_better:
                return False
        step = int(self._state.step.numpy())
        self._best.save(checkpoint_number=step)
        files.write_json(self._best_json, {"metric": metric, "value": value, "step": step})
        return True


def saved_config(folder: pathlib.Path) -> Config:
    """The config of a run folder.

    Raises:
      ConfigError: There is no such run.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(
            f"{folder} is not a run folder (it has no config.json); name one that "
            "tunit_tf.train made with --run_dir."
        )
    return config_lib.from_json(path.read_text(), str(path))


def restore_averages(
    folder: pathlib.Path, which: str, guiding: GuidingNetwork, generator: Generator
) -> int:
    """Restores the averaged networks of a run, and nothing else of it.

    Args:
      folder: Of the run.
      which: `newest` checkpoint, or `best` by the run's metric.
      guiding, generator: Networks of the run's config, changed in place.

    Returns:
      The step of the checkpoint.

    Raises:
      ConfigError: There is no such checkpoint, or it cannot be read.
    """
    checkpoints = folder / {"newest": "checkpoints", "best": "best"}[which]
    path = tf.train.latest_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    if path is None:
        raise ConfigError(
            f"{folder} has no {which} checkpoint yet (nothing in {checkpoints}); train until one "
            "is saved, see --checkpoint_every and --evaluate_every."
        )
    step = tf.Variable(0, dtype=tf.int64)
    averages = tf.train.Checkpoint(
        guiding_ema=[v.value for v in guiding.variables],
        generator_ema=[v.value for v in generator.variables],
        step=step,
    )
    try:
        averages.restore(path).expect_partial().assert_existing_objects_matched()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"The checkpoint {path} cannot be read ({reason}).") from None
    return int(step.numpy())


def history(folder: pathlib.Path) -> dict[str, tuple[list[int], list[float]]]:
    """What a run logged, {name: (steps, values)}; empty if it logged nothing."""
    log = folder / "metrics.jsonl"
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for line in log.read_text().splitlines() if log.exists() else []:
        try:
            values = json.loads(line)
        except json.JSONDecodeError:  # the last line of a killed run
            continue
        step = values.pop("step")
        for name, value in values.items():
            if not isinstance(value, str):
                steps, numbers = curves.setdefault(name, ([], []))
                steps.append(step)
                numbers.append(value)
    return curves


def _check_same(config: Config, saved: Config, folder: pathlib.Path) -> None:
    names = config_lib.differing_fields(config, saved)
    if not saved.data:  # imported weights: which images they go on with is free
        names = [name for name in names if name != "data"]
    if names:
        changes = ", ".join(f"{n} ({getattr(saved, n)!r} -> {getattr(config, n)!r})" for n in names)
        raise ConfigError(
            f"{folder} holds a run of another config; these differ: {changes}. Give the same "
            "settings to resume it, or another --run_dir."
        )


def _with_provenance(config: Config, saved: Config) -> Config:
    """The config with what is known of imported weights kept, where it says nothing of them."""
    names = ("licence", "origin", "origin_sha256")
    known = {name: getattr(config, name) or getattr(saved, name) for name in names}
    return dataclasses.replace(config, **known)


def _step_of(line: str) -> int:
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:  # the last line of a killed run
        return 2**62
