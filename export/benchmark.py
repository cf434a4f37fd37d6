"""Size, speed, memory and quality of every exported variant, in one table.

`python -m export.benchmark --run_dir=runs/mine --models=models/mobile`; the baseline is the float32
graph that a plain conversion of the networks gives. Encoder + generator; every number is measured
in a process of its own. The flags may be given several times; all pairs are timed in turns.
"""

import sys

from absl import flags

from export import manifest
from export.manifest import MobileManifest, OnnxManifest
from tunit_tf import cli, path_flags
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files
from tunit_tf.io.output_folder import OutputFolder
from tunit_tf.paths import user_path

RUN_DIR = path_flags.define_multi("run_dir", "runs/tunit", "Folder of the run.")
CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "newest", ["newest", "best"], "Which checkpoint of the run."
)
MODELS = path_flags.define_multi(
    "models", "models/mobile", "Folder that export.tflite wrote for the run."
)
ONNX = path_flags.define_multi(
    "onnx", [], "Folder that export.onnx wrote for the run; adds a row for ONNX Runtime."
)
ROUNDS = flags.DEFINE_integer("rounds", 3, "How often each file is loaded, in turns.")
REPEATS = flags.DEFINE_integer("repeats", 15, "Runs in a round; the median of all is reported.")
PROFILE = flags.DEFINE_boolean("profile", False, "Print the slowest operations of the files.")
SLOWEST = 12
TABLE = "benchmark.md"  # written beside the files that it measures


def main() -> None:
    """Measures the files of an export, writes the table beside them and prints it."""
    for flag in (ROUNDS, REPEATS):
        Bounds(1, 10_000).check(f"--{flag.name}", flag.value)
    run_dirs, models, onnx = (
        [user_path(value, f"--{flag.name}") for value in flag.value]
        for flag in (RUN_DIR, MODELS, ONNX)
    )
    if len(run_dirs) != len(models) or len(onnx) not in (0, len(models)):
        raise UserError(
            f"There are {len(run_dirs)} --run_dir, {len(models)} --models and {len(onnx)} --onnx; "
            "give one of each for every pair (no --onnx is fine)."
        )
    manifests = [manifest.read_mobile(folder) for folder in models]
    onnx_manifests = [manifest.read(folder, OnnxManifest) for folder in onnx]
    for folder, exported in zip([*models, *onnx], [*manifests, *onnx_manifests], strict=True):
        manifest.verify(folder, exported)

    # Here and not above, so that --help does not wait for TensorFlow.
    from export.mobile import op_profile, timing, variants
    from export.mobile.runtime import ROLES
    from tunit_tf.inference.trained_run import TrainedRun

    exports = []
    for i, run_dir in enumerate(run_dirs):
        run = TrainedRun.load(run_dir, CHECKPOINT.value)
        manifests[i].check_step(models[i], run_dir, run.step)
        onnx_files = {}
        if onnx:
            onnx_manifests[i].check_step(onnx[i], run_dir, run.step)
            onnx_files = {s: onnx[i] / getattr(onnx_manifests[i], r) for s, r in ROLES.items()}
        baseline = variants.default_pair(run)
        exports.append(timing.Exported(models[i], manifests[i], baseline, onnx_files))
    outputs = [OutputFolder(folder, MobileManifest.command, "models") for folder in models]
    for output in outputs:
        output.check_unchanged([TABLE])
    rows = timing.compare(exports, ROUNDS.value, REPEATS.value, progress)
    text = timing.table(rows)
    print(text)
    for export in exports if PROFILE.value else ():
        for entry in export.manifest.variants.values():
            for role in ROLES.values() if entry.shipped else ():
                print(op_profile.summary(export.folder / getattr(entry, role), SLOWEST))
    for output in outputs:
        with files.writing(f"The table in {output.path}", "copy it from above"):
            output.write(TABLE, (text + "\n").encode())


def progress(text: str) -> None:
    """Prints what is being measured to stderr."""
    print(text, file=sys.stderr, flush=True)


def command() -> None:
    """Entry point of the command line."""
    cli.run(main)


if __name__ == "__main__":
    command()
