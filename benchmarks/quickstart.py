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

from tunit_tf import cli

SCORES = ("clustering_accuracy_same_set", "translation_accuracy", "content_iou")
CONFIG = "configs/quickstart.cfg"
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2", "3", "4"], "Seeds.")
EARLIER = flags.DEFINE_string("earlier", "", "Checkout of another commit to compare with.")
flags.register_validator(
    EARLIER.name,
    lambda folder: not folder or (Path(folder) / CONFIG).is_file(),
    f"must be a checkout of this project, with {CONFIG}",
)


def start(checkout: Path, seed: str, run_dir: Path) -> subprocess.Popen:
    """Starts the training of a checkout's quickstart."""
    command = [sys.executable, "-m", "tunit_tf.train", f"--flagfile={CONFIG}"]
    return subprocess.Popen(
        [*command, f"--seed={seed}", f"--run_dir={run_dir}", "--noprogress"],
        cwd=checkout,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
        stderr=(run_dir.parent / f"{run_dir.name}.log").open("w"),
    )


def finish(process: subprocess.Popen, run_dir: Path) -> str:
    """Waits for a training; its steps, CPU seconds and scores as cells of a table."""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit((run_dir.parent / f"{run_dir.name}.log").read_text())
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    last = next(v for v in map(json.loads, reversed(lines)) if f"validation/{SCORES[0]}" in v)
    scores = " | ".join(f"{last[f'validation/{name}']:.3f}" for name in SCORES)
    return f"{last['step']} | {usage.ru_utime + usage.ru_stime:.0f} | {scores}"


def main() -> None:
    """Trains every seed, and an earlier commit beside them, and prints a table."""
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        earlier = EARLIER.value and start(Path(EARLIER.value).resolve(), "0", runs / "earlier")
        try:
            print(f"| commit | seed | steps | CPU s | {' | '.join(SCORES)} |")
            print(f"|---|---|---|---|{'---|' * len(SCORES)}", flush=True)
            for seed in SEEDS.value:
                run_dir = runs / f"seed_{seed}"
                print(
                    f"| this | {seed} | {finish(start(here, seed, run_dir), run_dir)} |", flush=True
                )
            if earlier:
                print(f"| earlier | 0 | {finish(earlier, runs / 'earlier')} |", flush=True)
        finally:
            if earlier:
                earlier.kill()  # still runs where a training has failed


if __name__ == "__main__":
    cli.run(main)
