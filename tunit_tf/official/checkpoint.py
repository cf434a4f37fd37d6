"""Converts a checkpoint of the authors' PyTorch runs to a run folder of this project."""

import dataclasses
import math
import pathlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.inference.run_folder import Origin
from tunit_tf.io import files, output_folder, pytorch_file
from tunit_tf.io.output_folder import OutputFolder
from tunit_tf.networks.generator import CONTENT_SIZE
from tunit_tf.official import names as official_names
from tunit_tf.paths import user_path
from tunit_tf.training.checkpoints import Checkpoints
from tunit_tf.training.state import TrainState

LICENSE = "CC BY-NC 4.0"  # license of the weights that the authors publish
PREFIX = "module."  # prefix of names saved by runs on several GPUs

# {part of the file: (our network, its names)}
NETWORKS: dict[str, tuple[str, Callable]] = {
    "C_state_dict": ("guiding", official_names.guiding),
    "C_EMA_state_dict": ("guiding_ema", official_names.guiding),
    "G_state_dict": ("generator", official_names.generator),
    "G_EMA_state_dict": ("generator_ema", official_names.generator),
    "D_state_dict": ("discriminator", official_names.discriminator),
}
# {part: (our optimizer, the network it steps, names of running mean and running square)}
OPTIMIZERS = {
    "c_optimizer": ("guiding_optimizer", "C_state_dict", ("exp_avg", "exp_avg_sq")),
    "g_optimizer": ("generator_optimizer", "G_state_dict", (None, "square_avg")),
    "d_optimizer": ("discriminator_optimizer", "D_state_dict", (None, "square_avg")),
}
NOT_USED = {"inceptionNet_state_dict": "Inception, which our metrics read from its own file"}
NUMBERS = ("epoch",)
VARIANCES = ("running_var", "exp_avg_sq", "square_avg")  # means of squares


class Imported(NamedTuple):
    """The result of an import.

    Attributes:
      config: Config of the new run.
      origin: Where the weights come from.
      used: Number of tensors that were converted.
      dropped: {reason: number of tensors that were left out on purpose}.
      notes: Sentences about what differs from the file.
    """

    config: Config
    origin: Origin
    used: int
    dropped: dict[str, int]
    notes: list[str]


def import_run(checkpoint: str, config: Config, given: set[str]) -> Imported:
    """Writes a run folder from a checkpoint; leaves nothing behind if that fails.

    Args:
      checkpoint: File that `torch.save` wrote, in the old or the zip format.
      config: Settings of the run; the shapes of the tensors give the sizes.
      given: Names of settings that the user gave, which must not contradict the file.

    Raises:
      UserError: The file is missing, hostile, incomplete or contradicts a setting, or the run
        folder exists.
    """
    path, folder = user_path(checkpoint, "--checkpoint"), config.run_path
    if not path.is_file():
        raise UserError(f"--checkpoint={checkpoint} is not a file; name the authors' .ckpt file.")
    OutputFolder(folder, "tunit_tf.import_official", "run_dir").check()
    content = pytorch_file.read(path)
    cure = "name another folder"
    place = folder.resolve()  # a link to an empty folder stays one
    with (
        files.writing(f"--run_dir={config.run_dir}", cure),
        files.temporary_folder(place.parent) as temporary,
    ):
        state, result = _imported(path, content, config, given)
        _write(temporary / "run", place, result, state)
    return result


def _imported(
    path: pathlib.Path, content: dict, config: Config, given: set[str]
) -> tuple[TrainState, Imported]:
    """The state of a run that goes on from a file's content, which is consumed."""
    _check_parts(content, path)
    dicts = {part: _without_prefix(content.pop(part), part) for part in NETWORKS}
    config = dataclasses.replace(
        _with_sizes(config, dicts, given),
        data=config.data if "data" in given else "",
        license=config.license or LICENSE,
    ).resolved()
    epoch = content.get("epoch", "unknown")
    origin = Origin(
        f"{path.name} of the paper's authors, epoch {epoch}", output_folder.checksum(path)
    )
    state = TrainState(config)
    return state, _fill(state, config, origin, dicts, content)


