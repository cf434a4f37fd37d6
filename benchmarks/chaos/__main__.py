"""All faults of `benchmarks/faults.py`, as the table of docs/reliability.md: `make chaos`."""

import pathlib
import tempfile
from collections.abc import Iterator

from absl import flags

from benchmarks.chaos import faults
from tunit_tf import cli
from tunit_tf.io import files

KILLS = flags.DEFINE_integer("kills", 20, "SIGKILLs at random moments.")
OUTPUT = flags.DEFINE_string("output", "runs/reliability.md", "File of the table.")


def rows(folder: pathlib.Path, kills: int) -> Iterator[faults.Row]:
    yield faults.killed_at_random(folder, kills)
    yield faults.killed_while_saving(folder, 5)
    yield faults.terminated(folder)
    for fault in faults.SPOILERS:
        yield faults.spoiled(folder, fault)
    for halt in (True, False):
        yield faults.disk_full(folder, halt)
    yield faults.two_trainers(folder)
    for share in (0.05, 0.2):
        yield faults.bad_data(folder, share)
    yield faults.twice_the_same(folder)
    yield faults.worker_killed(folder, warmup_steps=300, joint_steps=0)
    yield faults.memory_of_a_long_run(folder, 2000)


def main() -> None:
    lines = ["| fault | tried how | times | outcome |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows(pathlib.Path(scratch), KILLS.value):
            lines.append(f"| {' | '.join(map(str, row))} |")
            print(lines[-1], flush=True)
    files.write_bytes(pathlib.Path(OUTPUT.value), ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    cli.run(main)
