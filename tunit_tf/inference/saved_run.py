"""Reads a run folder: its config, averaged networks and logged numbers."""

import json
import pathlib
from typing import NamedTuple

import tensorflow as tf

from tunit_tf import config as config_lib
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.networks import Generator, GuidingNetwork, from_config

CONFIG = "config.json"
LOG = "metrics.jsonl"
FOLDERS = {"newest": "checkpoints", "best": "best"}  # folders of checkpoints

# What restoring a broken checkpoint raises; a cut file is an IndexError.
UNREADABLE = (AssertionError, ValueError, IndexError, RuntimeError, tf.errors.OpError)


def saved_config(folder: pathlib.Path) -> Config:
    """The config of a run folder.

    Raises:
      UserError: There is no such run, or its config cannot be read.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UserError(
            f"{folder} is not a run folder (it has no config.json); name one that "
            "tunit_tf.train made with --run_dir."
        )
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}); change its permissions."
        ) from None
    return config_lib.from_json(text, str(path))


def checkpoint_step(folder: pathlib.Path, which: str) -> int | None:
    """The step of a checkpoint, read without building networks; None if there is none.

    Args:
      folder: Folder of the run.
      which: `newest` or `best`.

    Raises:
      UserError: It cannot be read.
    """
    path = _newest_in(folder / FOLDERS[which])
    if path is None:
        return None
    try:
        return int(tf.train.load_variable(path, "step/.ATTRIBUTES/VARIABLE_VALUE"))
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[0]
    return UserError(f"The checkpoint {path} cannot be read ({reason}).")


def _newest_in(checkpoints: pathlib.Path) -> str | None:
    return tf.train.latest_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None


def restore_averages(
    folder: pathlib.Path, which: str, guiding: GuidingNetwork, generator: Generator
) -> int:
    """Restores the averaged networks of a run, and nothing else of it.

    Args:
      folder: Folder of the run.
      which: `newest` checkpoint, or `best` by the run's metric.
      guiding: Guiding network of the run's config, changed in place.
      generator: Generator of the run's config, changed in place.

    Returns:
      The step of the checkpoint.

    Raises:
      UserError: There is no such checkpoint, or it cannot be read.
    """
    checkpoints = folder / FOLDERS[which]
    path = _newest_in(checkpoints)
    if path is None:
        raise UserError(
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
        raise _unreadable(path, error) from None
    return int(step.numpy())


class SavedNetworks(NamedTuple):
    """The averaged networks of a run folder, its config, and the step they are from."""

    config: Config
    guiding: GuidingNetwork
    generator: Generator
    step: int


def load_networks(folder: pathlib.Path, checkpoint: str = "newest") -> SavedNetworks:
    """Builds and restores the averaged networks of a run.

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
    step = restore_averages(folder, checkpoint, guiding, generator)
    return SavedNetworks(config, guiding, generator, step)


def history(folder: pathlib.Path) -> dict[str, tuple[list[int], list[float]]]:
    """What a run logged, {name: (steps, values)}; empty if it logged nothing."""
    log = folder / LOG
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for line in log.read_bytes().splitlines() if log.exists() else []:
        values = parse_log_line(line)
        if values is None:
            continue
        step = values.pop("step")
        for name, value in values.items():
            if isinstance(value, int | float):
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
    is_whole = isinstance(values, dict) and isinstance(values.get("step"), int)
    return values if is_whole else None