def _fill(
    state: TrainState, config: Config, origin: Origin, dicts: dict, content: dict
) -> Imported:
    """Assigns a state the networks and moments of a file, which are consumed."""
    used, notes = 0, []
    dropped = {why: len(content.pop(part)) for part, why in NOT_USED.items() if part in content}
    order = {part: list(tensors) for part, tensors in dicts.items()}
    for part, (attribute, names_of) in NETWORKS.items():
        names = names_of(getattr(state, attribute))
        unused = _assign_network(part, dicts.pop(part), names)
        used += len(names)
        for name in unused:
            kind = "BatchNorm's counters" if "batches" in name else "AdaIN's statistics"
            dropped[kind] = dropped.get(kind, 0) + 1
    for part, (attribute, network_part, slots) in OPTIMIZERS.items():
        network, names_of = NETWORKS[network_part]
        count, note = _assign_moments(
            part,
            content.pop(part, None),
            [name for name in order[network_part] if not official_names.is_dropped(name)],
            names_of(getattr(state, network)),
            getattr(state, attribute),
            slots,
        )
        used += count
        notes += [note] if note else []
    state.step.assign(config.total_steps)
    return Imported(config, origin, used, dropped, notes)


def _check_parts(content: dict, path: pathlib.Path) -> None:
    missing = [part for part in NETWORKS if not isinstance(content.get(part), dict)]
    if missing:
        raise UserError(
            f"{path} is not a checkpoint of TUNIT's authors: it lacks {', '.join(missing)}; it "
            f"has {', '.join(map(str, list(content)[:12])) or 'nothing'}."
        )
    known = {*NETWORKS, *OPTIMIZERS, *NOT_USED, *NUMBERS}
    for part in (*OPTIMIZERS, *NOT_USED):
        if not isinstance(content.get(part, {}), dict | None):
            raise UserError(f"{path}: {part} is a {type(content[part]).__name__}, not a dict.")
    unknown = [str(part) for part in content if part not in known]
    if unknown:
        raise UserError(f"{path} has unknown parts: {', '.join(unknown)}.")


def _without_prefix(tensors: dict, part: str) -> dict:
    """A state dict with plain names; every value is a tensor."""
    for name in tensors:
        if not isinstance(name, str):
            raise UserError(f"{part} has the key {name!r}, which is not the name of a tensor.")
    plain = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items()}
    for name, tensor in plain.items():
        if not isinstance(tensor, np.ndarray):
            raise UserError(f"{part}: {name} is a {type(tensor).__name__}, not a tensor.")
    return plain


def _with_sizes(config: Config, dicts: dict[str, dict], given: set[str]) -> Config:
    """The config with the sizes of the tensors. Raises UserError if a given flag contradicts."""

    def shape(part: str, name: str) -> tuple[int, ...]:
        if name not in dicts[part]:
            raise UserError(f"{part} lacks {name}, from which sizes are read.")
        if not dicts[part][name].ndim:
            raise UserError(f"{part}: {name} is a single number; its shape gives the sizes.")
        return dicts[part][name].shape

    generator = "G_EMA_state_dict"
    downs = sum(
        bool(re.fullmatch(r"cnt_encoder\.model\.\d+\.conv\.weight", name))
        for name in dicts[generator]
    )
    image_size = CONTENT_SIZE * 2 ** (downs - 1)
    base = shape(generator, "cnt_encoder.model.0.conv.weight")[0]
    found = {
        "image_size": image_size,
        "num_domains": shape("C_EMA_state_dict", "disc.weight")[0],
        "style_dim": shape("C_EMA_state_dict", "cont.weight")[0],
        "base_channels": base,
        "guiding_width": shape("C_EMA_state_dict", "features.0.weight")[0] / 64,
    }
    for name, value in found.items():
        if name in given and getattr(config, name) != value:
            raise UserError(
                f"--{name}={getattr(config, name)} contradicts the checkpoint, whose tensors say "
                f"{value}; leave the flag out."
            )
    return dataclasses.replace(config, **found)


def _assign_network(part: str, tensors: dict, names: dict) -> list[str]:
    """Assigns a network its tensors, which are consumed; returns names left out on purpose."""
    for name, variable in names.items():
        wanted = official_names.official_shape(name, variable)
        if name not in tensors:
            raise UserError(f"{part} lacks the tensor {name} of shape {wanted}.")
        official_names.assign(variable, _array(f"{part}: {name}", tensors.pop(name), wanted))
    unknown = [name for name in tensors if not official_names.is_dropped(name)]
    if unknown:
        raise UserError(
            f"{part} has tensors that these networks do not: "
            + ", ".join(f"{name} {tensors[name].shape}" for name in unknown[:5])
            + "."
        )
    return list(tensors)


