"""SavedModels in TensorFlow's C++ loader, the one TF Serving uses; Python's TensorFlow never runs.

The C API of the TensorFlow wheel is called through ctypes. Python's own loader accepts more
models, so one that it loads may still fail in TF Serving.
"""

import ctypes
import dataclasses
import importlib.machinery
import importlib.util
import math
import pathlib
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

FLOAT, STRING = 1, 7  # values of TF_DataType
INVALID_ARGUMENT, NOT_FOUND = 3, 5  # values of TF_Code
STRING_BYTES = 24  # size of a TF_TString
FLOAT_DTYPES = {FLOAT: np.float32}

Value: TypeAlias = np.ndarray | Sequence[bytes]  # an input or output; bytes for strings


class Output(ctypes.Structure):
    """TF_Output: one output of an operation."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    )


class Error(Exception):
    """An error of TensorFlow; `code` is its TF_Code, as in gRPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """Where a named tensor of a signature is in the graph.

    Attributes:
      operation: Name of the operation.
      index: Which of its outputs.
      dtype: Value of TF_DataType.
      shape: Sizes; None for one that is free.
    """

    operation: str
    index: int
    dtype: int
    shape: tuple[int | None, ...]


class Signature(NamedTuple):
    """Inputs and outputs by name."""

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


def without_tensorflow() -> None:
    """Lets `tensorflow.core` protos be imported without running TensorFlow's `__init__`."""
    if "tensorflow" not in sys.modules:
        stub = types.ModuleType("tensorflow")
        stub.__spec__, stub.__path__ = _wheel()
        sys.modules["tensorflow"] = stub


