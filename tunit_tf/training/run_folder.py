"""What a run leaves on disk: config, split, checkpoints, numbers and pictures."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import saved_run
from tunit_tf.io import files, pixels

CURE = "free space there, change its permissions, or name another folder with --run_dir"


class RunFolder:
    """Paths and writers of one run folder. Nothing changes on disk until something is written.

    Args:
      path: Path of the folder.
      writes: False for a worker beside the one that writes: nothing is ever touched.
    """

    def __init__(self, path: pathlib.Path, writes: bool = True) -> None:
        self.path = path
        self._writes = writes
        self._tensorboard: tf.summary.SummaryWriter | None = None

    def write_json(self, name: str, value: Any) -> None:
        """Writes `name` in the folder, unless that is its content already.

        Raises:
          UserError: The folder cannot be written.
        """
        if not self._writes:
            return
        path, content = self.path / name, (json.dumps(value, indent=2) + "\n").encode()
        with files.writing(f"The run folder {self.path}", CURE):
            if not path.is_file() or path.read_bytes() != content:
                files.write_bytes(path, content)

    def forget_after(self, step: int) -> None:
        """Drops lines of metrics.jsonl that a resumed run will write again, and damaged ones.

        Raises:
          UserError: The folder cannot be written.
        """
        path = self.path / saved_run.LOG
        if not self._writes or not path.exists():
            return
        with files.writing(f"The run folder {self.path}", CURE):
            before = path.read_bytes().splitlines()
            logged = [saved_run.parse_log_line(line) for line in before]
            damaged = logged[:-1].count(None)  # the last line may be that of a killed run
            if damaged:
                logging.warning("%s has %d damaged lines; they are removed.", path, damaged)
            kept = [
                line
                for line, values in zip(before, logged, strict=True)
                if values is not None and values["step"] <= step
            ]
            if kept != before:
                files.write_bytes(path, b"".join(line + b"\n" for line in kept))

    def log(self, step: int, values: dict) -> None:
        """Appends a line to metrics.jsonl and the numbers among `values` to TensorBoard.

        Raises:
          OSError, tf.errors.OpError: They cannot be written.
        """
        with (self.path / saved_run.LOG).open("a+b") as log:
            line = json.dumps({"step": step, **values}) + "\n"
            log.seek(max(0, log.seek(0, 2) - 1))
            cut = log.read() not in (b"", b"\n")  # a line truncated by a full disk
            log.write((b"\n" if cut else b"") + line.encode())
        with self._summaries().as_default(step=step):
            for name, value in values.items():
                if not isinstance(value, str):
                    tf.summary.scalar(name, value)

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Keeps a uint8 `(H, W, 3)` picture as samples/NAME_STEP.png and in TensorBoard.

        Raises:
          OSError, tf.errors.OpError: It cannot be written.
        """
        pixels.save_png(self.path / "samples" / f"{name}_{step:07d}.png", picture)
        with self._summaries().as_default(step=step):
            tf.summary.image(name, picture[None])
        self._summaries().flush()

    def _summaries(self) -> tf.summary.SummaryWriter:
        if self._tensorboard is None:
            self._tensorboard = tf.summary.create_file_writer(str(self.path / "tensorboard"))
        return self._tensorboard


def config_to_record(config: Config) -> Config:
    """The config that config.json of the run is to hold, checked against what the folder holds.

    Settings may change as long as no checkpoint was saved: there is nothing to resume then.

    Args:
      config: Resolved config of the run.

    Returns:
      The config, with the license and origin of imported weights that it does not name itself.

    Raises:
      UserError: The folder holds a run of another config, or its config.json cannot be read.
    """
    folder = pathlib.Path(config.run_dir).expanduser()
    if not (folder / saved_run.CONFIG).exists():
        return config
    if not is_trained(folder):
        logging.warning(
            "%s holds no checkpoint yet; the run starts from the beginning with these settings.",
            folder,
        )
        return config
    saved = saved_run.saved_config(folder)
    _check_same(config, saved, folder)
    names = ("licence", "origin", "origin_sha256")
    known = {name: getattr(config, name) or getattr(saved, name) for name in names}
    return dataclasses.replace(config, **known)


def is_trained(folder: pathlib.Path) -> bool:
    """Whether a run folder has any checkpoint, broken ones included."""
    patterns = ("checkpoints/*ckpt-*", "best/ckpt-*")
    return any(path for pattern in patterns for path in folder.glob(pattern))


def _check_same(config: Config, saved: Config, folder: pathlib.Path) -> None:
    names = config_lib.differing_fields(config, saved)
    if not saved.data:  # imported weights: which images they go on with is free
        names = [name for name in names if name != "data"]
    if names:
        changes = ", ".join(f"{n} ({getattr(saved, n)!r} -> {getattr(config, n)!r})" for n in names)
        raise UserError(
            f"{folder} holds a run of another config; these differ: {changes}. Give the same "
            "settings to resume it, or another --run_dir."
        )
