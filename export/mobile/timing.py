"""Load time, latency and memory of exported files, each measured in a process of its own.

`python -m export.mobile.timing FILE SIGNATURE REPEATS THREADS...` is such a process and prints
JSON. It counts its own memory, so this module imports little.
"""

import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from export.mobile.runtime import ROLES, Model

if TYPE_CHECKING:
    from export.manifest import MobileManifest

WARM_UP = 2
BASELINE = "default graph"  # float32, as the converter makes it of the textbook layers
ONNX = "ONNX Runtime"  # float32, the files of export.onnx
THREADS = [1, 2]
Files = dict[str, dict[str, pathlib.Path]]  # {variant: {signature: file}}


class Timing(NamedTuple):
    """What was measured of one file.

    Attributes:
      load: Milliseconds from the file to a model that can run, with one thread.
      latencies: {threads: milliseconds of every run}.
      peak: Peak resident memory of the process, MB (10^6 bytes); Python, NumPy and LiteRT included.
      partitions: Stretches of the graph that XNNPACK runs; None for another runtime.
    """

    load: float
    latencies: dict[int, list[float]]
    peak: float
    partitions: int | None


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
        opened = _opened(path, signature, count)
        load = load or 1e3 * (time.perf_counter() - started)
        rng = np.random.default_rng(0)
        inputs = {
            name: np.tanh(rng.standard_normal(shape)).astype(np.float32)
            for name, shape in opened.input_shapes.items()
        }
        times = []
        for _ in range(WARM_UP + repeats):
            started = time.perf_counter()
            opened.run(inputs)
            times.append(1e3 * (time.perf_counter() - started))
        latencies[count] = times[WARM_UP:]
    return Timing(load, latencies, _peak_memory(), opened.partitions)


class _Opened(NamedTuple):
    """A model that can run: a function of named inputs, the shapes of these, its partitions."""

    run: Callable[[dict[str, np.ndarray]], Any]
    input_shapes: dict[str, tuple[int, ...]]
    partitions: int | None


def _opened(path: pathlib.Path, signature: str, threads: int) -> _Opened:
    """A .tflite file in LiteRT, or an .onnx file in ONNX Runtime with a batch of one."""
    if path.suffix != ".onnx":
        model = Model(path, signature, threads)
        return _Opened(lambda inputs: model(**inputs), model.input_shapes, model.partitions)
    import onnxruntime  # here and not above: it counts toward the memory of this process

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    shapes = {value.name: (1, *value.shape[1:]) for value in session.get_inputs()}
    return _Opened(lambda inputs: session.run(None, inputs), shapes, None)


def _peak_memory() -> float:
    """MB. Not `ru_maxrss` where there is better: Linux counts the starting process into it."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


class Exported(NamedTuple):
    """An exported pair.

    Attributes:
      folder: Folder of the export.
      manifest: The manifest there.
      baseline: {signature: file to compare with}, from `variants.default_pair`.
      onnx: {signature: .onnx file of the same run}; empty for none.
    """

    folder: pathlib.Path
    manifest: "MobileManifest"
    baseline: dict[str, bytes]
    onnx: dict[str, pathlib.Path]


def compare(
    exports: list[Exported], rounds: int, repeats: int, note: Callable[[str], None]
) -> list[dict]:
    """Times all variants in turns, so that a slow minute affects all of them alike.

    Args:
      exports: What was exported.
      rounds: How often every file is loaded, each time in a new process.
      repeats: Runs per round and number of threads.
      note: Called with what is being measured.

    Returns:
      A row for every variant of every export, the baseline first; milliseconds, MB, dB.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = [_files(export, pathlib.Path(scratch) / str(i)) for i, export in enumerate(exports)]
        timings: list[dict[str, dict[str, list]]] = [
            {variant: {s: [] for s in ROLES} for variant in found} for found in files
        ]
        for i in range(rounds):
            for export, found, times in zip(exports, files, timings, strict=True):
                for variant, paths in found.items():
                    size = export.manifest.image_size
                    note(f"round {i + 1} of {rounds}: {size} px, {variant}")
                    for signature, path in paths.items():
                        times[variant][signature].append(measure(path, signature, THREADS, repeats))
        return [
            _row(export.manifest, variant, paths, times[variant])
            for export, found, times in zip(exports, files, timings, strict=True)
            for variant, paths in found.items()
        ]


def _files(export: Exported, scratch: pathlib.Path) -> Files:
    """The files of an export's variants, and those of the baseline, which are written."""
    scratch.mkdir()
    files: Files = {BASELINE: {}}
    for signature, content in export.baseline.items():
        files[BASELINE][signature] = scratch / f"{signature}.tflite"
        files[BASELINE][signature].write_bytes(content)
    for variant, entry in export.manifest.variants.items():
        if entry.shipped:
            files[variant] = {s: export.folder / getattr(entry, role) for s, role in ROLES.items()}
    if export.onnx:
        files[ONNX] = export.onnx
    return files


def _row(exported: "MobileManifest", variant: str, paths: dict, timings: dict) -> dict:
    entry = exported.variants.get(variant)
    row: dict[str, Any] = {
        "size": exported.image_size,
        "variant": variant,
        "psnr": entry.psnr if entry else None,
    }
    for signature, role in ROLES.items():
        runs = timings[signature]
        row[role] = {
            "megabytes": paths[signature].stat().st_size / 1e6,
            "load": statistics.median(run.load for run in runs),
            "latency": {
                count: statistics.median(t for run in runs for t in run.latencies[count])
                for count in THREADS
            },
            "peak": max(run.peak for run in runs),
            "partitions": runs[0].partitions,
        }
    return row


def table(rows: list[dict]) -> str:
    """The rows as Markdown; encoder + generator in each cell that has two."""
    lines = [
        "| px | variant | MB | load ms | ms, 1 thread | ms, 2 threads | times faster, 1 thread "
        "| peak MB | partitions | PSNR dB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["variant"] == BASELINE:
            first = _together(row)
        parts = [row[role] for role in ROLES.values()]
        megabytes = [part["megabytes"] for part in parts]
        cells = [
            str(row["size"]),
            row["variant"],
            f"{megabytes[0]:.2f} + {megabytes[1]:.2f} = {sum(megabytes):.2f}",
            " + ".join(f"{part['load']:.0f}" for part in parts),
            *(" + ".join(f"{part['latency'][count]:.1f}" for part in parts) for count in THREADS),
            f"{first / _together(row):.2f}",
            " + ".join(f"{part['peak']:.0f}" for part in parts),
            " + ".join("-" if n is None else str(n) for n in (p["partitions"] for p in parts)),
            "-" if row["psnr"] is None else f"{row['psnr']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _together(row: dict) -> float:
    """Milliseconds of encoder and generator on one thread."""
    return sum(row[role]["latency"][1] for role in ROLES.values())


if __name__ == "__main__":
    file, name, count, *thread_counts = sys.argv[1:]
    timing = _measure_here(pathlib.Path(file), name, [int(t) for t in thread_counts], int(count))
    print(json.dumps(timing._asdict()))