def _wheel() -> tuple[importlib.machinery.ModuleSpec, list[str]]:
    """The spec of the installed TensorFlow, and its folders."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'tensorflow'")
    return spec, list(spec.submodule_search_locations)


def _library() -> ctypes.CDLL:
    _, folders = _wheel()
    path = pathlib.Path(folders[0]) / "libtensorflow_cc.so.2"
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    functions = {
        "TF_NewStatus": (pointer, []),
        "TF_DeleteStatus": (None, [pointer]),
        "TF_GetCode": (ctypes.c_int, [pointer]),
        "TF_Message": (ctypes.c_char_p, [pointer]),
        "TF_NewGraph": (pointer, []),
        "TF_NewBuffer": (ctypes.POINTER(Buffer), []),
        "TF_DeleteBuffer": (None, [ctypes.POINTER(Buffer)]),
        "TF_NewSessionOptions": (pointer, []),
        "TF_LoadSessionFromSavedModel": (
            pointer,
            [pointer, pointer, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int,
             pointer, ctypes.POINTER(Buffer), pointer],
        ),
        "TF_GraphOperationByName": (pointer, [pointer, ctypes.c_char_p]),
        "TF_SessionRun": (
            None,
            [pointer, pointer, ctypes.POINTER(Output), ctypes.POINTER(pointer), ctypes.c_int,
             ctypes.POINTER(Output), ctypes.POINTER(pointer), ctypes.c_int, pointer, ctypes.c_int,
             pointer, pointer],
        ),
        "TF_AllocateTensor": (
            pointer, [ctypes.c_int, ctypes.POINTER(ctypes.c_int64), ctypes.c_int, size]
        ),
        "TF_DeleteTensor": (None, [pointer]),
        "TF_TensorData": (pointer, [pointer]),
        "TF_TensorType": (ctypes.c_int, [pointer]),
        "TF_NumDims": (ctypes.c_int, [pointer]),
        "TF_Dim": (ctypes.c_int64, [pointer, ctypes.c_int]),
        "TF_StringInit": (None, [pointer]),
        "TF_StringCopy": (None, [pointer, ctypes.c_char_p, size]),
        "TF_StringDealloc": (None, [pointer]),
        "TF_StringGetDataPointer": (pointer, [pointer]),
        "TF_StringGetSize": (size, [pointer]),
    }  # fmt: skip
    for name, (result, arguments) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Model:
    """A SavedModel in a C++ session; several threads may run it at once.

    Args:
      folder: Folder of the SavedModel.

    Attributes:
      signatures: Inputs and outputs of every signature, by its name.

    Raises:
      Error: It cannot be loaded.
    """

    def __init__(self, folder: str | pathlib.Path) -> None:
        self._tf = tf = _library()
        self._graph = tf.TF_NewGraph()
        meta_graph = tf.TF_NewBuffer()
        tags = (ctypes.c_char_p * 1)(b"serve")
        with self._status() as status:
            self._session = tf.TF_LoadSessionFromSavedModel(
                tf.TF_NewSessionOptions(), None, str(folder).encode(), tags, 1, self._graph,
                meta_graph, status.pointer,
            )  # fmt: skip
        content = ctypes.string_at(meta_graph.contents.data, meta_graph.contents.length)
        tf.TF_DeleteBuffer(meta_graph)
        self.signatures = _signatures(content)

    def run(self, name: str, inputs: Mapping[str, Value]) -> dict[str, Any]:
        """Runs a signature.

        Args:
          name: Name of the signature.
          inputs: Arrays, or sequences of bytes for strings, by name.

        Returns:
          Arrays, or lists of bytes, by name.

        Raises:
          Error: TensorFlow refuses, with INVALID_ARGUMENT if the inputs do not fit the signature.
        """
        if name not in self.signatures:
            raise Error(INVALID_ARGUMENT, f"There is no signature '{name}'.")
        signature = self.signatures[name]
        if set(inputs) != set(signature.inputs):
            raise Error(
                INVALID_ARGUMENT,
                f"Signature '{name}' takes {', '.join(sorted(signature.inputs))}; received "
                f"{', '.join(sorted(inputs)) or 'nothing'}.",
            )
        tf, order = self._tf, list(inputs)
        tensors = (ctypes.c_void_p * len(order))()
        results = (ctypes.c_void_p * len(signature.outputs))()
        try:
            for i, key in enumerate(order):
                tensors[i] = self._tensor(key, inputs[key], signature.inputs[key])
            with self._status() as status:
                tf.TF_SessionRun(
                    self._session, None,
                    self._places([signature.inputs[key] for key in order]), tensors, len(order),
                    self._places(signature.outputs.values()), results, len(results),
                    None, 0, None, status.pointer,
                )  # fmt: skip
            return {
                key: self._value(tensor)
                for key, tensor in zip(signature.outputs, results, strict=True)
            }
        finally:
            for tensor, key in zip(tensors, order, strict=True):
                if tensor:
                    if signature.inputs[key].dtype == STRING:
                        for i in range(len(inputs[key])):
                            tf.TF_StringDealloc(tf.TF_TensorData(tensor) + STRING_BYTES * i)
                    tf.TF_DeleteTensor(tensor)
            for tensor in results:
                if tensor:
                    tf.TF_DeleteTensor(tensor)

    def _status(self) -> "_Status":
        return _Status(self._tf)

    def _places(self, infos: Collection[TensorInfo]) -> ctypes.Array:
        places = (Output * len(infos))()
        for place, info in zip(places, infos, strict=True):
            place.operation = self._tf.TF_GraphOperationByName(self._graph, info.operation.encode())
            place.index = info.index
        return places

    def _tensor(self, name: str, value: Value, info: TensorInfo) -> int:
        """A new TF_Tensor."""
        tf = self._tf
        of_bytes = not isinstance(value, np.ndarray) and all(isinstance(v, bytes) for v in value)
        if of_bytes and len(value) > 0 and info.dtype != STRING:
            raise Error(INVALID_ARGUMENT, f"{name} takes numbers; received bytes.")
        if info.dtype == STRING:
            if not of_bytes:
                raise Error(INVALID_ARGUMENT, f"{name} takes bytes; received something else.")
            dims = (ctypes.c_int64 * 1)(len(value))
            tensor = tf.TF_AllocateTensor(STRING, dims, 1, STRING_BYTES * len(value))
            for i, content in enumerate(value):
                place = tf.TF_TensorData(tensor) + STRING_BYTES * i
                tf.TF_StringInit(place)
                tf.TF_StringCopy(place, content, len(content))
            return tensor
        array = np.ascontiguousarray(value, FLOAT_DTYPES[info.dtype])
        fits = array.ndim == len(info.shape) and all(
            wanted in (None, given) for wanted, given in zip(info.shape, array.shape, strict=True)
        )
        if not fits:
            raise Error(
                INVALID_ARGUMENT, f"{name} has shape {array.shape}; the model takes {info.shape}."
            )
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = tf.TF_AllocateTensor(info.dtype, dims, array.ndim, array.nbytes)
        ctypes.memmove(tf.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
        return tensor

    def _value(self, tensor: int) -> np.ndarray | list[bytes]:
        """The content of a TF_Tensor."""
        tf = self._tf
        shape = tuple(tf.TF_Dim(tensor, i) for i in range(tf.TF_NumDims(tensor)))
        data, count = tf.TF_TensorData(tensor), math.prod(shape)
        if tf.TF_TensorType(tensor) == STRING:
            places = [data + STRING_BYTES * i for i in range(count)]
            return [
                ctypes.string_at(tf.TF_StringGetDataPointer(p), tf.TF_StringGetSize(p))
                for p in places
            ]
        flat = np.ctypeslib.as_array(ctypes.cast(data, ctypes.POINTER(ctypes.c_float)), (count,))
        return flat.reshape(shape).copy()


class _Status:
    """Context with a TF_Status; raises its error at the end."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._tf = library
        self.pointer = library.TF_NewStatus()

    def __enter__(self) -> "_Status":
        return self

    def __exit__(self, *_: object) -> None:
        code = self._tf.TF_GetCode(self.pointer)
        message = self._tf.TF_Message(self.pointer).decode(errors="replace")
        self._tf.TF_DeleteStatus(self.pointer)
        if code:
            raise Error(code, message)


def _signatures(content: bytes) -> dict[str, Signature]:
    """Signatures of a serialized MetaGraphDef."""
    without_tensorflow()
    # Not at the top: it may only be imported after the stub is in place.
    from tensorflow.core.protobuf import meta_graph_pb2

    def infos(tensors: Any) -> dict[str, TensorInfo]:
        found = {}
        for key, info in sorted(tensors.items()):
            operation, index = info.name.split(":")
            shape = tuple(d.size if d.size >= 0 else None for d in info.tensor_shape.dim)
            found[key] = TensorInfo(operation, int(index), info.dtype, shape)
        return found

    meta_graph = meta_graph_pb2.MetaGraphDef.FromString(content)
    return {
        name: Signature(infos(signature.inputs), infos(signature.outputs))
        for name, signature in meta_graph.signature_def.items()
        if not name.startswith("__")
    }
