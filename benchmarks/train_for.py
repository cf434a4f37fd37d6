"""Trains for some CPU time: `python -m benchmarks.train_for SECONDS FLAGS_OF_TRAIN...`.

The run stops as it does on SIGTERM: it finishes the inner loop and saves. The same command trains
it for as much time again.
"""

import os
import pathlib
import resource
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence


def trained(cpu_seconds: float, folder: pathlib.Path, arguments: Sequence[str]) -> float:
    """Trains a run for some CPU time in a process of its own.

    Args:
      cpu_seconds: CPU seconds of the process, start and preparation included.
      folder: The run folder.
      arguments: Other flags of training.

    Returns:
      CPU seconds that the process used.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.train_for", str(cpu_seconds)]
    result = subprocess.run(
        [*command, *arguments, f"--run_dir={folder}"], capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode or not list(folder.glob("checkpoints/ckpt-*.index")):
        sys.exit(
            f"{result.stderr}The training in {folder} ended with code {result.returncode}. If the "
            "CPU time ended it before its first step, give more."
        )
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Trains, and stops as on SIGTERM after the CPU time."""
    cpu_seconds = float(sys.argv[1])

    def stop() -> None:
        while time.process_time() < cpu_seconds:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    sys.argv = ["tunit_tf.train", *sys.argv[2:]]
    runpy.run_module("tunit_tf.train", run_name="__main__")


if __name__ == "__main__":
    main()
