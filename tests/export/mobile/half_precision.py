"""Computes a float32 .tflite file in NumPy with every value rounded to float16, as GPUs may.

`python -m benchmarks.half_precision` measures runs with it.

Subnormal numbers become zero, as constants, inputs and results. Sums over maps, pools and vectors
are added in pairs, and every sum is rounded. Convolutions and dense layers add up in float32 and
round their results, as GPUs with float32 accumulators do. Has the operations of the phone's graphs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from export.mobile import conversion, op_profile
from tunit_tf.networks import Generator

SMALLEST = np.float16(2**-14)  # smaller ones are subnormal
RELU = 1  # ActivationFunctionType
SAME = 0  # Padding
DTYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT32: np.int32}


def run(
    content: bytes, inputs: dict[str, np.ndarray], dtype: Any = np.float16
) -> dict[str, np.ndarray]:
    """Outputs of a model by name.

    Args:
      content: A .tflite file, inputs and outputs named as in its signature.
      inputs: Its inputs by name.
      dtype: np.float16, or np.float32 for a check of this function.
    """
    model = conversion.read(content)
    graph = model.subgraphs[0]
    values: dict[int, np.ndarray] = {}
    for i, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None:
            found = np.frombuffer(bytes(data), DTYPES[tensor.type])
            values[i] = _rounded(found.reshape(tensor.shape), dtype)
    for i in graph.inputs:
        values[i] = _rounded(inputs[graph.tensors[i].name.decode()], dtype)
    with np.errstate(all="ignore"):
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            name = op_profile.OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            given = [values[i] for i in op.inputs if i >= 0]
            found = _rounded(OPERATIONS[name](op.builtinOptions, *given), dtype)
            if getattr(op.builtinOptions, "fusedActivationFunction", 0) == RELU:
                found = np.maximum(found, 0)
            values[op.outputs[0]] = found.reshape(graph.tensors[op.outputs[0]].shape)
    return {graph.tensors[i].name.decode(): values[i] for i in graph.outputs}


def whole_map_norm(
    x: tf.Tensor,
    scale: tf.Tensor | float,
    shift: tf.Tensor | None = None,
    epsilon: float | np.ndarray = 1e-5,
) -> tf.Tensor:
    """`operations.adaptive_instance_norm` as the phone's graph had it first.

    The same in float32; in float16, sums over a map pass 65504, and `epsilon` is zero.
    """
    difference = x - tf.reduce_mean(x, (1, 2), keepdims=True)
    variance = tf.reduce_mean(difference * difference, (1, 2), keepdims=True)
    x = difference * (scale * tf.math.rsqrt(variance + epsilon))
    return x if shift is None else x + shift


def multiply(network: Generator, factor: float) -> None:
    """Multiplies what the norms of a generator get, by its weights."""
    parts = network.stem, network.downs, network.encoder_blocks, network.decoder_blocks, network.ups
    for layer in tf.nest.flatten(parts):
        layer.kernel.assign(layer.kernel * factor)


def _rounded(x: np.ndarray, dtype: Any) -> np.ndarray:
    if x.dtype == np.int32:
        return x
    with np.errstate(over="ignore"):
        x = x.astype(dtype)
    return np.where(np.abs(x) < SMALLEST, np.float16(0), x) if dtype == np.float16 else x


def _sum(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sums along axes in the precision of `x`, in pairs; the axes keep length 1."""
    for axis in axes:
        while (length := x.shape[axis]) > 1:
            first, second, rest = np.split(x, [length // 2, length // 2 * 2], axis)
            x = np.concatenate([first + second, rest], axis)
    return x


def _axes(constant: np.ndarray) -> tuple[int, ...]:
    return tuple(constant.reshape(-1))


def _windows(x: np.ndarray, options: Any, height: int, width: int) -> np.ndarray:
    """`(1, H', W', C, height, width)`."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(1, 2))
    return windows[:, :: options.strideH, :: options.strideW]


def _convolution(options: Any, x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray) -> np.ndarray:
    """Convolution of `(1, H, W, C)` with `(F, k, l, C)`; with SAME padding, of stride 1."""
    filters, height, width, _ = kernel.shape
    x = x.astype(np.float32)
    if options.padding == SAME:
        sides = [((n - 1) // 2, n // 2) for n in (height, width)]
        x = np.pad(x, [(0, 0), *sides, (0, 0)])
    flat = _windows(x, options, height, width).transpose(0, 1, 2, 4, 5, 3)
    return _dense(options, flat.reshape(*flat.shape[:3], -1), kernel.reshape(filters, -1), *bias)


def _dense(_: Any, x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray) -> np.ndarray:
    found = x.astype(np.float32, copy=False) @ kernel.T.astype(np.float32)
    return found + bias[0].astype(np.float32) if bias else found


def _average_pool(options: Any, x: np.ndarray) -> np.ndarray:
    windows = _windows(x, options, options.filterHeight, options.filterWidth)
    count = options.filterHeight * options.filterWidth
    return _sum(windows, (-1, -2)) / x.dtype.type(count)


def _max_pool(options: Any, x: np.ndarray) -> np.ndarray:
    return _windows(x, options, options.filterHeight, options.filterWidth).max((-2, -1))


def _mean(_: Any, x: np.ndarray, axes: np.ndarray) -> np.ndarray:
    count = np.prod([x.shape[i] for i in _axes(axes)])
    return _sum(x, _axes(axes)) / x.dtype.type(count)


def _softmax(_: Any, x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / _sum(powers, (-1,))


def _depth_to_space(options: Any, x: np.ndarray) -> np.ndarray:
    block = options.blockSize
    _, height, width, _ = x.shape
    x = x.reshape(height, width, block, block, -1).transpose(0, 2, 1, 3, 4)
    return x.reshape(1, height * block, width * block, -1)


def _strided_slice(
    options: Any, x: np.ndarray, begin: np.ndarray, end: np.ndarray, strides: np.ndarray
) -> np.ndarray:
    def edge(mask: int, axis: int, value: np.ndarray) -> int | None:
        return None if mask >> axis & 1 else int(value[axis])

    return x[
        tuple(
            slice(edge(options.beginMask, i, begin), edge(options.endMask, i, end), int(step))
            for i, step in enumerate(strides)
        )
    ]


def _slice(_: Any, x: np.ndarray, begin: np.ndarray, size: np.ndarray) -> np.ndarray:
    return x[tuple(slice(b, None if n < 0 else b + n) for b, n in zip(begin, size, strict=True))]


OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "ADD": lambda _, a, b: a + b,
    "SUB": lambda _, a, b: a - b,
    "MUL": lambda _, a, b: a * b,
    "MINIMUM": lambda _, a, b: np.minimum(a, b),
    "MAXIMUM": lambda _, a, b: np.maximum(a, b),
    "RSQRT": lambda _, x: 1 / np.sqrt(x),
    "TANH": lambda _, x: np.tanh(x),
    "SOFTMAX": _softmax,
    "CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _average_pool,
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "SUM": lambda _, x, axes: _sum(x, _axes(axes)),
    "DEPTH_TO_SPACE": _depth_to_space,
    "CONCATENATION": lambda options, *x: np.concatenate(x, options.axis),
    "PAD": lambda _, x, widths: np.pad(x, widths),
    "RESHAPE": lambda _, *given: given[0],  # `run` shapes it
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
}
