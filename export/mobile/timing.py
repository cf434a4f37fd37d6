"""Load time, latency and memory of one .tflite file in a process of its own.

`python -m export.mobile.timing FILE SIGNATURE REPEATS THREADS...` prints JSON.
"""

import json
import pathlib
import resource
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np

from export.mobile.runtime import Model

WARM_UP = 2


class Timing(NamedTuple):
    """What was measured of one file.

    Attributes:
      load: Milliseconds from the file to a model that can run, with one thread.
      latencies: {threads: milliseconds of every run}.
      peak: Peak resident memory of the process, MB (10^6 bytes); Python, NumPy and LiteRT included.
      partitions: Stretches of the graph that XNNPACK runs.
    """

    load: float
    latencies: dict[int, list[float]]
    peak: float
    partitions: int


def measure(path: pathlib.Path, signature: str, threads: list[int], repeats: int) -> Timing:
    """Times a file in a new process.

    Raises:
      RuntimeError: The process failed.
    """
    command = [sys.executable, "-m", "export.mobile.timing", str(path), signature, str(repeats)]
    result = subprocess.run(
        [*command, *map(str, threads)], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    found = json.loads(result.stdout)
    found["latencies"] = {int(count): times for count, times in found["latencies"].items()}
    return Timing(**found)


def _measure_here(path: pathlib.Path, signature: str, threads: list[int], repeats: int) -> Timing:
    load, latencies = 0.0, {}
    for count in threads:
        started = time.perf_counter()
        model = Model(path, signature, count)
        load = load or 1e3 * (time.perf_counter() - started)
        rng = np.random.default_rng(0)
        inputs = {
            name: np.tanh(rng.standard_normal(shape)).astype(np.float32)
            for name, shape in model.input_shapes.items()
        }
        times = []
        for _ in range(WARM_UP + repeats):
            started = time.perf_counter()
            model(**inputs)
            times.append(1e3 * (time.perf_counter() - started))
        latencies[count] = times[WARM_UP:]
        partitions = model.partitions
    return Timing(load, latencies, _peak_memory(), partitions)


def _peak_memory() -> float:
    """MB. Not `ru_maxrss` where there is better: Linux counts the starting process into it."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    file, name, count, *thread_counts = sys.argv[1:]
    timing = _measure_here(pathlib.Path(file), name, [int(t) for t in thread_counts], int(count))
    print(json.dumps(timing._asdict()))
