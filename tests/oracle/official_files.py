"""Checkpoints in the authors' form, made from drawn tensors or from a state of ours."""

import json
import pathlib

import numpy as np
import torch

from tests.parity import recipe
from tunit_tf.official import names as official_names
from tunit_tf.training.state import TrainState

FOLDER = pathlib.Path(recipe.__file__).parent


def drawn_networks(image_size: int) -> dict:
    """The five networks of the parity recipe. The live ones differ from their averages.

    The references were computed with the tensors that the averages and D have here.
    """
    parts = {
        "C_state_dict": ("C", "live."),
        "C_EMA_state_dict": ("C", ""),
        "D_state_dict": ("D", ""),
        "G_state_dict": ("G", "live."),
        "G_EMA_state_dict": ("G", ""),
    }
    return {
        part: _tensors(recipe.state_dict(network, image_size, prefix, FOLDER))
        for part, (network, prefix) in parts.items()
    }


def networks_of(state: TrainState) -> dict:
    """The five networks of a state, with the leftovers that the authors' files have."""
    parts = {
        "C_state_dict": official_names.guiding(state.guiding),
        "C_EMA_state_dict": official_names.guiding(state.guiding_ema),
        "D_state_dict": official_names.discriminator(state.discriminator),
        "G_state_dict": official_names.generator(state.generator),
        "G_EMA_state_dict": official_names.generator(state.generator_ema),
    }
    dicts = {}
    for part, names in parts.items():
        arrays = {}
        for name, variable in names.items():
            values = [v.numpy() for v in official_names.parts_of(variable)]
            arrays[name] = official_names.to_official(name, values)
            if name.endswith("running_var"):
                arrays[name.replace("running_var", "num_batches_tracked")] = np.int64(7)
        if part.startswith("G"):
            arrays["decoder.model.2.norm.running_mean"] = np.zeros(4)
            arrays["decoder.model.2.norm.running_var"] = np.zeros(4)
        dicts[part] = _tensors(arrays)
    return dicts


def optimizers_of(dicts: dict) -> dict:
    """States of real PyTorch optimizers over the live networks, after two steps."""
    states = {}
    for part, network, kind in (
        ("c_optimizer", "C_state_dict", torch.optim.Adam),
        ("d_optimizer", "D_state_dict", torch.optim.RMSprop),
        ("g_optimizer", "G_state_dict", torch.optim.RMSprop),
    ):
        # A network's parameters, in the order of its state dict.
        parameters = [
            torch.nn.Parameter(tensor.clone())
            for name, tensor in dicts[network].items()
            if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        ]
        optimizer = kind(parameters, lr=1e-4)
        generator = torch.Generator().manual_seed(0)
        for _ in range(2):
            for parameter in parameters:
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            optimizer.step()
        states[part] = optimizer.state_dict()
    return states


def renumbered(state: dict) -> dict:
    """An optimizer's state as PyTorch 1.1 saved it: parameters by large ids, not by index."""
    number = {i: 140_000_000_000_000 + 72 * ((7 * i) % 1009) for i in state["state"]}
    group = {**state["param_groups"][0]}
    group["params"] = [number[i] for i in group["params"]]
    moments = {number[i]: moments for i, moments in state["state"].items()}
    return {"state": moments, "param_groups": [group]}


def prefixed(dicts: dict) -> dict:
    """State dicts as runs on several GPUs saved them."""
    return {
        part: {f"module.{name}": tensor for name, tensor in tensors.items()}
        for part, tensors in dicts.items()
    }


def save(path: pathlib.Path, content: dict, zipped: bool) -> pathlib.Path:
    """Writes a checkpoint with an Inception in it, in the zip or in PyTorch 1.1's format."""
    inception = {"Conv2d_1a_3x3.conv.weight": torch.zeros(2, 3, 3, 3)}
    content = {"epoch": 12, "inceptionNet_state_dict": inception, **content}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def layout(image_size: int, network: str) -> dict:
    """{name: shape} of a network of the authors'."""
    return json.loads((FOLDER / "state_dicts.json").read_text())[f"{network}_{image_size}"]


def _tensors(arrays: dict) -> dict:
    return {
        name: torch.from_numpy(np.array(a, np.int64 if "batches" in name else np.float32))
        for name, a in arrays.items()
    }
