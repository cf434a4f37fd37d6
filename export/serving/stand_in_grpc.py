"""The gRPC services of the stand-in for TF Serving."""

from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np

from export.serving import c_api
from export.serving.served import Served

c_api.without_tensorflow()

from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


def add_services(server: grpc.Server, served: Served) -> None:
    """Adds Predict and GetModelStatus to a server."""
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(served), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(served), server)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Runs a signature on the tensors of a PredictRequest; returns a PredictResponse."""
        spec = request.model_spec
        try:
            version = spec.version.value if spec.HasField("version") else None
            self._served.check(spec.name, version)
            signature = spec.signature_name or "serving_default"
            inputs = {name: from_proto(tensor) for name, tensor in request.inputs.items()}
            outputs = self._served.model.run(signature, inputs)
        except c_api.Error as error:
            code = next(c for c in grpc.StatusCode if c.value[0] == error.code)
            context.abort(code, str(error))
        response = predict_pb2.PredictResponse()
        response.model_spec.name = self._served.name
        response.model_spec.version.value = self._served.version
        response.model_spec.signature_name = signature
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(to_proto(value))
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Returns a GetModelStatusResponse."""
        try:
            self._served.check(request.model_spec.name, None)
        except c_api.Error as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=self._served.version, state=AVAILABLE)
        return response


def from_proto(tensor: tensor_pb2.TensorProto) -> np.ndarray | list[bytes]:
    """The content of a TensorProto: an array, or a list of bytes for strings.

    Raises:
      c_api.Error: The type is another, or the number of values does not fit the shape.
    """
    if tensor.dtype == c_api.STRING:
        return list(tensor.string_val)
    if tensor.dtype != c_api.FLOAT:
        raise c_api.Error(c_api.INVALID_ARGUMENT, f"Unexpected data type {tensor.dtype}.")
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    values = (
        np.frombuffer(tensor.tensor_content, np.float32)
        if tensor.tensor_content
        else np.array(tensor.float_val, np.float32)
    )
    if values.size == 1:
        values = np.broadcast_to(values, int(np.prod(shape)))
    if values.size != np.prod(shape):
        raise c_api.Error(c_api.INVALID_ARGUMENT, f"{values.size} values do not fill {shape}.")
    return values.reshape(shape)


def to_proto(value: np.ndarray | Sequence[bytes]) -> tensor_pb2.TensorProto:
    """A TensorProto of an array or of strings."""
    if not isinstance(value, np.ndarray):
        tensor = tensor_pb2.TensorProto(dtype=c_api.STRING, string_val=value)
        tensor.tensor_shape.dim.add(size=len(value))
        return tensor
    tensor = tensor_pb2.TensorProto(dtype=c_api.FLOAT, tensor_content=value.tobytes())
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor
