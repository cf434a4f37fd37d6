"""Runs of tiny networks in processes of their own, and what can be seen of them from outside."""

import contextlib
import dataclasses
import json
import pathlib
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tests.chaos.forked import Forked
from tunit_tf.inference import saved_states

SECONDS = 600  # for any one process


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of tiny networks in a folder; `settings` are flags by name."""

    folder: pathlib.Path
    settings: dict
    environment: dict = dataclasses.field(default_factory=dict)

    @property
    def flags(self) -> list[str]:
        """Command line flags of the run."""
        tiny = {
            "data": "synthetic", "image_size": 32, "num_domains": 3, "style_dim": 8,
            "base_channels": 4, "guiding_width": 1 / 16, "queue_length": 16, "batch_size": 4,
            "warmup_steps": 30, "joint_steps": 30, "synthetic_images": 64, "steps_per_loop": 2,
            "ema_start": 4, "checkpoint_every": 4, "log_every": 4, "progress": "false",
        }  # fmt: skip
        named = {**tiny, **self.settings, "run_dir": self.folder}
        return [f"--{name}={value}" for name, value in named.items()]

    def start(self, file_limit: int | None = None) -> Forked:
        """A process that trains; `file_limit` is the largest file in bytes that it may write."""
        return Forked("tunit_tf.train", self.flags, file_limit, self.environment)

    def finish(self, file_limit: int | None = None) -> subprocess.CompletedProcess:
        """Trains to the end, or to what ends it."""
        return self.start(file_limit).communicate(SECONDS)

    @property
    def checkpoints(self) -> list[pathlib.Path]:
        """Prefixes of the whole checkpoints, oldest first."""
        found = (self.folder / "checkpoints").glob("ckpt-*.index")
        return sorted((p.with_suffix("") for p in found), key=step_of)

    @property
    def unfinished(self) -> list[pathlib.Path]:
        """Files and folders of checkpoints without an index."""
        whole = {path.name for path in self.checkpoints}
        found = (self.folder / "checkpoints").glob("ckpt-*")
        return [p for p in found if p.name.split(".")[0] not in whole]

    @property
    def newest_data(self) -> pathlib.Path:
        """The large file of the newest checkpoint."""
        newest = self.checkpoints[-1]
        (path,) = newest.parent.glob(f"{newest.name}.data-*")
        return path

    @property
    def logged(self) -> list[int]:
        """Steps whose terms are in metrics.jsonl."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.split('"step": ')[1].split(",")[0]) for line in lines if '"phase"' in line]

    @property
    def split(self) -> dict[str, set[str]]:
        """Names of the images in split.json."""
        recorded = json.loads((self.folder / "split.json").read_text())
        return {part: set(recorded[part]) for part in ("train", "validation")}

    def values(self) -> dict[str, np.ndarray]:
        """All values of the newest checkpoint, by name."""
        reader = tf.train.load_checkpoint(str(saved_states.plain(self.checkpoints[-1])))
        names = [
            n
            for n in reader.get_variable_to_shape_map()
            if n != "save_counter/.ATTRIBUTES/VARIABLE_VALUE"
        ]
        return {n: reader.get_tensor(n) for n in names if not n.startswith("_")}


def step_of(checkpoint: pathlib.Path) -> int:
    """The step in the name of a checkpoint."""
    return int(checkpoint.name.split("-")[1])


def same(run: Run, other: Run) -> bool:
    """Whether two runs ended in the same bits."""
    ours, theirs = run.values(), other.values()
    return ours.keys() == theirs.keys() and all(
        np.asarray(value).tobytes() == np.asarray(theirs[name]).tobytes()
        for name, value in ours.items()
    )


def whole_run(folder: pathlib.Path, **settings: Any) -> Run:
    """A run that nothing happened to."""
    run = Run(folder / "whole", settings)
    if not run.folder.exists():
        done = run.finish()
        if done.returncode:
            raise RuntimeError(f"an undisturbed run failed:\n{done.stdout}\n{done.stderr}")
    return run


def local_workers(count: int) -> list[dict[str, str]]:
    """The environment of each of some workers on this machine, on free ports."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        cluster = {"worker": [f"localhost:{one.getsockname()[1]}" for one in sockets]}
    tasks = [{"type": "worker", "index": i} for i in range(count)]
    return [{"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks]


def resident(pid: int) -> float:
    """MB of a process; 0 once it is gone."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def wait(process: Forked, until: Callable[[], bool], pause: float = 0.02) -> bool:
    """Waits until a condition holds while a process runs; whether it came to hold."""
    deadline = time.monotonic() + SECONDS
    while process.returncode is None and time.monotonic() < deadline:
        if until():
            return True
        time.sleep(pause)
    return False
