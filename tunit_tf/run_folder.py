"""What a run leaves on disk: config, split, checkpoints, numbers and pictures."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import tensorflow as tf
from absl import logging

from tunit_tf import config as config_lib
from tunit_tf import files, images
from tunit_tf.config import Config, ConfigError
from tunit_tf.networks import Generator, GuidingNetwork
from tunit_tf.state import TrainState

# What restoring a broken checkpoint raises; a cut file is an IndexError.
UNREADABLE = (AssertionError, ValueError, IndexError, RuntimeError, tf.errors.OpError)


class RunFolder:
    """Paths and writers of one run folder.

    Args:
      config: Resolved config of the run.
      writes: False for a worker beside the one that writes: nothing is touched.

    Raises:
      ConfigError: The folder cannot be written, or holds a run of another config.
    """

    def __init__(self, config: Config, writes: bool = True):
        self.path = pathlib.Path(config.run_dir).expanduser()
        self._writes = writes
        if not writes:
            return
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
        if self._writes:
            files.write_json(self.path / name, value)

    def forget_after(self, step: int) -> None:
        """Drops lines of metrics.jsonl that a resumed run will write again."""
        log = self.path / "metrics.jsonl"
        if self._writes and log.exists():
            lines = [line for line in log.read_text().splitlines() if _step_of(line) <= step]
            files.write_bytes(log, "".join(line + "\n" for line in lines).encode())

    def log(self, step: int, values: dict) -> None:
        """Appends a line to metrics.jsonl and the numbers among `values` to TensorBoard."""
        with (self.path / "metrics.jsonl").open("a+b") as log:
            line = json.dumps({"step": step, **values}) + "\n"
            log.seek(max(0, log.seek(0, 2) - 1))
            cut = log.read() not in (b"", b"\n")  # a line that a full disk ended
            log.write((b"\n" if cut else b"") + line.encode())
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
      writes: False for a worker beside the one that writes: it only restores.
    """

    def __init__(self, folder: pathlib.Path, state: TrainState, keep: int, writes: bool = True):
        checkpoint = state.checkpoint()
        self._state = state
        self._folder = folder / "checkpoints"
        self._writes = writes
        if writes:
            _list_what_is_there(self._folder)
        self._newest = tf.train.CheckpointManager(checkpoint, str(self._folder), max_to_keep=keep)
        self._best = tf.train.CheckpointManager(checkpoint, str(folder / "best"), max_to_keep=1)
        self._best_json = folder / "best.json"

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read, all of it; returns its step.

        Broken ones are set aside as `broken-ckpt-STEP.*`. Without any checkpoint the state stays
        as it is, at step 0.

        Raises:
          ConfigError: There are checkpoints, and none can be read.
        """
        candidates = self._newest.checkpoints[::-1]
        for path in candidates:
            try:
                self._newest.checkpoint.restore(path).assert_consumed()
            except UNREADABLE as error:
                reason = str(error).strip().splitlines()[0]
                logging.warning(
                    "The checkpoint %s is broken (%s); trying the one before.", path, reason
                )
                self._set_aside(pathlib.Path(path))
                continue
            return int(self._state.step.numpy())
        if candidates:
            raise ConfigError(
                f"None of the {len(candidates)} checkpoints in {self._folder} can be read; they "
                "are kept as broken-ckpt-*. The same command starts the run anew."
            )
        return int(self._state.step.numpy())

    def save(self) -> None:
        """Saves the state under its step, unless that is saved already.

        Raises:
          OSError: It cannot be written; the checkpoints before it are as they were.
        """
        if not self._writes:
            return
        step = int(self._state.step.numpy())
        newest = self._newest.latest_checkpoint
        if newest is None or not newest.endswith(f"-{step}"):
            _save(self._newest, step)

    def _set_aside(self, path: pathlib.Path) -> None:
        for part in path.parent.glob(f"{path.name}.*"):
            part.replace(part.with_name(f"broken-{part.name}"))
        _list_what_is_there(self._folder)
        checkpoint, keep = self._newest.checkpoint, self._newest._max_to_keep
        self._newest = tf.train.CheckpointManager(checkpoint, str(self._folder), max_to_keep=keep)

    def save_if_best(self, metric: str, value: float, higher_is_better: bool) -> bool:
        """Saves the state in best/ if `value` beats the best so far; says whether it did."""
        if self._best_json.exists():
            best = json.loads(self._best_json.read_text())
            if best["metric"] == metric and (value <= best["value"]) == higher_is_better:
                return False
        step = int(self._state.step.numpy())
        _save(self._best, step)
        files.write_json(self._best_json, {"metric": metric, "value": value, "step": step})
        return True


def _list_what_is_there(folder: pathlib.Path) -> None:
    """Makes TensorFlow's list of a folder's checkpoints anew from the files that are there.

    The list is a file of its own; where that is cut or lost, TensorFlow sees no checkpoint at all.
    """
    found = {}
    for index in folder.glob("ckpt-*.index"):
        step = index.stem.removeprefix("ckpt-")
        if step.isdigit():
            found[int(step)] = str(index.with_suffix(""))
    paths = [found[step] for step in sorted(found)]
    if paths:
        times = [pathlib.Path(f"{path}.index").stat().st_mtime for path in paths]
        listed = tf.compat.v1.train.generate_checkpoint_state_proto(
            str(folder), paths[-1], paths, times
        )
        files.write_bytes(folder / "checkpoint", str(listed).encode())
    elif (folder / "checkpoint").exists():
        (folder / "checkpoint").unlink()


def _save(manager: tf.train.CheckpointManager, step: int) -> None:
    """Saves, or leaves everything as it was and raises OSError."""
    try:
        manager.save(checkpoint_number=step)
    except (tf.errors.OpError, OSError) as error:
        folder = pathlib.Path(manager.directory)
        for part in folder.glob(f"ckpt-{step}*"):  # files, or a folder of temporary ones
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        _list_what_is_there(folder)
        raise OSError(str(error).strip().splitlines()[0]) from error


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
    except UNREADABLE as error:
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
