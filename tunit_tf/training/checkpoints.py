"""The newest and the best states of a run on disk."""

import json
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from tunit_tf.errors import UserError
from tunit_tf.inference.saved_run import UNREADABLE
from tunit_tf.io import files
from tunit_tf.training.state import TrainState


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
          UserError: There are checkpoints, and none can be read.
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
            raise UserError(
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
