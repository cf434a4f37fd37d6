"""The run folder: the names of its files, what is read and written there, and its lock."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shlex
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import filelock
import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.data import sources
from tunit_tf.data.sources import Split
from tunit_tf.data.splits import Recorded
from tunit_tf.errors import UserError
from tunit_tf.inference import saved_states, weights_folder
from tunit_tf.inference.weights_folder import Weights
from tunit_tf.io import files, pixels
from tunit_tf.io.output_folder import MARKER, OutputFolder
from tunit_tf.networks import Generator, GuidingNetwork, from_config

CONFIG = "config.json"
SPLIT = "split.json"  # names of the images for training and of those held out
DOMAINS = "domains.json"  # pseudo-labels from pretrained features
LOG = "metrics.jsonl"  # a line per report or validation
LARGEST = 2**63  # of steps and whole numbers in it
SCORES = "metrics.json"  # of a finished run
STYLES = "domain_styles.npz"
BEST_SCORE = "best.json"
ORIGIN = "origin.json"  # of imported weights
CHECKPOINTS = {"newest": "checkpoints", "best": "best"}  # folders
SAMPLES = "samples"
TENSORBOARD = "tensorboard"
LOCK = "lock"
WRITER = "tunit_tf.train"  # the command that a run folder belongs to

CURE = "name another folder with --run_dir"

# Names of networks, and of the parts of a checkpoint that hold them.
SAVED_AS = {
    weights_folder.GUIDING: "guiding_ema",
    weights_folder.GENERATOR: "generator_ema",
    weights_folder.DISCRIMINATOR: "discriminator",
}


class SavedNetworks(NamedTuple):
    """The averaged networks of a run folder, its config, and the step they are from."""

    config: Config
    guiding: GuidingNetwork
    generator: Generator
    step: int


class RunFolder:
    """Writers of one run folder. Nothing changes on disk until something is written.

    Args:
      path: Path of the folder.
      writes: False for a worker beside the one that writes: nothing is ever touched.
    """

    def __init__(self, path: pathlib.Path, writes: bool = True) -> None:
        self.path = path
        self.output = output_of(path)
        self._writes = writes
        self._tensorboard: tf.summary.SummaryWriter | None = None

    def write_json(self, name: str, value: Any) -> None:
        """Writes `name` in the folder, unless that is its content already.

        Raises:
          UserError: The folder cannot be written.
        """
        if not self._writes:
            return
        path, content = self.path / name, files.as_json(value)
        with files.writing(f"The run folder {self.path}", CURE):
            # Kept twice, since nothing of a run can be used without it.
            if name == CONFIG and self.output.noted(name, "content") != value:
                self.output.note(name, hashlib.sha256(content).hexdigest(), content=value)
            if not path.is_file() or path.read_bytes() != content:
                self.output.write_over(name, content)

    def forget_after(self, step: int) -> None:
        """Drops lines of metrics.jsonl that a resumed run will write again, and damaged ones.

        Raises:
          UserError: The folder cannot be written.
        """
        path = self.path / LOG
        if not self._writes or not path.exists():
            return
        with files.writing(f"The run folder {self.path}", CURE):
            before = path.read_bytes().splitlines()
            logged = [parse_log_line(line) for line in before]
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
        with (self.path / LOG).open("a+b") as log:
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
        self.output.write_over(f"{SAMPLES}/{name}_{step:07d}.png", pixels.encode(picture, ".png"))
        with self._summaries().as_default(step=step):
            tf.summary.image(name, picture[None])
        self._summaries().flush()

    def _summaries(self) -> tf.summary.SummaryWriter:
        if self._tensorboard is None:
            self._tensorboard = tf.summary.create_file_writer(
                os.fspath(saved_states.plain(self.path / TENSORBOARD))
            )
        return self._tensorboard


def output_of(folder: pathlib.Path) -> OutputFolder:
    """A run folder as the output folder that training owns.

    Copying often leaves hidden files behind, so one whose mark is lost is known by its config.
    """
    return OutputFolder(folder, WRITER, "run_dir", recognized=_has_config(folder))


def _has_config(folder: pathlib.Path) -> bool:
    """Whether a folder has a config that training wrote: many programs have a config.json."""
    try:
        values = json.loads((folder / CONFIG).read_bytes())
        config_lib.from_json(json.dumps(values), CONFIG)
    except (OSError, ValueError, RecursionError):
        return False
    return {"run_dir", "data", "num_domains"} <= set(values)


def saved_config(folder: pathlib.Path) -> Config:
    """The config of a run folder; where config.json is lost, as the folder's mark has it.

    Raises:
      UserError: There is no such run, or its config cannot be read.
    """
    path = folder / CONFIG
    try:
        found = _config_of(folder)
        is_lost = not path.exists()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}); change its permissions."
        ) from None
    if found is None:
        raise UserError(
            f"{folder} is not a run folder (it has no {CONFIG}); name one that "
            "tunit_tf.train made with --run_dir."
        )
    if is_lost:
        logging.warning("%s is lost; its settings are taken from %s.", path, folder / MARKER)
    return found


def _config_of(folder: pathlib.Path) -> Config | None:
    """As `saved_config`, without a warning or an error; None if there is no config."""
    path = folder / CONFIG
    try:
        return config_lib.from_json(path.read_bytes(), str(path))
    except (FileNotFoundError, NotADirectoryError):
        noted = output_of(folder).noted(CONFIG, "content")
    return None if noted is None else config_lib.from_json(json.dumps(noted), str(folder / MARKER))


def config_to_record(config: Config) -> Config:
    """The config that config.json of the run is to hold, checked against what the folder holds.

    Settings may change as long as no checkpoint was saved: there is nothing to resume then.

    Args:
      config: Resolved config of the run.

    Returns:
      The config, with the license that the folder has recorded where it names none itself.

    Raises:
      UserError: The folder holds a run of another config, or its config.json cannot be read.
    """
    folder = config.run_path
    _check_no_weights(folder)
    output = output_of(folder)
    if not is_trained(folder):
        _check_nothing_is_lost(output)
    if not ((folder / CONFIG).exists() or output.noted(CONFIG, "content")):
        if is_trained(folder):
            raise UserError(
                f"{folder} has checkpoints, but {CONFIG} is lost; restore it from a copy (exports "
                "have the settings in their manifest.json), or name another --run_dir."
            )
        return config
    if not is_trained(folder):
        logging.warning(
            "%s holds no checkpoint yet; the run starts from the beginning with these settings.",
            folder,
        )
        return config
    saved = saved_config(folder)
    _check_same(config, saved, folder)
    steps = [state.step for state in saved_states.found_in(folder / CHECKPOINTS["newest"])]
    if steps and steps[-1] > config.total_steps:
        fewest = max(0, steps[-1] - config.warmup_steps)
        raise UserError(
            f"{folder} has trained {steps[-1]} steps already, more than the {config.total_steps} "
            f"that are asked for; give --joint_steps={fewest} or more, or another --run_dir."
        )
    return dataclasses.replace(config, license=config.license or saved.license)


def _check_no_weights(folder: pathlib.Path) -> None:
    """Raises UserError if a folder is a weights folder."""
    if weights_folder.is_one(folder):
        raise UserError(
            f"{folder} is a weights folder, in which nothing is trained; start from it with "
            f"--init_from={shlex.quote(str(folder))} and another --run_dir."
        )


def _check_nothing_is_lost(
    output: OutputFolder,
    kinds: Iterable[str] = tuple(CHECKPOINTS),
    otherwise: str = "name another --run_dir to start from the beginning",
) -> None:
    """Checks that a folder without checkpoints never had any: training would start over.

    Args:
      output: The run folder.
      kinds: Keys of `CHECKPOINTS`.
      otherwise: What else than restoring them the user can do.

    Raises:
      UserError: It had some.
    """
    folders = tuple(f"{CHECKPOINTS[kind]}/" for kind in kinds)
    had = [name for name in output.written() if name.startswith(folders)]
    if had:
        raise UserError(
            f"{output.path} has lost its checkpoints, the last of which was {had[-1]}; restore "
            f"them from a copy, or {otherwise}."
        )


def _check_same(config: Config, saved: Config, folder: pathlib.Path) -> None:
    names = differences(config, saved, folder)
    if not saved.data:  # imported weights may go on with any images
        names = [name for name in names if name != "data"]
    if names:
        changes = ", ".join(f"{n} ({getattr(saved, n)!r} -> {getattr(config, n)!r})" for n in names)
        raise UserError(
            f"{folder} holds a run of another config; these differ: {changes}. Give the same "
            "settings to resume it, or another --run_dir."
        )
    if config_lib.differing_fields(config, saved) and saved.data:
        logging.warning(
            "%s was trained on %s; %s has the same files, and the run goes on with these.",
            folder, saved.data, config.data,
        )  # fmt: skip


def differences(config: Config, saved: Config, folder: pathlib.Path) -> list[str]:
    """Names of the settings in which a config differs from that of a run.

    A folder of images that was moved, or copied to another machine, is no difference.
    """
    names = config_lib.differing_fields(config, saved)
    moved = {"data", "validation_data"} & set(names)
    recorded = _read_split(folder, saved) if moved else None
    alike = bool(config.validation_data) == bool(saved.validation_data)
    if recorded and alike and sources.are_same_files(config, recorded):
        names = [name for name in names if name not in moved]
    return names


class Origin(NamedTuple):
    """Where imported weights come from, in words, and the SHA-256 checksum of their file."""

    weights: str
    sha256: str


def origin(folder: pathlib.Path) -> Origin | None:
    """The origin of a run's weights; None where the run was not imported.

    Raises:
      UserError: The record is damaged.
    """
    path = folder / ORIGIN
    try:
        return Origin(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged ({type(error).__name__}); restore it from a copy, or delete it."
        ) from None


def opened_split(folder: pathlib.Path, config: Config, recorded: Recorded | None) -> Split:
    """The images that a config names; those of a run as its training has divided them.

    Args:
      folder: Folder of the run, which may not exist yet.
      config: Config in use. If it differs from the run's, it may name other images, which are
        divided anew.
      recorded: Result of `recorded_split`.

    Raises:
      UserError: They cannot be opened, or are other ones than in training.
    """
    split = sources.load(config, recorded)
    if recorded is None and is_trained(folder):
        output = output_of(folder)
        known = SPLIT in output.written() and _is_of(config, folder)
        if known and not output.wrote(SPLIT, files.as_json(sources.record(split, config))):
            raise UserError(
                f"{folder / SPLIT} is damaged or lost, and cannot be made again, since images of "
                f"{config.data} have changed; restore it from a copy, or start a new run with "
                "another --run_dir."
            )
    return split


def recorded_split(folder: pathlib.Path, config: Config) -> Recorded | None:
    """The split that a run folder has recorded.

    Args:
      folder: Folder of a run, which may not exist yet.
      config: Config in use.

    Returns:
      The record, or None if there is none, or it is of another config.
    """
    if not _is_of(config, folder):
        return None
    found = _read_split(folder, config)
    if found is None and is_trained(folder):
        logging.warning(
            "%s is damaged or lost; the images are split again as at the start.", folder / SPLIT
        )
    return found


def _is_of(config: Config, folder: pathlib.Path) -> bool:
    """Whether a folder is of a run with this config; the images may have been moved."""
    try:
        saved = _config_of(folder)
    except (OSError, UserError):  # opening the run reports a damaged config
        return False
    return saved is not None and not differences(config, saved, folder)


def _read_split(folder: pathlib.Path, config: Config) -> Recorded | None:
    """What split.json has; None if it is lost or damaged, as where an image is in both parts."""
    try:
        read = json.loads((folder / SPLIT).read_bytes())
        found = Recorded(read["train"], read["validation"], read.get("sizes", {}))
        ok = all(isinstance(name, str) for part in found.parts for name in part)
        for part, names in zip(Recorded._fields, found.parts, strict=False):
            ok &= not found.sizes or len(found.sizes[part]) == len(names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    both = not config.validation_data and set(found.train) & set(found.validation)
    return found if ok and not both else None


def is_trained(folder: pathlib.Path) -> bool:
    """Whether a run folder has any checkpoint, broken ones included.

    Raises:
      UserError: A folder of checkpoints cannot be read.
    """
    return any(
        "ckpt-" in n for kind in CHECKPOINTS.values() for n in saved_states.names_in(folder / kind)
    )


def checkpoint_step(folder: pathlib.Path, which: str) -> int | None:
    """The step of a checkpoint, read without building networks; None if there is none.

    Args:
      folder: Folder of the run.
      which: `newest` or `best`.

    Raises:
      UserError: It cannot be read.
    """
    if weights_folder.is_one(folder):
        return weights_folder.step_of(folder) if which == "newest" else None
    step = tf.Variable(0, dtype=tf.int64)
    restored = saved_states.restore_newest(
        tf.train.Checkpoint(step=step), folder / CHECKPOINTS[which]
    )
    return None if restored is None else int(step.numpy())


def load_networks(folder: pathlib.Path, checkpoint: str = "newest") -> SavedNetworks:
    """Builds and restores the averaged networks of a run or weights folder.

    Args:
      folder: Folder of the run.
      checkpoint: `newest`, or `best` by the run's metric.

    Raises:
      UserError: It is not a run folder, or has no such checkpoint.
    """
    config = saved_config(folder)
    policy = "float64" if config.mixed_precision == "float64" else "float32"
    guiding = from_config.guiding_network(config, policy)
    generator = from_config.generator(config, policy)
    parts = {weights_folder.GUIDING: guiding, weights_folder.GENERATOR: generator}
    step = restore(folder, checkpoint, parts)
    return SavedNetworks(config, guiding, generator, step)


def read_weights(folder: pathlib.Path, which: str = "newest") -> Weights:
    """The averaged networks and the discriminator of a run or weights folder, as arrays.

    Args:
      folder: Folder of the run, or a weights folder.
      which: `newest` checkpoint, or `best` by the run's metric.

    Raises:
      UserError: It is not a run folder, has no such checkpoint, or the features of its
        discriminator are not installed.
    """
    config = saved_config(folder)
    networks = {
        weights_folder.GUIDING: from_config.guiding_network(config, "float32"),
        weights_folder.GENERATOR: from_config.generator(config, "float32"),
        weights_folder.DISCRIMINATOR: from_config.discriminator(config, "float32"),
    }
    step = restore(folder, which, networks)
    return Weights(step, weights_folder.of_networks(networks))


def restore(folder: pathlib.Path, which: str, networks: Mapping[str, keras.Model]) -> int:
    """Restores some of a run's networks, and nothing else of it.

    Args:
      folder: Folder of the run, or a weights folder.
      which: `newest` checkpoint, or `best` by the run's metric.
      networks: {`guiding`, `generator` or `discriminator`: network of the run's config, changed in
        place}. The first two become the averaged networks.

    Returns:
      The step of the checkpoint.

    Raises:
      UserError: There is no such checkpoint, or it cannot be read.
    """
    if weights_folder.is_one(folder):
        if which != "newest":
            raise UserError(
                f"{folder} is a weights folder, which has one state; leave out "
                f"--checkpoint={which}."
            )
        return weights_folder.restore(folder, networks)
    if weights_folder.is_lost(folder):
        raise UserError(
            f"{folder} has lost {weights_folder.WEIGHTS}; restore it from a copy, or give another "
            "--run_dir."
        )
    checkpoints = folder / CHECKPOINTS[which]
    step = tf.Variable(0, dtype=tf.int64)
    parts = {SAVED_AS[part]: [v.value for v in n.variables] for part, n in networks.items()}
    checkpoint = tf.train.Checkpoint(**parts, step=step)
    if saved_states.restore_newest(checkpoint, checkpoints) is None:
        _check_nothing_is_lost(output_of(folder), [which], "give another --checkpoint or --run_dir")
        raise UserError(
            f"{folder} has no {which} checkpoint yet (nothing in {checkpoints}); train until one "
            "is saved, see --checkpoint_every and --evaluate_every."
        )
    return int(step.numpy())


def history(folder: pathlib.Path) -> dict[str, tuple[list[int], list[float]]]:
    """What a run logged, {name: (steps, values)}; empty if it logged nothing.

    Raises:
      UserError: It cannot be read.
    """
    log = folder / LOG
    curves: dict[str, tuple[list[int], list[float]]] = {}
    try:
        content = log.read_bytes()
    except FileNotFoundError:
        return curves
    except OSError as error:
        raise UserError(
            f"{log} cannot be read ({error.strerror or error}); change its permissions, or restore "
            "it from a copy."
        ) from None
    for line in content.splitlines():
        values = parse_log_line(line)
        if values is None:
            continue
        step = values.pop("step")
        for name, value in values.items():
            if isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST):
                steps, numbers = curves.setdefault(name, ([], []))
                steps.append(step)
                numbers.append(value)
    return curves


def parse_log_line(line: bytes) -> dict | None:
    """What a line of metrics.jsonl holds, with its `step`; None if the line is damaged."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = values.get("step") if isinstance(values, dict) else None
    return values if isinstance(step, int) and abs(step) < LARGEST else None


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[None]:
    """Keeps other trainers out of a run folder, which is made if it is missing.

    The operating system releases the lock when its process ends, however it ends; the file names
    the owner. On network file systems that do not share locks it does not protect.

    Raises:
      UserError: The folder has other content than a run, another process holds it, or it cannot be
        written.
    """
    path = folder / LOCK
    _check_no_weights(folder)
    output_of(folder).check(besides=[LOCK] if _is_lock(path) else [])
    if os.path.lexists(path) and not _is_lock(path):
        raise UserError(
            f"{path} is not the lock of a trainer; rename it, or name another --run_dir."
        )
    lock = filelock.FileLock(path, timeout=0, mode=0o644, fallback_to_soft=False)
    with files.writing(f"The run folder {folder}", CURE):
        owner_before = _owner(path) if path.exists() else None
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise UserError(
                f"{folder} is being trained by {_owner(path)}; wait for it, stop it, or name "
                "another --run_dir."
            ) from None
    try:
        if owner_before is not None:
            logging.warning(
                "The last trainer of %s, %s, ended without removing its lock.", folder, owner_before
            )
        with files.writing(f"The run folder {folder}", CURE):
            output_of(folder).claim()
        with contextlib.suppress(OSError):  # a full disk has no room for the owner's name
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
            path.write_text(json.dumps(owner))
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is still locked, so that it is our own
        lock.release()
        output_of(folder).release()  # only if the run wrote nothing


def _is_lock(path: pathlib.Path) -> bool:
    """Whether a file is the lock of a trainer; it is empty where its disk was full."""
    try:
        is_file = path.is_file() and not path.is_symlink()
        return is_file and (not path.stat().st_size or bool(_named_owner(path)))
    except OSError:
        return False


def _owner(path: pathlib.Path) -> str:
    """The process that wrote a lock, in words."""
    return _named_owner(path) or "another process"


def _named_owner(path: pathlib.Path) -> str:
    """As `_owner`; '' if the lock does not name it."""
    try:
        owner = json.loads(path.read_bytes())
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
