"""Time and peak memory of a command line of ours.

The command is started by a small process of its own: Linux counts the parent's memory toward the
peak of the new process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time


def measured(*command: str) -> tuple[float, float]:
    """Runs `python -m COMMAND`; returns seconds and peak resident memory in MB (10^6 bytes)."""
    starter = [sys.executable, "-m", "benchmarks.process", *command]
    result = subprocess.run(starter, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    return tuple(json.loads(result.stdout))


def main() -> None:
    """Runs a module and prints its time and memory."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *sys.argv[1:]], stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            output.seek(0)
            sys.exit(output.read().decode())
    print(json.dumps([time.monotonic() - started, usage.ru_maxrss * 1024 / 1e6]))


if __name__ == "__main__":
    main()
