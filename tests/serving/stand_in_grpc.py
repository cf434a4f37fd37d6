"""The gRPC services of the stand-in for TF Serving."""

from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from export.serving import session
from tests.serving.served import Served

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
        except session.Error as error:
            code = next(c for c in grpc.StatusCode if c.value[0] == error.code)
            context.abort(code, str(error))
        response = predict_pb2.PredictResponse()
        response.model_spec.name = self._served.name
        response.model_spec.version.value = self._served.version
        response.model_spec.signature_name = signature
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Returns a GetModelStatusResponse."""
        try:
            self._served.check(request.model_spec.name, None)
        except session.Error as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=self._served.version, state=AVAILABLE)
        return response


def from_proto(tensor: tensor_pb2.TensorProto) -> np.ndarray | list[bytes]:
    """The content of a TensorProto: an array, or a list of bytes for strings.

    Raises:
      session.Error: The number of values does not fit the shape, or the type is unknown.
    """
    try:
        array = tf.make_ndarray(tensor)
    except (TypeError, ValueError) as error:
        raise session.Error(tf.errors.INVALID_ARGUMENT, str(error)) from None
    return array.tolist() if array.dtype == object else array
