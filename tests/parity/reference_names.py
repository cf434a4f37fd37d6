"""Which of our variables the reference's state dict names mean, in its order of layers."""

import numpy as np

from tunit_tf.networks import Discriminator, Generator, GuidingNetwork

GUIDING_PLACES = (0, 4, 8, 11, 15, 18, 22, 25)  # of the convolutions in the reference's trunk


def guiding(network: GuidingNetwork) -> dict:
    names = {}
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
    names = {}
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


def _kernel(name: str, layer) -> dict:
    return {f"{name}.weight": layer.kernel, f"{name}.bias": layer.bias}


def reference_shape(name: str, variable) -> tuple[int, ...]:
    """Shape of the tensor in the reference's layout."""
    return to_reference(name, [np.zeros(v.shape, bool) for v in _parts(variable)]).shape


def to_reference(name: str, parts: list[np.ndarray]) -> np.ndarray:
    """Our tensor (or the parts of a split one) in the reference's layout."""
    array = np.concatenate(parts, axis=-1)
    if name.rsplit(".", 1)[-1] in ("tau", "gamma") or (".norm" in name and name.endswith("beta")):
        return array.reshape(1, -1, 1, 1)
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    return array.T


def assign(variable, array: np.ndarray) -> None:
    """Gives our variable (or the parts of a split one) a tensor of the reference's layout."""
    if array.ndim == 4:
        array = array.reshape(-1) if array.shape[0] == 1 else array.transpose(2, 3, 1, 0)
    array = array.T if array.ndim == 2 else array
    parts = _parts(variable)
    edges = np.cumsum([part.shape[-1] for part in parts])[:-1]
    for part, piece in zip(parts, np.split(array, edges, axis=-1), strict=True):
        part.assign(piece)


def _parts(variable) -> list:
    return variable if isinstance(variable, list) else [variable]
