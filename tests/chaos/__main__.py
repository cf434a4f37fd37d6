"""All faults of `tests/chaos`, as the table of docs/reliability.md: `make chaos`."""

import pathlib
import signal
import tempfile
from collections.abc import Iterator

from absl import flags

from tests.chaos import faults, file_faults, user_files
from tests.chaos.observation import Observation
from tunit_tf import cli, path_flags
from tunit_tf.io import files

KILLS = flags.DEFINE_integer("kills", 20, "SIGKILLs at random moments.")
OUTPUT = path_flags.define("output", "runs/reliability.md", "File of the table.")


def observations(folder: pathlib.Path, kills: int) -> Iterator[Observation]:
    """Does one fault after the other."""
    yield faults.killed_at_random(folder, kills)
    yield faults.killed_while_saving(folder, 5)
    yield faults.terminated(folder, signal.SIGTERM)
    yield faults.terminated(folder, signal.SIGTERM, signal.SIGTERM)
    yield file_faults.stopped_while_decoding(folder)
    for damage in file_faults.DAMAGES:
        yield file_faults.damaged(folder, damage)
    for halt in (True, False):
        yield file_faults.disk_full(folder, halt)
    yield file_faults.disk_full_at_the_start(folder)
    yield file_faults.disk_full_after_the_end(folder)
    yield file_faults.small_cache(folder)
    yield file_faults.first_start_fails(folder)
    yield file_faults.images_changed(folder)
    yield user_files.exported_beside_them(folder)
    yield user_files.styles_of_other_images(folder)
    yield user_files.names_alike(folder)
    yield user_files.originals_as_output(folder)
    yield user_files.empty_names(folder)
    yield user_files.report_beside_them(folder)
    yield faults.two_trainers(folder)
    for share in (0.05, 0.2):
        yield file_faults.bad_data(folder, share)
    yield faults.twice_the_same(folder)
    yield faults.worker_killed(folder, warmup_steps=300, joint_steps=0)
    yield faults.memory_of_a_long_run(folder, 2000)


def main() -> None:
    """Prints a row per fault."""
    lines = ["| fault | how | times | outcome |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as scratch:
        for observation in observations(pathlib.Path(scratch), KILLS.value):
            lines.append(observation.row)
            print(lines[-1], flush=True)
    files.write_bytes(pathlib.Path(OUTPUT.value), ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    cli.run(main)
