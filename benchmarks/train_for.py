"""Trains for some CPU time: `python -m benchmarks.train_for SECONDS FLAGS_OF_TRAIN...`.

The run stops as it does on SIGTERM: it finishes the inner loop and saves.
"""

import os
import runpy
import signal
import sys
import threading
import time


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
