"""What TensorFlow makes of a traced function, and which of its sums depend on timing."""

import collections
import contextlib

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.eager import context

# Ops whose output is (or may be) their first input's memory.
ALIASES = {
    "Bitcast", "Enter", "Exit", "ExpandDims", "Identity", "Merge", "NextIteration",
    "Reshape", "Slice", "Squeeze", "StopGradient", "StridedSlice", "Switch",
}  # fmt: skip
# Ops that keep a hold on the memory of what they give.
KEEPERS = {"Const", "IteratorGetNext", "ReadVariableOp", "_Arg"}


@contextlib.contextmanager
def collected():
    """Yields a list that holds, at the end, the optimized graphs of all that was called before."""
    graphs: list[graph_pb2.GraphDef] = []
    context.context().enable_run_metadata()
    try:
        tf.function(lambda: tf.constant(0))()  # TensorFlow gives the graphs of before with the next
        context.context().export_run_metadata()
        yield graphs
        graphs += context.context().export_run_metadata().partition_graphs
    finally:
        context.context().disable_run_metadata()


def sums_of_three(graph: graph_pb2.GraphDef) -> list[str]:
    """Names of the `AddN` of three and more terms."""
    return [n.name for n in graph.node if n.op == "AddN" and len(_data(n)) > 2]


def sums_that_depend_on_timing(graph: graph_pb2.GraphDef) -> list[str]:
    """Names of the `AddN` whose terms are added in an order that may differ from run to run.

    TensorFlow's kernel writes the sum into the first term whose memory nobody else holds, and
    starts with that term. Of `a + b + c` it makes `c + b + a` where other ops still have to read
    `a` and `b` at that moment. If nobody else ever reads `a`, or `b`, it never comes to `c`
    (and `a + b` is `b + a`).
    """
    nodes = {node.name: node for node in graph.node}
    readers = collections.defaultdict(list)  # of an output, as node
    outputs = collections.defaultdict(set)  # that anything reads, of a node
    for node in graph.node:
        for name, output in _data(node):
            readers[name, output].append(node)
            outputs[name].add(output)

    def source(name, output):
        while nodes[name].op in ALIASES:
            name, output = _data(nodes[name])[0]
        return name, output

    def final_readers(name, output):
        for reader in readers[name, output]:
            if reader.op in ALIASES:
                for other in outputs[reader.name]:
                    yield from final_readers(reader.name, other)
            else:
                yield reader.name

    def is_free(name, output):
        name, output = source(name, output)
        return nodes[name].op not in KEEPERS and len(list(final_readers(name, output))) == 1

    def depends(name):
        free = [is_free(*term) for term in _data(nodes[name])]
        return not any(free[:2]) and any(free[2:])

    return [name for name in sums_of_three(graph) if depends(name)]


def _data(node) -> list[tuple[str, int]]:
    """Inputs of a node as (node, output), without control inputs."""
    parts = [name.partition(":") for name in node.input if not name.startswith("^")]
    return [(name, int(output or 0)) for name, _, output in parts]
