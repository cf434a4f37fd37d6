"""The newest and the best states of a run on disk."""

import contextlib
import json
import math
import os
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, saved_states
from tunit_tf.inference.saved_states import SavedState
from tunit_tf.io import files, output_folder
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
        self._checkpoint = state.checkpoint()
        self._state = state
        self._run_folder = folder
        self._output = run_folder.output_of(folder)
        self._newest = folder / run_folder.CHECKPOINTS["newest"]
        self._best = folder / run_folder.CHECKPOINTS["best"]
        self._writes = writes
        self._keep = keep

    def restore(self) -> int:
        """Restores the newest checkpoint whose bytes are whole, all of it; returns its step.

        Damaged ones are set aside as `broken-ckpt-STEP.*`. Where none is left, the run goes on from
        its best state, and without any state it stays as it is, at step 0.

        Raises:
          UserError: There are checkpoints, and all are damaged; or the newest whole one does not
            fit, or cannot be read.
        """
        newest, best = (saved_states.found_in(folder) for folder in (self._newest, self._best))
        for saved in (*newest[::-1], *best[::-1]):
            reason = saved_states.restore(self._checkpoint, saved, partial=False)
            if not reason:
                if saved in best:
                    logging.warning(
                        "There is no checkpoint in %s; the run goes on from the best one, of step "
                        "%d.", self._newest, saved.step,
                    )  # fmt: skip
                return int(self._state.step.numpy())
            logging.warning(
                "The checkpoint %s is broken (%s); trying the one before.", saved.prefix, reason
            )
            if self._writes:
                _set_aside(saved)
        if newest or best:
            raise UserError(
                f"None of the {len(newest) + len(best)} checkpoints in {self._run_folder} can be "
                "read; they are kept as broken-ckpt-*. The same command starts the run from the "
                "beginning."
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
        if step not in (saved.step for saved in saved_states.found_in(self._newest)):
            self._save(self._newest, step, self._keep)

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
        self._save(self._best, step, keep=1)
        best_now = {"metric": metric, "value": value, "step": step}
        self._output.write_over(run_folder.BEST_SCORE, files.as_json(best_now))
        return True

    def _best_value(self, metric: str) -> float | None:
        """The score of the state in best/ by a metric, None if it is unknown.

        It is read from best.json or, if that is damaged or lost, from metrics.jsonl.
        """
        saved = saved_states.found_in(self._best)
        if not saved:
            return None
        step, record = saved[-1].step, self._run_folder / run_folder.BEST_SCORE
        try:
            best = json.loads(record.read_bytes())
            if best["metric"] != metric:
                return None
            if best["step"] == step and math.isfinite(best["value"]):
                return best["value"]
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            logging.warning("%s is damaged or lost; writing it again.", record)
        try:
            logged = run_folder.history(self._run_folder)
        except UserError as error:  # the run goes on, as after a failed save
            raise OSError(str(error)) from None
        steps, values = logged.get(f"validation/{metric}", ([], []))
        return dict(zip(steps, values, strict=True)).get(step)

    def _save(self, folder: pathlib.Path, step: int, keep: int) -> None:
        """Saves and deletes the oldest, or leaves all as they were and raises OSError."""
        saved = SavedState(step, folder / f"ckpt-{step}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._checkpoint.save_counter  # noqa: B018, it is made when it is read, and saved too
            self._checkpoint.write(os.fspath(saved_states.plain(saved.prefix)))
        except BaseException as error:  # Ctrl-C too
            # An earlier one of this step may be whole.
            is_whole = saved in saved_states.found_in(folder) and not saved_states.damage(saved)
            for part in folder.glob(f"ckpt-{step}_*" if is_whole else f"ckpt-{step}[._]*"):
                shutil.rmtree(part) if part.is_dir() else part.unlink()
            if isinstance(error, tf.errors.OpError):
                raise OSError(str(error).strip().splitlines()[0]) from error
            raise
        with contextlib.suppress(OSError):  # the disk is full, and the checkpoint is saved
            index = saved_states.files_of(saved)[-1]
            self._output.note(f"{folder.name}/{index.name}", output_folder.checksum(index))
        others = [other for other in saved_states.found_in(folder) if other != saved]
        for outdated in others[: len(others) - keep + 1]:
            for part in saved_states.files_of(outdated)[::-1]:  # TensorFlow needs the index
                part.unlink(missing_ok=True)


def _set_aside(saved: SavedState) -> None:
    """Renames the files of a broken checkpoint."""
    for part in saved_states.files_of(saved)[::-1]:
        part.replace(part.with_name(f"broken-{part.name}"))
