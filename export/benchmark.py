"""Size, speed, memory and quality of every exported variant, in one table.

`python -m export.benchmark --run_dir=runs/mine --models=models/mobile`; the baseline is the float32
graph that a plain conversion of the networks gives. Encoder + generator; every number is measured
in a process of its own. Both flags may be given several times; all pairs are timed in turns.
"""

import pathlib
import sys

from absl import flags

from export import folders, manifest
from tunit_tf import cli
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files

RUN_DIR = flags.DEFINE_multi_string("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
MODELS = flags.DEFINE_multi_string(
    "models", "models/mobile", "Folder that export.tflite wrote for the run."
)
ROUNDS = flags.DEFINE_integer("rounds", 3, "How often each file is loaded, in turns.")
REPEATS = flags.DEFINE_integer("repeats", 15, "Runs in a round; the median of all is reported.")
PROFILE = flags.DEFINE_boolean("profile", False, "Print the slowest operations of the files.")
SLOWEST = 12


def main() -> None:
    """Measures the files of an export, writes the table beside them and prints it."""
    for flag in (ROUNDS, REPEATS):
        Bounds(1, 10_000).check(f"--{flag.name}", flag.value)
    run_dirs, models = (
        [files.named_folder(value, flag.name) for value in flag.value] for flag in (RUN_DIR, MODELS)
    )
    if len(run_dirs) != len(models):
        raise UserError(
            f"There are {len(run_dirs)} --run_dir and {len(models)} --models; give one of each for "
            "every pair."
        )
    manifests = [manifest.read_mobile(folder) for folder in models]
    for folder, exported in zip(models, manifests, strict=True):
        manifest.verify(folder, exported)

    # Here and not above, so that --help does not wait for TensorFlow.
    from export.mobile import timing, variants
    from export.mobile.runtime import ROLES
    from tunit_tf.inference.trained_run import TrainedRun

    exports = []
    for run_dir, folder, exported in zip(run_dirs, models, manifests, strict=True):
        run = TrainedRun.load(run_dir, CHECKPOINT.value)
        if run.step != exported.step:
            raise UserError(
                f"{folder} was exported at step {exported.step}, and {run_dir} is at "
                f"{run.step}; export again, or name the right --run_dir."
            )
        exports.append(timing.Exported(folder, exported, variants.default_pair(run)))
    rows = timing.compare(exports, ROUNDS.value, REPEATS.value, progress)
    text = timing.table(rows)
    print(text)
    for folder, exported, _ in exports:
        for entry in exported.variants.values() if PROFILE.value else ():
            for role in ROLES.values():
                if entry.shipped:
                    print_profile(folder / getattr(entry, role))
    for folder in models:
        with files.writing(
            f"The table in {folder}", "copy it from above or make the folder writable"
        ):
            files.write_bytes(folder / folders.BENCHMARK, (text + "\n").encode())


def print_profile(path: pathlib.Path) -> None:
    """Prints the slowest operations of a file."""
    from export.mobile import op_profile

    times = op_profile.measure(path.read_bytes())
    total = sum(time.milliseconds for time in times)
    print(f"\n{path.name}: {total:.1f} ms, every operation alone, one thread")
    for time in times[:SLOWEST]:
        print(f"{time.milliseconds:8.2f} ms {time.number:3d} x {time.name} {time.shapes}")


def progress(text: str) -> None:
    """Prints what is being measured to stderr."""
    print(text, file=sys.stderr, flush=True)


def command() -> None:
    """Entry point of the command line."""
    cli.run(main)


if __name__ == "__main__":
    command()
