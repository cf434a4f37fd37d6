"""Computes a float32 .tflite file in NumPy with every value rounded to float16, as GPUs may.

Convolutions and dense layers add up in float32 and round their results; sums of means and pools add
up in float16. Subnormal numbers become zero. Knows the operations of a generator's graph.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.mobile import flatbuffer

SMALLEST = np.float16(2**-14)  # smaller ones are subnormal
RELU = 1  # of ActivationFunctionType
Arrays = list[np.ndarray]
NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
DTYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT32: np.int32}


def run(content: bytes, inputs: dict[str, np.ndarray], dtype: Any = np.float16) -> np.ndarray:
    """The only output of a model.

    Args:
      content: A .tflite file.
      inputs: Its inputs by name.
      dtype: np.float16, or np.float32 for a check of this function.
    """
    model = flatbuffer.read(content)
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
            name = NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            given = [values[i] for i in op.inputs if i >= 0]
            found = _rounded(OPERATIONS[name](op.builtinOptions, *given), dtype)
            if getattr(op.builtinOptions, "fusedActivationFunction", 0) == RELU:
                found = np.maximum(found, 0)
            values[op.outputs[0]] = found.reshape(graph.tensors[op.outputs[0]].shape)
    return values[graph.outputs[0]]


def _rounded(x: np.ndarray, dtype: Any) -> np.ndarray:
    if x.dtype == np.int32:
        return x
    x = x.astype(dtype)
    if dtype == np.float16:
        x = np.where(np.abs(x) < SMALLEST, np.float16(0), x)
    return x


def _convolution(options: Any, x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray) -> np.ndarray:
    """VALID convolution of `(1, H, W, C)` with `(F, k, l, C)`."""
    filters, height, width, _ = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(1, 2))
    windows = windows[:, :: options.strideH, :: options.strideW]  # (1, H', W', C, k, l)
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)
    found = flat.astype(np.float32) @ kernel.reshape(filters, -1).T.astype(np.float32)
    return found + bias[0].astype(np.float32) if bias else found


def _dense(_: Any, x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray) -> np.ndarray:
    found = x.astype(np.float32) @ kernel.T.astype(np.float32)
    return found + bias[0].astype(np.float32) if bias else found


def _pool(options: Any, x: np.ndarray) -> np.ndarray:
    shape = options.filterHeight, options.filterWidth
    windows = np.lib.stride_tricks.sliding_window_view(x, shape, axis=(1, 2))
    windows = windows[:, :: options.strideH, :: options.strideW]
    total = windows.sum((-2, -1), dtype=x.dtype)
    return total / x.dtype.type(shape[0] * shape[1])


def _mean(_: Any, x: np.ndarray, axes: np.ndarray) -> np.ndarray:
    count = np.prod([x.shape[i] for i in axes])
    return x.sum(tuple(axes), dtype=x.dtype, keepdims=True) / x.dtype.type(count)


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
    "RSQRT": lambda _, x: 1 / np.sqrt(x),
    "TANH": lambda _, x: np.tanh(x),
    "CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _pool,
    "MEAN": _mean,
    "DEPTH_TO_SPACE": _depth_to_space,
    "CONCATENATION": lambda options, *x: np.concatenate(x, options.axis),
    "PAD": lambda _, x, widths: np.pad(x, widths),
    "RESHAPE": lambda _, *given: given[0],  # `run` shapes it
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
}
