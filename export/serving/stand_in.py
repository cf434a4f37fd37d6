"""A stand-in for TF Serving: its REST and gRPC protocol over a SavedModel in the C++ loader.

For tests and benchmarks on machines without `tensorflow_model_server`. It speaks the real protos
and loads the model as TF Serving does, but it does not batch requests, watch for new versions or
export metrics. `python -m export.serving.stand_in --model_base_path=models/tunit`
"""

import base64
import concurrent.futures
import http.server
import json
import pathlib
import re
import signal
import threading

import grpc
import numpy as np
from absl import app, flags

from export.serving import c_api

c_api.without_tensorflow()

from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

MODEL_BASE_PATH = flags.DEFINE_string("model_base_path", "models/tunit", "Folder of versions.")
MODEL_NAME = flags.DEFINE_string("model_name", "tunit", "As in requests.")
REST_PORT = flags.DEFINE_integer("rest_api_port", 8501, "0 takes a free one.")
GRPC_PORT = flags.DEFINE_integer("port", 8500, "0 takes a free one.")
THREADS = flags.DEFINE_integer("threads", 16, "gRPC requests handled at once.")

MAX_MESSAGE = 2**28  # bytes of a gRPC message
AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
BAD_REQUEST, NOT_FOUND = 400, 404
HTTP_CODES = {c_api.INVALID_ARGUMENT: 400, 5: 404, 8: 429, 14: 503}  # others are 500


class Served:
    """A model's newest version."""

    def __init__(self, base: pathlib.Path, name: str):
        self.version = max(int(path.name) for path in base.iterdir() if path.name.isdigit())
        self.name = name
        self.model = c_api.Model(base / str(self.version))

    def check(self, name: str, version: int | None) -> None:
        """Raises a NOT_FOUND error for another model or version."""
        if name != self.name or version not in (None, self.version):
            asked = name if version is None else f"{name}, version {version}"
            raise c_api.Error(5, f"Servable not found for request: {asked}")


def from_proto(tensor: tensor_pb2.TensorProto):
    """An array, or a list of bytes."""
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


def to_proto(value) -> tensor_pb2.TensorProto:
    """A proto of an array or a list of bytes."""
    if isinstance(value, list):
        tensor = tensor_pb2.TensorProto(dtype=c_api.STRING, string_val=value)
        tensor.tensor_shape.dim.add(size=len(value))
        return tensor
    tensor = tensor_pb2.TensorProto(dtype=c_api.FLOAT, tensor_content=value.tobytes())
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """gRPC: Predict."""

    def __init__(self, served: Served):
        self._served = served

    def Predict(self, request, context):  # noqa: N802
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
    """gRPC: GetModelStatus."""

    def __init__(self, served: Served):
        self._served = served

    def GetModelStatus(self, request, context):  # noqa: N802
        try:
            self._served.check(request.model_spec.name, None)
        except c_api.Error as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=self._served.version, state=AVAILABLE)
        return response


class RestHandler(http.server.BaseHTTPRequestHandler):
    """REST: status by GET, :predict by POST, in row and in column format."""

    protocol_version = "HTTP/1.1"
    served: Served

    def do_GET(self):
        match = re.fullmatch(r"/v1/models/([^/:]+)(?:/versions/(\d+))?", self.path)
        if not match:
            self._answer(NOT_FOUND, {"error": f"Malformed request: GET {self.path}"})
            return
        try:
            self.served.check(match[1], int(match[2]) if match[2] else None)
        except c_api.Error as error:
            self._answer(NOT_FOUND, {"error": str(error)})
            return
        status = {"error_code": "OK", "error_message": ""}
        state = {"version": str(self.served.version), "state": "AVAILABLE", "status": status}
        self._answer(200, {"model_version_status": [state]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match = re.fullmatch(r"/v1/models/([^/:]+)(?:/versions/(\d+))?:predict", self.path)
        if not match:
            self._answer(NOT_FOUND, {"error": f"Malformed request: POST {self.path}"})
            return
        try:
            self.served.check(match[1], int(match[2]) if match[2] else None)
            self._answer(200, self._predict(body))
        except c_api.Error as error:
            self._answer(HTTP_CODES.get(error.code, 500), {"error": str(error)})

    def _predict(self, body: bytes) -> dict:
        def refused(reason: str) -> c_api.Error:
            return c_api.Error(c_api.INVALID_ARGUMENT, f"JSON: {reason}")

        try:
            request = json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise refused(str(error)) from None
        if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
            raise refused("the body must have either 'instances' or 'inputs'")
        name = request.get("signature_name", "serving_default")
        rows = "instances" in request
        if rows:
            instances = request["instances"]
            if not isinstance(instances, list) or not all(isinstance(i, dict) for i in instances):
                raise refused("'instances' must be a list of objects")
            if len({frozenset(instance) for instance in instances}) != 1:
                raise refused("all instances must have the same keys")
            columns = {key: [i[key] for i in instances] for key in instances[0]}
        elif isinstance(request["inputs"], dict):
            columns = request["inputs"]
        else:
            raise refused("'inputs' must be an object")
        try:
            inputs = {key: _from_json(values) for key, values in columns.items()}
        except (TypeError, ValueError) as error:
            raise refused(str(error)) from None
        outputs = {k: _to_json(k, v) for k, v in self.served.model.run(name, inputs).items()}
        only = next(iter(outputs.values())) if len(outputs) == 1 else None
        if not rows:
            return {"outputs": outputs if only is None else only}
        if only is not None:
            return {"predictions": only}
        lines = zip(*outputs.values(), strict=True)
        return {"predictions": [dict(zip(outputs, line, strict=True)) for line in lines]}

    def _answer(self, code: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


class RestServer(http.server.ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 128
    daemon_threads = True


def _from_json(values):
    """Bytes of {"b64": ...} objects, else numbers."""
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return [base64.b64decode(value["b64"], validate=True) for value in values]
    return np.array(values, np.float32)


def _to_json(name: str, value):
    if isinstance(value, list):
        if name.endswith("_bytes"):
            return [{"b64": base64.b64encode(item).decode()} for item in value]
        return [item.decode() for item in value]
    return value.tolist()


def main(_) -> None:
    served = Served(pathlib.Path(MODEL_BASE_PATH.value), MODEL_NAME.value)
    options = [(f"grpc.max_{way}_message_length", MAX_MESSAGE) for way in ("send", "receive")]
    pool = concurrent.futures.ThreadPoolExecutor(THREADS.value)
    grpc_server = grpc.server(pool, options=options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(served), grpc_server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(served), grpc_server)
    grpc_port = grpc_server.add_insecure_port(f"127.0.0.1:{GRPC_PORT.value}")
    grpc_server.start()
    RestHandler.served = served
    rest_server = RestServer(("127.0.0.1", REST_PORT.value), RestHandler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=rest_server.shutdown).start())
    ports = {"rest": rest_server.server_port, "grpc": grpc_port}
    print(json.dumps(ports), flush=True)
    rest_server.serve_forever()
    grpc_server.stop(1)


if __name__ == "__main__":
    app.run(main)
