"""Serves the newest version of a model: `python -m tests.serving --model_base_path=models/tunit`.

Prints the ports as JSON and serves until SIGTERM.
"""

import json
import signal
import threading

from export.serving import session
from tests.serving import stand_in
from tests.serving.served import Served, newest_version
from tunit_tf import cli, path_flags

MODEL_BASE_PATH = path_flags.define("model_base_path", "models/tunit", "Folder of versions.")


def main() -> None:
    """Serves the model until the process is told to end."""
    base = path_flags.path(MODEL_BASE_PATH)
    version = newest_version(base)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with stand_in.serving(Served(session.Model(base / str(version)), version)) as ports:
        print(json.dumps(ports), flush=True)
        ended.wait()


if __name__ == "__main__":
    cli.run(main)
