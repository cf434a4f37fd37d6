"""A SavedModel in a session, started from the graph in its files as TensorFlow Serving starts it.

`tf.saved_model.load` makes Python functions of the file again and accepts models that fail in a
server, such as a `tf.Module` around a Keras 3 model (keras-team/keras issue 20095). A session fails
with these as a server does: it does not find the variables.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

Value: TypeAlias = np.ndarray | Sequence[bytes]  # an input or output; bytes for strings


class Error(Exception):
    """The model does not load, or refuses its inputs; `code` is as in gRPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class TensorInfo(NamedTuple):
    """A named tensor of a signature: its name in the graph, its type, and sizes, None for free."""

    tensor: str
    dtype: tf.DType
    shape: tuple[int | None, ...]


class Signature(NamedTuple):
    """Inputs and outputs by name."""

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


class Model:
    """A SavedModel in a session of its own; several threads may run it at once.

    Args:
      folder: Folder of the SavedModel.

    Attributes:
      signatures: Inputs and outputs of every signature, by its name.

    Raises:
      Error: It cannot be loaded.
    """

    def __init__(self, folder: str | pathlib.Path) -> None:
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")  # TensorFlow calls the function deprecated, for Python's own one
        try:
            loaded = tf.compat.v1.saved_model.load(
                self._session, [tf.saved_model.SERVING], str(folder)
            )
        except OSError as error:
            raise Error(tf.errors.NOT_FOUND, str(error)) from None
        except tf.errors.OpError as error:
            raise Error(error.error_code, _reason(error)) from None
        finally:
            logger.setLevel(level)
        self.signatures = {
            name: Signature(_infos(signature.inputs), _infos(signature.outputs))
            for name, signature in loaded.signature_def.items()
            if not name.startswith("__")
        }

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
            raise _refused(f"There is no signature '{name}'.")
        signature = self.signatures[name]
        if set(inputs) != set(signature.inputs):
            raise _refused(
                f"Signature '{name}' takes {', '.join(sorted(signature.inputs))}; received "
                f"{', '.join(sorted(inputs)) or 'nothing'}."
            )
        fed = {
            info.tensor: _fitting(key, inputs[key], info) for key, info in signature.inputs.items()
        }
        try:
            found = self._session.run({k: i.tensor for k, i in signature.outputs.items()}, fed)
        except tf.errors.OpError as error:
            raise Error(error.error_code, _reason(error)) from None
        return {
            key: value.tolist() if value.dtype == object else value for key, value in found.items()
        }


def _infos(tensors: Any) -> dict[str, TensorInfo]:
    return {
        key: TensorInfo(
            info.name,
            tf.as_dtype(info.dtype),
            tuple(d.size if d.size >= 0 else None for d in info.tensor_shape.dim),
        )
        for key, info in sorted(tensors.items())
    }


def _fitting(name: str, value: Value, info: TensorInfo) -> np.ndarray:
    """A value as an array that a session takes. Raises Error."""
    of_bytes = not isinstance(value, np.ndarray) and all(isinstance(v, bytes) for v in value)
    if info.dtype == tf.string:
        if not of_bytes:
            raise _refused(f"{name} takes bytes; received something else.")
        return np.array(value, object)
    if of_bytes and len(value) > 0:
        raise _refused(f"{name} takes numbers; received bytes.")
    array = np.asarray(value, info.dtype.as_numpy_dtype)
    fits = array.ndim == len(info.shape) and all(
        wanted in (None, given) for wanted, given in zip(info.shape, array.shape, strict=True)
    )
    if not fits:
        raise _refused(f"{name} has shape {array.shape}; the model takes {info.shape}.")
    return array


def _refused(message: str) -> Error:
    return Error(tf.errors.INVALID_ARGUMENT, message)


def _reason(error: tf.errors.OpError) -> str:
    """What the runtime said, to which a session adds places in the graph."""
    cause = error.__context__
    return cause.message if isinstance(cause, tf.errors.OpError) else error.message
