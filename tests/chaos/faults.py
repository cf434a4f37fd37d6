"""Process faults injected into runs of tiny networks; each returns what it observed.

`python -m tests.chaos` does all of them and prints the table of docs/reliability.md;
`tests/chaos/test_chaos.py` does short versions and asserts.
"""

import pathlib
import random
import shutil
import signal
import time
from typing import Any

from tests.chaos.observation import Observation
from tests.chaos.tiny_runs import (
    SECONDS,
    Run,
    local_workers,
    resident,
    same,
    step_of,
    wait,
    whole_run,
)


def killed_at_random(
    folder: pathlib.Path, times: int, seed: int = 0, **settings: Any
) -> Observation:
    """SIGKILL at random moments of a run, from the start of its process on."""
    whole, run = whole_run(folder, **settings), Run(folder / "killed", settings)
    rng, resumed_at = random.Random(seed), []
    while len(resumed_at) < times:
        process = run.start()
        # Half of the kills at any moment, half soon after the run was resumed.
        before = len(run.logged)
        if rng.random() < 0.5:
            wait(process, lambda before=before: len(run.logged) > before)
        if process.wait(rng.uniform(0, 6)):
            shutil.rmtree(run.folder)  # it ended before the signal: start again
            continue
        process.kill()
        resumed_at.append(step_of(run.checkpoints[-1]) if run.checkpoints else 0)
    done = run.finish()
    return Observation(
        "SIGKILL", "at random moments", times, done.returncode, done.stdout + done.stderr,
        tuple(resumed_at), step_of(run.checkpoints[-1]), same(run, whole),
        {"the same steps in metrics.jsonl": run.logged == whole.logged},
    )  # fmt: skip


def killed_while_saving(folder: pathlib.Path, times: int, **settings: Any) -> Observation:
    """SIGKILL as soon as the files of a checkpoint that is being written appear."""
    whole, run = whole_run(folder, **settings), Run(folder / "killed_saving", settings)
    kills = 0
    while kills < times:
        process = run.start()
        # Files of a checkpoint have no index until they are whole.
        if not wait(process, lambda: bool(run.unfinished), pause=0.0002):
            shutil.rmtree(run.folder)
            continue
        process.kill()
        kills += 1
    left = len(run.unfinished)
    done = run.finish()
    return Observation(
        "SIGKILL", "while a checkpoint is written", kills, done.returncode,
        done.stdout + done.stderr, same_end=same(run, whole),
        facts={"unfinished files left by the last kill": left},
    )  # fmt: skip


def terminated(folder: pathlib.Path, *numbers: signal.Signals, **settings: Any) -> Observation:
    """Signals 50 ms apart while a run trains; the run is then resumed to its end."""
    name = " and ".join(number.name for number in numbers)
    whole, run = whole_run(folder, **settings), Run(folder / name.replace(" ", "_"), settings)
    process = run.start()
    wait(process, lambda: len(run.logged) > 0)
    started = time.monotonic()
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.05)
    done = process.communicate(SECONDS)
    seconds = time.monotonic() - started
    stopped_at = step_of(run.checkpoints[-1])
    run.finish()
    return Observation(
        name, "while training", 1, done.returncode, done.stdout + done.stderr, (stopped_at,),
        step_of(run.checkpoints[-1]), same(run, whole), {"seconds to its end": seconds},
    )  # fmt: skip


def two_trainers(folder: pathlib.Path, **settings: Any) -> Observation:
    """A second trainer of a folder is started, and a third after a SIGKILL of the first."""
    run = Run(folder / "shared", {**settings, "warmup_steps": 100000})
    first = run.start()
    wait(first, lambda: len(run.logged) > 0)
    second = run.finish()
    first.kill()
    third = run.start()
    is_released = wait(third, lambda: owner_is(run, third.pid))
    third.kill()
    return Observation(
        "Two trainers on one folder", "started beside the first", 1, second.returncode,
        second.stdout + second.stderr,
        facts={
            "the owner is named": f"process {first.pid} on" in second.stderr,
            "the lock of a killed trainer is released": is_released,
        },
    )  # fmt: skip


def owner_is(run: Run, pid: int) -> bool:
    """Whether a run folder's lock names a process."""
    lock = run.folder / "lock"
    return lock.exists() and f'"pid": {pid},' in lock.read_text()


def twice_the_same(folder: pathlib.Path, **settings: Any) -> Observation:
    """Two processes with one seed."""
    settings = {**settings, "deterministic": "true"}
    first, second = (Run(folder / f"deterministic_{i}", settings) for i in range(2))
    first.finish()
    done = second.finish()
    return Observation(
        "Repetition", "--seed and --deterministic in two processes", 2, done.returncode,
        done.stdout + done.stderr, same_end=same(first, second),
    )  # fmt: skip


def worker_killed(folder: pathlib.Path, **settings: Any) -> Observation:
    """One of two workers is killed; then both are started again."""
    both = [Run(folder / "workers", settings, environment) for environment in local_workers(2)]
    run = both[0]
    chief, other = (one.start() for one in both)
    wait(chief, lambda: len(run.logged) > 2)
    other.kill()
    started = time.monotonic()
    done = chief.communicate(SECONDS)
    seconds = time.monotonic() - started
    outputs = [process.communicate(SECONDS).stdout for process in [one.start() for one in both]]
    total = step_of(run.checkpoints[-1])
    return Observation(
        "A worker killed", "SIGKILL to one of two processes", 1, done.returncode,
        done.stdout + done.stderr, (total - steps_trained(outputs[0]),), total,
        facts={"seconds to the end of the other": seconds},
    )  # fmt: skip


def steps_trained(output: str) -> int:
    """Steps that a finished process says it trained."""
    return int(output.split("Trained ")[1].split()[0])


def memory_of_a_long_run(folder: pathlib.Path, steps: int, **settings: Any) -> Observation:
    """Resident memory of a run with summaries, pictures and checkpoints, early and late.

    Args:
      folder: Where the run goes.
      steps: Steps after the first 50.
      **settings: Flags; without any the first 50 are of the warm-up.
    """
    often = {"checkpoint_every": 100, "log_every": 20, "sample_every": 200, "evaluate_every": 200}
    length = {"warmup_steps": 50, "joint_steps": steps, "steps_per_loop": 10}
    run = Run(folder / "long", {**length, **often, **settings})
    process = run.start()
    early, late = 0.0, 0.0
    while process.returncode is None:
        reached = run.logged[-1] if run.logged else 0
        memory = resident(process.pid)
        if reached >= 50 + 0.4 * steps:
            late = max(late, memory)
        elif reached >= 50 + 0.2 * steps:
            early = max(early, memory)
        time.sleep(0.05)
    return Observation(
        "Memory",
        f"{steps} steps, with checkpoints every 100, pictures and scores every 200",
        exit_code=process.returncode,
        facts={"MB at most in the second fifth": early, "MB at most after it": late},
    )
