"""Which of our variables the tensors of the authors' state dicts are, and in which layout.

Their layouts are PyTorch's: kernels `(out, in, height, width)` and `(out, in)`, FRN parameters
`(1, C, 1, 1)`.
"""

from typing import Any

import numpy as np

from tunit_tf.networks import Discriminator, Generator, GuidingNetwork

GUIDING_PLACES = (0, 4, 8, 11, 15, 18, 22, 25)  # convolutions in the reference's trunk


def guiding(network: GuidingNetwork) -> dict:
    """{their name: our variable} of the guiding network, in their order."""
    names: dict[str, Any] = {}
    for place, conv, norm in zip(GUIDING_PLACES, network.convolutions, network.norms, strict=True):
        names |= _kernel(f"features.{place}", conv)
        names |= {
            f"features.{place + 1}.weight": norm.gamma,
            f"features.{place + 1}.bias": norm.beta,
            f"features.{place + 1}.running_mean": norm.running_mean,
            f"features.{place + 1}.running_var": norm.running_variance,
        }
    return names | _kernel("disc", network.domain_head) | _kernel("cont", network.style_head)


def generator(network: Generator) -> dict:
    """{their name: our variable, or a list of those that theirs is split into}, in their order."""
    names: dict[str, Any] = {}
    encoder, decoder = "cnt_encoder.model", "decoder.model"
    for i, conv in enumerate([network.stem, *network.downs]):
        names |= _kernel(f"{encoder}.{i}.conv", conv)
    blocks = len(network.downs) + 1
    for prefix, stack in (
        (f"{encoder}.{blocks}", network.encoder_blocks),
        (f"{decoder}.0", network.decoder_blocks),
    ):
        for b, block in enumerate(stack):
            for i, conv in enumerate(block):
                names |= _kernel(f"{prefix}.model.{b}.model.{i}.conv", conv)
    for i, up in enumerate(network.ups):
        names |= _kernel(f"{decoder}.{2 * i + 2}.conv", up)
    names |= _kernel(f"{decoder}.{2 * len(network.ups) + 1}.conv", network.to_image)
    for i, dense in enumerate(network.mlp):
        names |= _kernel(f"mlp.model.{i}.fc", dense)
    heads = network.adain_heads
    names["mlp.model.2.fc.weight"] = [head.kernel for head in heads]
    names["mlp.model.2.fc.bias"] = [head.bias for head in heads]
    return names


def discriminator(network: Discriminator) -> dict:
    """{their name: our variable} of the discriminator, in their order."""
    names = _kernel("main.0", network.stem)
    for i, block in enumerate(network.blocks, 1):
        for norm in ("norm1", "norm2"):
            for weight in ("tau", "gamma", "beta"):
                names[f"main.{i}.{norm}.{weight}"] = getattr(getattr(block, norm), weight)
        names |= _kernel(f"main.{i}.conv1", block.conv1) | _kernel(f"main.{i}.conv2", block.conv2)
        if block.shortcut is not None:
            names[f"main.{i}.conv1x1.weight"] = block.shortcut.kernel
    after = len(network.blocks) + 2
    return (
        names
        | _kernel(f"main.{after}", network.head)
        | _kernel(f"main.{after + 2}", network.logits)
    )


def is_dropped(name: str) -> bool:
    """Whether a tensor of a state dict has no use: AdaIN's statistics and BatchNorm's counter."""
    adain = name.startswith("decoder.") and name.endswith((".running_mean", ".running_var"))
    return adain or name.endswith("num_batches_tracked")


def is_parameter(name: str) -> bool:
    """Whether an optimizer steps it: all but running statistics."""
    return not name.endswith(("running_mean", "running_var"))


def official_shape(name: str, variable: Any) -> tuple[int, ...]:
    """Shape of the tensor in their layout."""
    return to_official(name, [np.zeros(v.shape, bool) for v in parts_of(variable)]).shape


def to_official(name: str, parts: list[np.ndarray]) -> np.ndarray:
    """Our tensor (or the parts of a split one) in their layout."""
    array = np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
    if name.rsplit(".", 1)[-1] in ("tau", "gamma") or (".norm" in name and name.endswith("beta")):
        return array.reshape(1, -1, 1, 1)
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    return array.T


def assign(variable: Any, array: np.ndarray) -> None:
    """Assigns our variable (or the parts of a split one) a tensor of their layout."""
    if array.ndim == 4:
        array = array.reshape(-1) if array.shape[0] == 1 else array.transpose(2, 3, 1, 0)
    array = array.T if array.ndim == 2 else array
    parts = parts_of(variable)
    edges = np.cumsum([part.shape[-1] for part in parts])[:-1]
    for part, piece in zip(parts, np.split(array, edges, axis=-1), strict=True):
        part.assign(piece)


def parts_of(variable: Any) -> list:
    """Our variables that make up one of their tensors."""
    return variable if isinstance(variable, list) else [variable]


def _kernel(name: str, layer: Any) -> dict:
    return {f"{name}.weight": layer.kernel, f"{name}.bias": layer.bias}
