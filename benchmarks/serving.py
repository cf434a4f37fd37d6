"""Speed and memory of a served model: `python -m benchmarks.serving`.

Exports full-size networks, starts the stand-in for TF Serving (tests/serving), and
sends it requests over gRPC. The stand-in does not batch the requests of several clients.
"""

import concurrent.futures
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from absl import flags

from export.serving import versions
from export.serving.clients import GrpcClient
from export.serving.server import Server
from tunit_tf import cli
from tunit_tf.config import Config
from tunit_tf.data import synthetic
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels
from tunit_tf.networks import from_config

IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "Side of the images.")
BASE_CHANNELS = flags.DEFINE_integer("base_channels", 0, "Width of G; 0 is the paper's.")
CLIENTS = flags.DEFINE_multi_integer("clients", [1, 4, 16], "Numbers of concurrent clients.")
BATCHES = flags.DEFINE_multi_integer("batch", [1, 8], "Pictures in a request.")
PICTURES = flags.DEFINE_integer(
    "pictures", 96, "Minimum number of pictures translated for each row."
)
MEMORY_REQUESTS = flags.DEFINE_integer(
    "memory_requests", 2000, "Requests while memory is measured."
)


def export(folder: pathlib.Path) -> pathlib.Path:
    """Exports untrained networks of the paper's size; returns the version's folder."""
    config = Config(
        image_size=IMAGE_SIZE.value, base_channels=BASE_CHANNELS.value, data=""
    ).resolved()
    networks = (
        from_config.guiding_network(config, "float32"),
        from_config.generator(config, "float32"),
    )
    translator = Translator(*networks)
    run = TrainedRun(translator, config, folder, step=0)
    started = time.monotonic()
    version = versions.write(run, folder / "tunit", "crop", max_pixels=2**25)
    size = sum(path.stat().st_size for path in version.rglob("*") if path.is_file()) / 1e6
    weights = sum(4 * np.prod(v.shape) for network in networks for v in network.variables) / 1e6
    print(
        f"Export: {time.monotonic() - started:.0f} s, {size:.1f} MB for {weights:.1f} MB of weights"
    )
    return version


@contextlib.contextmanager
def stand_in(version: pathlib.Path) -> Iterator[tuple[str, int]]:
    """HOST:PORT of a server's gRPC API, and its process."""
    command = [
        sys.executable, "-m", "tests.serving", f"--model_base_path={version.parent}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        ports = json.loads(process.stdout.readline())
        yield f"127.0.0.1:{ports['grpc']}", process.pid
        process.terminate()


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


def main() -> None:
    """Prints latencies by protocol and request."""
    squares = synthetic.generate(2, IMAGE_SIZE.value, 0).pixels()
    source, reference = (pixels.encode(square, ".jpg") for square in squares)
    with tempfile.TemporaryDirectory() as folder:
        version = export(pathlib.Path(folder))
        with stand_in(version) as (server, pid):
            client = GrpcClient(Server(server, timeout=600.0))
            for batch in BATCHES.value:
                client.translate([source] * batch, [reference] * batch)
            print("| clients | batch | requests/s | pictures/s | p50 ms | p95 ms | p99 ms |")
            print("|---|---|---|---|---|---|---|")
            for batch in BATCHES.value:
                for clients in CLIENTS.value:
                    print(row(server, clients, batch, source, reference), flush=True)
            if MEMORY_REQUESTS.value >= 10:
                watch_memory(client, pid, source, reference)


def row(server: str, clients: int, batch: int, source: bytes, reference: bytes) -> str:
    """A row of the table: every client sends its next request after the answer to the last."""
    each = max(2, -(-PICTURES.value // (clients * batch)))
    connections = [GrpcClient(Server(server, timeout=600.0)) for _ in range(clients)]

    def send(connection: GrpcClient) -> list[float]:
        latencies = []
        for _ in range(each):
            started = time.monotonic()
            connection.translate([source] * batch, [reference] * batch)
            latencies.append(time.monotonic() - started)
        return latencies

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        latencies = np.concatenate(list(pool.map(send, connections)))
    seconds = time.monotonic() - started
    rate = len(latencies) / seconds
    quantiles = " | ".join(f"{1000 * q:.0f}" for q in np.quantile(latencies, [0.5, 0.95, 0.99]))
    return f"| {clients} | {batch} | {rate:.2f} | {rate * batch:.2f} | {quantiles} |"


def watch_memory(client: GrpcClient, pid: int, source: bytes, reference: bytes) -> None:
    """Prints the server's memory during many requests."""
    seen = []
    for i in range(MEMORY_REQUESTS.value):
        client.translate([source], [reference])
        if (i + 1) % (MEMORY_REQUESTS.value // 10) == 0:
            seen.append(resident_megabytes(pid))
    print(f"Resident MB after every tenth of {MEMORY_REQUESTS.value} requests:")
    print("  " + ", ".join(f"{megabytes:.0f}" for megabytes in seen))


if __name__ == "__main__":
    cli.run(main)
