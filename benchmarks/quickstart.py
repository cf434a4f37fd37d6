"""CPU time and scores of the quickstart's training: `python -m benchmarks.quickstart`.

Every seed is trained by a process of its own with one thread. With `--earlier=CHECKOUT`, the folder
of another commit of this project, the quickstart of that commit trains with seed 0 beside them, so
that both are measured on one machine at the same time. The scores are the last validation's.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from tunit_tf import cli, path_flags

SCORES = ("clustering_accuracy_same_set", "translation_accuracy", "content_iou")
CONFIG = "configs/quickstart.cfg"
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2", "3", "4"], "Seeds.")
flags.register_validator(
    SEEDS.name, lambda seeds: len(set(seeds)) == len(seeds), "must not name a seed twice"
)
EARLIER = path_flags.define("earlier", "", "Checkout of another commit to compare with.")
flags.register_validator(
    EARLIER.name,
    lambda folder: not folder or (Path(folder) / CONFIG).is_file(),
    f"must be a checkout of this project, with {CONFIG}",
)


class Training:
    """A training of the quickstart in a process of its own; leaving the context ends it."""

    def __init__(self, checkout: Path, seed: str, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.log = run_dir.with_suffix(".log")
        command = [sys.executable, "-m", "tunit_tf.train", f"--flagfile={CONFIG}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, f"--seed={seed}", f"--run_dir={run_dir}", "--noprogress"],
                cwd=checkout,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(checkout)},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def __enter__(self) -> "Training":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def result(self) -> str:
        """Waits for the end; steps, CPU seconds and scores as cells of a table."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            sys.exit(
                f"{self.log.read_text()}The training in {self.run_dir} ended with code "
                f"{self.process.returncode}."
            )
        lines = (self.run_dir / "metrics.jsonl").read_text().splitlines()
        last = next(v for v in map(json.loads, reversed(lines)) if f"validation/{SCORES[0]}" in v)
        scores = " | ".join(f"{last[f'validation/{name}']:.3f}" for name in SCORES)
        return f"{last['step']} | {usage.ru_utime + usage.ru_stime:.0f} | {scores}"


def print_rows(folder: Path) -> None:
    """Trains every seed and prints a row for each."""
    here = Path(__file__).parents[1]
    for seed in SEEDS.value:
        with Training(here, seed, folder / f"seed_{seed}") as training:
            print(f"| this | {seed} | {training.result()} |", flush=True)


def main() -> None:
    """Trains every seed, and an earlier commit beside them, and prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"| commit | seed | steps | CPU s | {' | '.join(SCORES)} |")
        print(f"|---|---|---|---|{'---|' * len(SCORES)}", flush=True)
        if not EARLIER.value:
            print_rows(Path(folder))
            return
        with Training(Path(EARLIER.value).resolve(), "0", Path(folder) / "earlier") as earlier:
            print_rows(Path(folder))
            print(f"| earlier | 0 | {earlier.result()} |", flush=True)


if __name__ == "__main__":
    cli.run(main)
