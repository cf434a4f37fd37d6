"""What a run leaves on disk: config, split, checkpoints, numbers and pictures."""

import dataclasses
import json
import pathlib

import numpy as np
import tensorflow as tf

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.io import files, pixels


class RunFolder:
    """Paths and writers of one run folder.

    Args:
      config: Resolved config of the run.
      writes: False for a worker beside the one that writes: nothing is touched.

    Raises:
      UserError: The folder cannot be written, or holds a run of another config.
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
            raise UserError(
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
        pixels.save_png(self.path / "samples" / f"{name}_{step:07d}.png", picture)
        with self._scalars.as_default(step=step):
            tf.summary.image(name, picture[None])
        self._scalars.flush()


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
