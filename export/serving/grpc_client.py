"""A client of TF Serving's gRPC API."""

import importlib
from collections.abc import Sequence
from typing import Any

from export.serving import replies
from export.serving.replies import InputRefusedError, ServerError
from export.serving.server import Server
from tunit_tf.errors import UserError

HTTP1_SIGNS = ("http1", "parsing HTTP/2")  # in gRPC's messages when HTTP/1 answers


class GrpcClient:
    """Translates pictures by gRPC.

    Args:
      server: The served model.

    Raises:
      UserError: tensorflow-serving-api is not installed.
    """

    def __init__(self, server: Server) -> None:
        try:
            self._grpc: Any = importlib.import_module("grpc")
            self._predict: Any = importlib.import_module("tensorflow_serving.apis.predict_pb2")
            service: Any = importlib.import_module(
                "tensorflow_serving.apis.prediction_service_pb2_grpc"
            )
            tensorflow: Any = importlib.import_module("tensorflow")
        except ImportError:
            raise UserError(
                "--protocol=grpc needs tensorflow-serving-api; install it with "
                "'pip install -r requirements-serving.txt', or use --protocol=rest."
            ) from None
        self._make_tensor_proto = tensorflow.make_tensor_proto
        self._stub = service.PredictionServiceStub(self._channel(server))
        self._server = server

    def translate(self, sources: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
        """As `RestClient.translate`."""
        server = self._server
        request = self._predict.PredictRequest()
        request.model_spec.name = server.model
        if server.version is not None:
            request.model_spec.version.value = server.version
        for name, pictures in (("image_bytes", sources), ("reference_bytes", references)):
            request.inputs[name].CopyFrom(self._make_tensor_proto(list(pictures)))
        try:
            response = self._stub.Predict(request, timeout=server.timeout)
        except self._grpc.RpcError as error:
            raise self._error(error.code(), error.details() or str(error.code())) from None
        contents = response.outputs["translated_bytes"].string_val
        return replies.whole_pngs(contents, len(sources), server.address)

    def _channel(self, server: Server) -> Any:
        unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
        if not server.tls:
            return self._grpc.insecure_channel(server.address, options=unlimited)
        credentials = self._grpc.ssl_channel_credentials(server.authority)
        return self._grpc.secure_channel(server.address, credentials, options=unlimited)

    def _error(self, code: Any, details: str) -> ServerError:
        codes = self._grpc.StatusCode
        if code == codes.INVALID_ARGUMENT:
            return InputRefusedError(details)
        if code in (codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED, codes.RESOURCE_EXHAUSTED):
            hint = ""
            if any(sign in details for sign in HTTP1_SIGNS):
                hint = "; a REST port (8501 by default) needs --protocol=rest"
            elif "SSL" in details or "certificate" in details.lower():
                hint = "; check --tls and --ca_certificate"
            return ServerError(f"{self._server.address}: {details}{hint}", is_temporary=not hint)
        return ServerError(details)
