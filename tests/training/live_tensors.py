"""The memory of the tensors of a graph, without running it."""

import collections

# The result may take the place of an input of the same size that is needed no more.
IN_PLACE = {
    "Add", "AddN", "AddV2", "BiasAdd", "Cast", "Exp", "LeakyRelu", "LeakyReluGrad", "Log",
    "Maximum", "Minimum", "Mul", "Neg", "RealDiv", "Relu", "ReluGrad", "Rsqrt", "RsqrtGrad",
    "SelectV2", "Sqrt", "Square", "Sub", "Tanh", "TanhGrad",
}  # fmt: skip
SAME = {"ExpandDims", "Identity", "PreventGradient", "Reshape", "Squeeze", "StopGradient"}
NOT_ALLOCATED = {"Const", "Placeholder", "ReadVariableOp"}


def largest_sum(graph) -> int:
    """The largest sum of bytes of tensors that are alive at once, in the order of the graph."""
    operations = graph.get_operations()
    last_use = {
        tensor.ref(): place
        for place, operation in enumerate(operations)
        for tensor in operation.inputs
    }
    buffers: dict = {}  # {tensor: what holds it}
    users: collections.Counter = collections.Counter()  # of each buffer
    sizes: dict = {}
    alive = largest = 0
    for place, operation in enumerate(operations):
        inputs = [t.ref() for t in operation.inputs]
        if operation.type in NOT_ALLOCATED:
            continue
        for output in operation.outputs:
            if not output.dtype.is_numpy_compatible:
                continue
            size = output.dtype.size * (output.shape.num_elements() or 0)
            held = _taken_over(operation.type, inputs, buffers, users, sizes, last_use, place, size)
            if held is None and operation.type in SAME:
                continue  # of a constant or a variable
            if held is None:
                held = output.ref()
                sizes[held] = size
                alive += size
            buffers[output.ref()] = held
            users[held] += 1
        largest = max(largest, alive)
        for tensor in {*inputs, *(t.ref() for t in operation.outputs)}:
            if last_use.get(tensor, place) <= place and tensor in buffers:
                held = buffers.pop(tensor)
                users[held] -= 1
                alive -= 0 if users[held] else sizes[held]
    return largest


def _taken_over(
    kind: str, inputs: list, buffers: dict, users: dict, sizes: dict, last_use: dict, place: int,
    size: int,
) -> object:  # fmt: skip
    """The buffer of an input that the result of an operation is put into; None for a new one."""
    for tensor in inputs if kind in SAME | IN_PLACE else ():
        held = buffers.get(tensor)
        if held is None or sizes[held] != size:
            continue
        if kind in SAME or (last_use[tensor] == place and users[held] == 1):
            return held
    return None
