"""All faults of `tests/chaos`, as the table of docs/reliability.md: `make chaos`."""

import pathlib
import signal
import tempfile
from collections.abc import Iterator
from typing import Any

from absl import flags

from tests.chaos import faults, file_faults, user_files
from tests.chaos.observation import Observation
from tunit_tf import cli

KILLS = flags.DEFINE_integer("kills", 20, "SIGKILLs at random moments.")
QUICK = flags.DEFINE_boolean("quick", False, "Two SIGKILLs, and runs without a joint phase.")

WARM_UP_ONLY = {"warmup_steps": 40, "joint_steps": 0, "checkpoint_every": 8}


def observations(
    folder: pathlib.Path, kills: int, long: int, **settings: Any
) -> Iterator[Observation]:
    """Does one fault after the other.

    Args:
      folder: Where the runs go.
      kills: SIGKILLs at random moments, and a quarter as many while a checkpoint is written.
      long: Steps of the run whose memory is observed.
      **settings: Flags of the runs.
    """
    yield faults.killed_at_random(folder, kills, **settings)
    yield faults.killed_while_saving(folder, max(1, kills // 4), **settings)
    yield faults.terminated(folder, signal.SIGTERM, **settings)
    yield faults.terminated(folder, signal.SIGTERM, signal.SIGTERM, **settings)
    yield file_faults.stopped_while_decoding(folder, **settings)
    has_best = settings.get("joint_steps") != 0
    of_the_best = file_faults.DAMAGES_BESIDE_THE_BEST if has_best else {}
    for damage in (*file_faults.DAMAGES, *of_the_best):
        yield file_faults.damaged(folder, damage, **settings)
    for damage in file_faults.DAMAGES_FOR_READERS:
        yield file_faults.read_with(folder, damage, **settings)
    for halt in (True, False):
        yield file_faults.disk_full(folder, halt, **settings)
    yield file_faults.disk_full_at_the_start(folder, **settings)
    yield file_faults.disk_full_after_the_end(folder, **settings)
    yield file_faults.small_cache(folder, **settings)
    yield file_faults.first_start_fails(folder, **settings)
    yield file_faults.images_changed(folder, **settings)
    for name in ("cats [v2]", "a\\b*?"):
        yield file_faults.renamed(folder, name, **settings)
    yield file_faults.other_networks(folder, **settings)
    yield user_files.folders_of_others(folder, **settings)
    yield user_files.exported_beside_them(folder, **settings)
    yield user_files.again_beside_them(folder, **settings)
    yield user_files.single_files_of_others(folder, **settings)
    yield user_files.styles_of_other_images(folder, **settings)
    yield user_files.names_alike(folder, **settings)
    yield user_files.originals_as_output(folder, **settings)
    yield user_files.empty_names(folder, **settings)
    yield user_files.report_beside_them(folder, **settings)
    yield faults.two_trainers(folder, **settings)
    for share in (0.05, 0.2):
        yield file_faults.bad_data(folder, share, **settings)
    yield faults.twice_the_same(folder, **settings)
    yield faults.worker_killed(folder, **{**settings, "warmup_steps": 300, "joint_steps": 0})
    only = {**settings, "warmup_steps": 50 + long} if settings else {}
    yield faults.memory_of_a_long_run(folder, long, **only)


def main() -> None:
    """Prints a row per fault."""
    print("| fault | how | times | outcome |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        chosen = (2, 400) if QUICK.value else (KILLS.value, 2000)
        settings = WARM_UP_ONLY if QUICK.value else {}
        for observation in observations(pathlib.Path(scratch), *chosen, **settings):
            print(observation.row, flush=True)


if __name__ == "__main__":
    cli.run(main)
