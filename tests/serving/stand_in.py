"""A stand-in for TF Serving: its REST and gRPC protocol over a SavedModel in a session.

For tests and benchmarks on machines without `tensorflow_model_server`. It uses the real protos and
starts the model as TF Serving does, but it does not batch requests, watch for new versions or
export metrics. `python -m tests.serving` runs it in a process of its own.
"""

import concurrent.futures
import contextlib
import threading
from collections.abc import Iterator

import grpc

from tests.serving.served import Served
from tests.serving.stand_in_grpc import add_services
from tests.serving.stand_in_rest import RestServer

THREADS = 16  # gRPC requests handled at once
MAX_MESSAGE = 2**28  # bytes of a gRPC message


@contextlib.contextmanager
def serving(served: Served) -> Iterator[dict[str, int]]:
    """Serves a model on free ports of this machine: {"rest": port, "grpc": port}."""
    options = [(f"grpc.max_{way}_message_length", MAX_MESSAGE) for way in ("send", "receive")]
    grpc_server = grpc.server(concurrent.futures.ThreadPoolExecutor(THREADS), options=options)
    add_services(grpc_server, served)
    grpc_port = grpc_server.add_insecure_port("127.0.0.1:0")
    with RestServer(0, served) as rest_server:
        grpc_server.start()
        threading.Thread(target=rest_server.serve_forever, args=(0.02,), daemon=True).start()
        yield {"rest": rest_server.server_port, "grpc": grpc_port}
        rest_server.shutdown()
        grpc_server.stop(1).wait()
