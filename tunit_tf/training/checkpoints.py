"""The newest and the best states of a run on disk."""

import json
import math
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.io import files
from tunit_tf.training.state import TrainState


class Checkpoints:
    """The newest and the best states of a run.

    Args:
      folder: Run folder.
      state: Saved and restored in place.
      keep: Number of newest checkpoints kept.
      writes: False for a worker beside the one that writes: it only restores.
    """

    def __init__(
        self, folder: pathlib.Path, state: TrainState, keep: int, writes: bool = True
    ) -> None:
        checkpoint = state.checkpoint()
        self._state = state
        self._run_folder = folder
        self._folder = folder / run_folder.CHECKPOINTS["newest"]
        self._writes = writes
        self._keep = keep
        self._newest = tf.train.CheckpointManager(checkpoint, str(self._folder), max_to_keep=keep)
        best = str(folder / run_folder.CHECKPOINTS["best"])
        self._best = tf.train.CheckpointManager(checkpoint, best, max_to_keep=1)
        self._best_json = folder / run_folder.BEST_SCORE

    @classmethod
    def open(
        cls, folder: pathlib.Path, state: TrainState, keep: int, writes: bool = True
    ) -> "Checkpoints":
        """Repairs TensorFlow's lists of saved states where needed, then returns the `Checkpoints`.

        The arguments are those of the constructor.

        Raises:
          UserError: A list is damaged and cannot be rewritten.
        """
        if writes:
            with files.writing(f"The run folder {folder}", run_folder.CURE):
                for name in run_folder.CHECKPOINTS.values():
                    _list_what_is_there(folder / name)
        return cls(folder, state, keep, writes)

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
            except run_folder.UNREADABLE as error:
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
                "are kept as broken-ckpt-*. The same command starts the run from the beginning."
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

    def save_if_best(self, metric: str, value: float, higher_is_better: bool) -> bool:
        """Saves the state in best/ unless `value` is worse than the best so far.

        If values are equal, the newer state is kept. A value that is not finite is never the best.

        Returns:
          Whether the state was saved.

        Raises:
          OSError: It cannot be written; the best before it is as it was.
        """
        best = self._best_value(metric)
        is_worse = best is not None and (value < best if higher_is_better else value > best)
        if is_worse or not math.isfinite(value):
            return False
        step = int(self._state.step.numpy())
        _save(self._best, step)
        files.write_json(self._best_json, {"metric": metric, "value": value, "step": step})
        return True

    def _best_value(self, metric: str) -> float | None:
        """The score of the state in best/ by a metric, None if it is unknown.

        It is read from best.json or, if that is damaged or lost, from metrics.jsonl.
        """
        newest = self._best.latest_checkpoint
        if newest is None:
            return None
        step = int(newest.rpartition("-")[2])
        try:
            best = json.loads(self._best_json.read_bytes())
            if best["metric"] != metric:
                return None
            if best["step"] == step and math.isfinite(best["value"]):
                return best["value"]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            logging.warning("%s is damaged or lost; writing it again.", self._best_json)
        steps, values = run_folder.history(self._run_folder).get(f"validation/{metric}", ([], []))
        return dict(zip(steps, values, strict=True)).get(step)

    def _set_aside(self, path: pathlib.Path) -> None:
        for part in path.parent.glob(f"{path.name}.*"):
            part.replace(part.with_name(f"broken-{part.name}"))
        _list_what_is_there(self._folder)
        self.list_again()

    def list_again(self) -> None:
        """Reads the list of checkpoints again, after another worker may have repaired it."""
        self._newest = tf.train.CheckpointManager(
            self._newest.checkpoint, str(self._folder), max_to_keep=self._keep
        )


def _list_what_is_there(folder: pathlib.Path) -> None:
    """Makes TensorFlow's list of a folder's checkpoints again, from the files that are there.

    The list is a file of its own; where that is cut or lost, TensorFlow finds no checkpoint at all.
    """
    found = {}
    for index in folder.glob("ckpt-*.index"):
        step = index.stem.removeprefix("ckpt-")
        if step.isdigit():
            found[int(step)] = str(index.with_suffix(""))
    paths = [found[step] for step in sorted(found)]
    if paths == _listed(folder):
        return
    if paths:
        times = [pathlib.Path(f"{path}.index").stat().st_mtime for path in paths]
        listed = tf.compat.v1.train.generate_checkpoint_state_proto(
            str(folder), paths[-1], paths, times
        )
        files.write_bytes(folder / "checkpoint", str(listed).encode())
    else:
        (folder / "checkpoint").unlink()


def _listed(folder: pathlib.Path) -> list[str] | None:
    """The checkpoints that TensorFlow's list of a folder names; None if it cannot be read."""
    if not (folder / "checkpoint").exists():
        return []
    try:
        listed = tf.train.get_checkpoint_state(str(folder))
    except (ValueError, tf.errors.OpError):
        return None
    return list(listed.all_model_checkpoint_paths) if listed is not None else None


def _save(manager: tf.train.CheckpointManager, step: int) -> None:
    """Saves, or leaves the other checkpoints as they were and raises OSError."""
    try:
        manager.save(checkpoint_number=step)
    except BaseException as error:  # Ctrl-C too
        folder = pathlib.Path(manager.directory)
        prefix = folder / f"ckpt-{step}"
        # A checkpoint that is whole is kept, as TensorFlow may have deleted older ones already.
        if not _is_whole(prefix):
            for part in folder.glob(f"{prefix.name}[._]*"):  # files, or a folder of temporary ones
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        _list_what_is_there(folder)
        if isinstance(error, tf.errors.OpError | OSError):
            raise OSError(str(error).strip().splitlines()[0]) from error
        raise


def _is_whole(prefix: pathlib.Path) -> bool:
    """Whether all files of a checkpoint are there; TensorFlow writes its index last."""
    try:
        tf.train.load_checkpoint(str(prefix))
    except run_folder.UNREADABLE:
        return False
    return True
