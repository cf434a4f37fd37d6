"""A stand-in for TF Serving: its REST and gRPC protocol over a SavedModel in the C++ loader.

For tests and benchmarks on machines without `tensorflow_model_server`. It uses the real protos and
loads the model as TF Serving does, but it does not batch requests, watch for new versions or export
metrics. `python -m export.serving.stand_in --model_base_path=models/tunit`
"""

import concurrent.futures
import json
import pathlib
import signal
import threading

from absl import flags

from tunit_tf import cli
from tunit_tf.errors import Bounds, UserError

MODEL_BASE_PATH = flags.DEFINE_string("model_base_path", "models/tunit", "Folder of versions.")
MODEL_NAME = flags.DEFINE_string("model_name", "tunit", "Name of the model in requests.")
REST_PORT = flags.DEFINE_integer("rest_api_port", 8501, "Port of REST; 0 takes a free one.")
GRPC_PORT = flags.DEFINE_integer("port", 8500, "Port of gRPC; 0 takes a free one.")
THREADS = flags.DEFINE_integer("threads", 16, "Number of gRPC requests handled at once.")

MAX_MESSAGE = 2**28  # bytes of a gRPC message


def main() -> None:
    """Serves the model until it is interrupted."""
    import grpc  # imported here, as below, so that --help is fast

    from export.serving.served import Served
    from export.serving.stand_in_grpc import add_services
    from export.serving.stand_in_rest import RestServer

    Bounds(1, 4096).check("--threads", THREADS.value)
    served = Served(pathlib.Path(MODEL_BASE_PATH.value).expanduser(), MODEL_NAME.value)
    options = [(f"grpc.max_{way}_message_length", MAX_MESSAGE) for way in ("send", "receive")]
    pool = concurrent.futures.ThreadPoolExecutor(THREADS.value)
    grpc_server = grpc.server(pool, options=options)
    add_services(grpc_server, served)
    try:
        grpc_port = grpc_server.add_insecure_port(f"127.0.0.1:{GRPC_PORT.value}")
        rest_server = RestServer(REST_PORT.value, served)
    except (OSError, OverflowError, RuntimeError) as error:
        raise UserError(
            f"--rest_api_port={REST_PORT.value} or --port={GRPC_PORT.value} cannot be used "
            f"({error}); name other ports, or 0 for free ones."
        ) from None
    grpc_server.start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=rest_server.shutdown).start())
    print(json.dumps({"rest": rest_server.server_port, "grpc": grpc_port}), flush=True)
    rest_server.serve_forever()
    grpc_server.stop(1)


if __name__ == "__main__":
    cli.run(main)