def _assign_moments(
    part: str, saved: dict | None, order: list[str], names: dict, optimizer: Any, slots: tuple
) -> tuple[int, str]:
    """Assigns an optimizer its moments, which are consumed.

    Args:
      part: Name of the optimizer's part of the file.
      saved: State of a PyTorch optimizer, or None if the file has none.
      order: Names of its network's parameters, in the order in which it numbers them.
      names: {name: our variable}.
      optimizer: Ours.
      slots: What it calls running mean and running square.

    Returns:
      Tensors used, and a sentence if moments start at zero.
    """
    order = [name for name in order if official_names.is_parameter(name)]
    if not saved or not saved.get("state"):
        return 0, f"The file has no moments in {part}; they start at zero."
    numbered = _parameter_numbers(part, saved)
    if len(numbered) != len(order):
        return 0, (
            f"{part} updates {len(numbered)} parameters instead of the network's {len(order)}; its "
            "moments start at zero."
        )
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    used, steps = 0, 0
    for index, name in zip(numbered, order, strict=True):
        moments = saved["state"].pop(index, None)
        if moments is None:  # PyTorch keeps none for a parameter that never had a gradient
            continue
        steps = max(steps, _steps_of(part, name, moments))
        parts = official_names.parts_of(names[name])
        for place, slot in enumerate(slots):
            if slot is None:
                continue
            if slot not in moments:
                raise UserError(f"{part} lacks {slot} of {name}.")
            wanted = official_names.official_shape(name, names[name])
            array = _array(f"{part}: {slot} of {name}", moments[slot], wanted)
            official_names.assign([optimizer.slots(v)[place] for v in parts], array)
            used += 1
    optimizer.iterations.assign(steps)
    return used, ""


def _steps_of(part: str, name: str, moments: object) -> int:
    """The number of steps that a parameter's moments are from; raises UserError without one."""
    step = moments.get("step") if isinstance(moments, dict) else None
    if isinstance(step, int | float | np.ndarray) and np.ndim(step) == 0 and 0 <= step < 2**62:
        return int(step)
    raise UserError(f"{part} has no moments with a step count for {name}.")


def _parameter_numbers(part: str, saved: dict) -> list[int]:
    """The numbers under which an optimizer keeps the moments of its parameters, in order."""
    try:
        numbers = [number for group in saved["param_groups"] for number in group["params"]]
        if isinstance(saved["state"], dict) and all(isinstance(n, int) for n in numbers):
            return numbers
    except (KeyError, TypeError):
        pass
    raise UserError(
        f"{part} does not list its parameters (param_groups); it is not the state of an optimizer."
    )


def _array(name: str, array: object, wanted: tuple[int, ...]) -> np.ndarray:
    """Returns the array of a tensor after checking it.

    Raises:
      UserError: It is no tensor of the wanted shape, is not finite, or is a variance below zero.
    """
    if not isinstance(array, np.ndarray):
        raise UserError(f"{name} is a {type(array).__name__}, not a tensor.")
    if array.shape != wanted:
        raise UserError(f"{name} has shape {array.shape} and not {wanted}.")
    if not math.isfinite(float(array.sum(dtype=np.float64))):
        raise UserError(f"{name} holds numbers that are not finite.")
    if any(word in name for word in VARIANCES) and array.size and array.min() < 0:
        raise UserError(f"{name} holds negative numbers, which a variance cannot be.")
    return array


def _write(
    temporary: pathlib.Path, folder: pathlib.Path, result: Imported, state: TrainState
) -> None:
    """Writes the run folder under a temporary name, then renames it."""
    try:
        Checkpoints(temporary, state, result.config.keep_checkpoints).save()
    except tf.errors.OpError as error:
        raise OSError(str(error).splitlines()[0]) from None
    files.write_json(temporary / run_folder.ORIGIN, result.origin._asdict())
    files.write_json(temporary / run_folder.CONFIG, dataclasses.asdict(result.config))
    output_folder.mark(temporary, run_folder.WRITER)
    temporary.rename(folder)
