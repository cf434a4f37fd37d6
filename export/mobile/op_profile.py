"""Where a .tflite file spends its time: every operation cut out, and run alone.

LiteRT's Python interface cannot time what XNNPACK does inside of a partition. An operation alone
pays for its own invocation, so the sum is above the whole model's time; the order of the operations
is what to read.
"""

import collections
import copy
import pathlib
import time
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from export.mobile import conversion

OP_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
}


class OpTime(NamedTuple):
    """Operations of one kind and shape: how many, and milliseconds of all of them."""

    name: str
    shapes: str
    number: int
    milliseconds: float


def measure(content: bytes, threads: int = 1, repeats: int = 5) -> list[OpTime]:
    """Times of a model's operations, grouped by kind and shapes, slowest first."""
    model = conversion.read(content)
    graph = model.subgraphs[0]
    constant = {i for i, tensor in enumerate(graph.tensors) if _is_constant(model, tensor)}
    from_constants, groups = {}, collections.defaultdict(list)
    for op in graph.operators:
        if constant.issuperset(op.inputs):
            from_constants.update(dict.fromkeys(op.outputs, op))  # computed once, at load
        else:
            groups[_description(model, op)].append(op)
    times = []
    for description, ops in groups.items():
        one = _time(_alone(model, ops[0], from_constants), threads, repeats)
        times.append(OpTime(*description, len(ops), len(ops) * one))
    return sorted(times, key=lambda time: -time.milliseconds)


def summary(path: pathlib.Path, count: int) -> str:
    """The slowest operations of a .tflite file, at most `count`, a line for each."""
    times = measure(path.read_bytes())
    total = sum(time.milliseconds for time in times)
    lines = [f"\n{path.name}: {total:.1f} ms, every operation alone, one thread"]
    lines += [
        f"{time.milliseconds:8.2f} ms {time.number:3d} x {time.name} {time.shapes}"
        for time in times[:count]
    ]
    return "\n".join(lines)


def _is_constant(model: schema.ModelT, tensor: schema.TensorT) -> bool:
    return model.buffers[tensor.buffer].data is not None


def _description(model: schema.ModelT, op: schema.OperatorT) -> tuple[str, str]:
    tensors = model.subgraphs[0].tensors
    code = model.operatorCodes[op.opcodeIndex]
    name = OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
    shapes = ["x".join(map(str, tensors[i].shape)) for i in op.inputs if i >= 0]
    output = "x".join(map(str, tensors[op.outputs[0]].shape))
    return name, f"{', '.join(shapes)} -> {output}"


def _time(content: bytes, threads: int, repeats: int) -> float:
    """Median milliseconds of a model."""
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        values = rng.standard_normal(detail["shape"])
        interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
    interpreter.invoke()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def _alone(
    model: schema.ModelT, op: schema.OperatorT, from_constants: dict[int, schema.OperatorT]
) -> bytes:
    """The model with one operation left; what others would have computed are its inputs.

    Operations of constants alone (weights that are unpacked) stay with the one that needs them.
    """
    needed = [from_constants[i] for i in op.inputs if i in from_constants]
    used = {i for kept in [*needed, op] for i in kept.inputs if i >= 0}
    graph, cut = copy.copy(model.subgraphs[0]), copy.copy(model)
    buffers = {graph.tensors[i].buffer for i in used}
    cut.buffers = [
        buffer if i in buffers else conversion.buffer_of(None)
        for i, buffer in enumerate(model.buffers)
    ]
    computed = {i for kept in needed for i in kept.outputs}
    variable = {i for i in used if not _is_constant(model, graph.tensors[i])}
    graph.operators = [*needed, op]
    graph.inputs, graph.outputs = sorted(variable - computed), op.outputs
    cut.subgraphs, cut.signatureDefs, cut.metadata = [graph], [], []
    return conversion.write(cut)
