"""The memory of a joint step, and what `tunit_tf.training.memory` estimates of it.

`python -m benchmarks.training_memory`. A case is flags of training, separated by spaces, and gets
a process of its own. *Tensors* are the variables and the largest sum of what is alive, if the
operations of the traced step run in the order of the graph; nothing is computed for it. With
`--measure` a step runs on the CPU: *measured* is the peak of resident memory, less what TensorFlow
takes before the networks are made. On a GPU tensors live as long; its libraries and their
workspaces are others.
"""

import json
import subprocess
import sys

from absl import flags

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.errors import UserError
from tunit_tf.training import memory

CASES = [
    f"{size} {discriminator} --batch_size={batch}"
    for discriminator in ("", "--discriminator=projected")
    for size in (
        "--image_size=64", "--image_size=128", "--image_size=256",
        "--image_size=128 --base_channels=16", "--image_size=128 --mixed_precision=bfloat16",
    )
    for batch in (4, 8)
] + [
    f"--image_size=128 {discriminator} --batch_size=16 --accumulate_steps={parts}"
    for discriminator in ("", "--discriminator=projected")
    for parts in (2, 4)
]  # fmt: skip

CHOSEN = flags.DEFINE_multi_string("case", CASES, "Flags of training, separated by spaces.")
MEASURE = flags.DEFINE_boolean("measure", False, "Run a step of every case, too.")
ONE = flags.DEFINE_boolean("one", False, "Internal: this process is a case.")


def case() -> list[float]:
    """GB (10^9 bytes) of the case in the flags: tensors, measured (0 if not) and estimated."""
    import tensorflow as tf  # here, so that the parent process stays small

    from tests.training.live_tensors import largest_sum
    from tunit_tf.data import pipeline, synthetic
    from tunit_tf.training import steps
    from tunit_tf.training.state import TrainState

    config = config_lib.from_flags().resolved()
    images = synthetic.generate(4 * config.batch_size, config.image_size, 0)
    batch = next(iter(pipeline.batches(images, config, 0, 1, config.batch_size)))
    before = resident("VmRSS")
    state = TrainState(config)
    variables = [
        variable
        for part in vars(state).values()
        if hasattr(part, "variables")
        for variable in part.variables
    ]
    step = tf.function(lambda: steps.joint_step(state, batch, config), autograph=False)
    traced = step.get_concrete_function()
    alive = sum(int(tf.size(v)) * memory.FLOAT for v in variables) + largest_sum(traced.graph)
    if MEASURE.value:
        float(step()["guiding/contrastive"])
    measured = resident("VmHWM") - before if MEASURE.value else 0
    return [size / memory.GB for size in (alive, measured, memory.device_bytes(config))]


def resident(kind: str) -> int:
    """Resident memory of this process in bytes: `VmRSS` now, `VmHWM` at its peak."""
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith(f"{kind}:")]
    return 1024 * int(line.split()[1])


def main() -> None:
    """Prints a row for every case."""
    if ONE.value:
        print(json.dumps(case()))
        return
    print("| flags | tensors GB | measured GB | estimated GB |\n|---|---|---|---|", flush=True)
    for words in (text.split() for text in CHOSEN.value):
        command = [sys.executable, "-m", "benchmarks.training_memory", "--one", *words]
        command += ["--measure"] if MEASURE.value else []
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise UserError(f"{' '.join(words)}: {result.stderr.strip()}")
        numbers = json.loads(result.stdout.splitlines()[-1])
        cells = [f"{number:.2f}" if number else "-" for number in numbers]
        print(f"| `{' '.join(words)}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    config_lib.define_flags()
    cli.run(main)
