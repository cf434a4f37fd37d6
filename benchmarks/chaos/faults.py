"""What happens to real training processes in days, done to them on purpose.

Every function does one thing to runs of tiny networks and returns a line of the table in
docs/reliability.md, or raises AssertionError with what was lost. `benchmarks/chaos.py` does all
of it, `tests/test_survival.py` short versions.
"""

import contextlib
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from benchmarks.chaos.tiny_runs import (
    SECONDS,
    Run,
    expect,
    local_workers,
    resident,
    same,
    step_of,
    wait,
    whole_run,
)
from tunit_tf.data import synthetic


class Row(NamedTuple):
    """A line of the table."""

    fault: str
    how: str
    times: int
    outcome: str


def killed_at_random(folder: pathlib.Path, times: int, seed: int = 0, **settings) -> Row:
    """SIGKILL at random moments of a run, from the start of its process on."""
    whole, run = whole_run(folder, **settings), Run(folder / "killed", settings)
    rng, kills, resumed_at = random.Random(seed), 0, []
    while kills < times:
        process = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Half of the kills at any moment, half soon after the run has gone on.
        before = len(run.logged)
        if rng.random() < 0.5:
            wait(process, lambda before=before: len(run.logged) > before)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0, 6))
        if process.poll() is not None:
            expect(process.returncode == 0, "a resumed run failed")
            shutil.rmtree(run.folder)  # it was faster than the dice; once more from the start
            continue
        process.kill()
        process.wait()
        kills += 1
        resumed_at.append(step_of(run.checkpoints[-1]) if run.checkpoints else 0)
    done = run.finish()
    expect(done.returncode == 0, "the last process failed", done)
    expect(same(run, whole), "the killed run ended in other bits")
    expect(run.logged == whole.logged, "the killed run logged other steps")
    steps = f"resumed at steps {min(resumed_at)} to {max(resumed_at)}"
    return Row("SIGKILL", "at random moments", kills, f"{steps}; final state bit for bit the same")


def killed_while_saving(folder: pathlib.Path, times: int, **settings) -> Row:
    """SIGKILL as soon as the files of a checkpoint that is being written show up."""
    whole, run = whole_run(folder, **settings), Run(folder / "killed_saving", settings)
    kills = 0
    while kills < times:
        process = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Files of a checkpoint have no index until they are whole.
        if not wait(process, lambda: bool(run.unfinished), pause=0.0002):
            shutil.rmtree(run.folder)
            continue
        process.kill()
        process.wait()
        kills += 1
    left = len(run.unfinished)
    done = run.finish()
    expect(done.returncode == 0, "the last process failed", done)
    expect(same(run, whole), "the killed run ended in other bits")
    how = f"while a checkpoint is written (unfinished files left by the last: {left})"
    return Row("SIGKILL", how, kills, "final state bit for bit the same")


def terminated(folder: pathlib.Path, **settings) -> Row:
    """SIGTERM: saves, says how to resume, exits 0; the run goes on to the same end."""
    whole, run = whole_run(folder, **settings), Run(folder / "terminated", settings)
    process = run.start()
    wait(process, lambda: len(run.logged) > 0)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    out, err = process.communicate(timeout=SECONDS)
    seconds = time.monotonic() - started
    done = subprocess.CompletedProcess(run.command, process.returncode, out, err)
    expect(process.returncode == 0, "SIGTERM is not a clean end", done)
    expect("the same command resumes the run" in out, "nothing says how to resume", done)
    expect(run.finish().returncode == 0, "the run does not resume")
    expect(same(run, whole), "the terminated run ended in other bits")
    return Row("SIGTERM", "while training", 1, f"saved and ended with code 0 in {seconds:.1f} s")


SPOILERS: dict[str, Callable[[Run], object]] = {
    "newest checkpoint cut in half": lambda run: cut(run.newest_data),
    "newest checkpoint with flipped bytes": lambda run: flip(run.newest_data),
    "its index emptied": lambda run: run.checkpoints[-1].with_suffix(".index").write_bytes(b""),
    "its data lost": lambda run: run.newest_data.unlink(),
    "the list of checkpoints emptied": lambda run: (
        run.folder / "checkpoints" / "checkpoint"
    ).write_bytes(b""),
}


def spoiled(folder: pathlib.Path, fault: str, **settings) -> Row:
    """A finished run's newest checkpoint is damaged; it falls back, and ends as before."""
    whole, run = whole_run(folder, **settings), Run(folder / "spoiled", settings)
    shutil.rmtree(run.folder, ignore_errors=True)
    shutil.copytree(whole.folder, run.folder)
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(str(whole.folder), str(run.folder)))
    SPOILERS[fault](run)
    done = run.finish()
    expect(done.returncode == 0, f"{fault}: the run does not resume", done)
    expect(same(run, whole), f"{fault}: the run ended in other bits")
    total = step_of(run.checkpoints[-1])
    resumed_at = total - int(done.stdout.split("Trained ")[1].split()[0])
    expect(("is broken" in done.stderr) == (resumed_at < total), "a fall-back is not told", done)
    said = "said so, " if resumed_at < total else ""
    outcome = f"{said}resumed at step {resumed_at} of {total}; final state the same"
    return Row("Damaged checkpoint", fault, 1, outcome)


def cut(path: pathlib.Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 997):
        content[place] ^= 255
    path.write_bytes(content)


def disk_full(folder: pathlib.Path, halt: bool, **settings) -> Row:
    """No file may grow beyond half a checkpoint, as on a full disk."""
    name = "full_halt" if halt else "full_goes_on"
    whole = whole_run(folder, **settings)
    run = Run(folder / name, {**settings, "halt_on_failed_save": str(halt).lower()})
    process = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait(process, lambda: len(run.checkpoints) > 0)
    process.send_signal(signal.SIGTERM)
    process.wait()
    before = [path.name for path in run.checkpoints]
    limit = run.newest_data.stat().st_size // 2

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run.finish(preexec_fn=limited)
    expect("could not be saved" in done.stderr, "nothing says that the disk is full", done)
    expect("Traceback" not in done.stderr, "a traceback", done)
    expect(done.returncode == 2, "a run whose last state is not saved ends well", done)
    expect([path.name for path in run.checkpoints] == before, "older checkpoints changed", done)
    expect(not run.unfinished, "half a checkpoint was left")
    went_on = "The run goes on" in done.stderr
    expect(went_on != halt, "the flag has no effect", done)
    expect(run.finish().returncode == 0, "the run does not resume")
    expect(same(run, whole), "the run ended in other bits")
    outcome = "stopped at once" if halt else "went on, and told at the end that it is not saved"
    how = f"files limited in size, --halt_on_failed_save={str(halt).lower()}"
    return Row("Full disk", how, 1, f"{outcome}; older checkpoints intact, resumed to the same end")


def two_trainers(folder: pathlib.Path, **settings) -> Row:
    """A second trainer of a folder is refused; after a SIGKILL of the first it may."""
    run = Run(folder / "shared", {**settings, "warmup_steps": 100000})
    first = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(first, lambda: len(run.logged) > 0)
        second = run.finish()
        expect(second.returncode == 2, "the second trainer was not refused", second)
        expect(f"process {first.pid} on" in second.stderr, "the owner is not named", second)
    finally:
        first.kill()
        first.wait()
    third = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        expect(wait(third, lambda: owner_is(run, third.pid)), "a stale lock is not recognised")
    finally:
        third.kill()
        third.wait()
    return Row(
        "Two trainers on one folder",
        "started beside the first",
        1,
        "refused with its owner named; the lock of a killed one is void",
    )


def owner_is(run: Run, pid: int) -> bool:
    lock = run.folder / "lock"
    return lock.exists() and f'"pid": {pid}' in lock.read_text()


def bad_data(folder: pathlib.Path, share: float, **settings) -> Row:
    """A folder in which a share of the files is broken in one of six ways."""
    images, count, broken = broken_folder(folder / f"images_{share:g}", 100, share)
    of_images = {"data": images, "cache_dir": folder / "cache"}
    run = Run(folder / f"bad_data_{share:g}", {**settings, **of_images})
    if share > 0.1:
        done = run.finish()
        expect(done.returncode == 2, "the run did not stop", done)
        expect(f"{broken} of {count} images cannot be read" in done.stderr, "not counted", done)
        return Row(
            "Broken files",
            f"{share:.0%} of a folder",
            broken,
            "stopped before training, counted and named",
        )
    process = run.start()
    wait(process, lambda: len(run.logged) > 0)
    shutil.rmtree(images)  # vanished while training
    out, err = process.communicate(timeout=SECONDS)
    done = subprocess.CompletedProcess(run.command, process.returncode, out, err)
    expect(process.returncode == 0, "the run failed", done)
    expect(f"Skipped {broken} unreadable of {count} images" in err, "not counted", done)
    how = f"{share:.0%} of a folder, the folder then deleted while training"
    return Row("Broken files", how, broken, "skipped, counted, named; trained to the end")


def broken_folder(images: pathlib.Path, count: int, share: float) -> tuple[pathlib.Path, int, int]:
    """A folder of PNG files, some broken; returns it, how many there are, how many are broken."""
    images.mkdir(parents=True)
    pixels = synthetic.generate(count, 48, 3).pixels()
    broken = round(share * count)
    bomb = Image.new("1", (30_000, 30_000))
    for i, square in enumerate(pixels):
        path = images / f"{i:03d}.png"
        Image.fromarray(square).save(path)
        content = path.read_bytes()
        if i < broken:
            kind = i % 6
            if kind == 4:
                bomb.save(path)
            elif kind == 5:
                path.unlink()
                path.symlink_to(images / "vanished")
            else:
                spoiled_content = [
                    b"",
                    content[: len(content) // 2],
                    b"a text file",
                    b"\x89PNG" + content[:40],
                ]
                path.write_bytes(spoiled_content[kind])
    # Dangling links are not files, and so not even listed.
    dangling = sum(path.is_symlink() for path in images.iterdir())
    return images, count - dangling, broken - dangling


def twice_the_same(folder: pathlib.Path, **settings) -> Row:
    """Two processes with one seed end in the same bits."""
    settings = {**settings, "deterministic": "true"}
    runs = [Run(folder / f"deterministic_{i}", settings) for i in range(2)]
    for run in runs:
        done = run.finish()
        expect(done.returncode == 0, "the run failed", done)
    expect(same(*runs), "two runs with one seed differ")
    return Row(
        "Repetition", "--seed and --deterministic in two processes", 2, "bit for bit the same"
    )


def worker_killed(folder: pathlib.Path, **settings) -> Row:
    """One of two workers is killed; the other ends, and both resume together."""
    settings = {**settings, "workers": local_workers(2)}
    run = Run(folder / "workers", settings)

    def start() -> list[subprocess.Popen]:
        both = (Run(run.folder, {**settings, "worker_index": i}) for i in (0, 1))
        return [one.start() for one in both]

    chief, other = start()
    wait(chief, lambda: len(run.logged) > 2)
    other.kill()
    other.communicate()
    started = time.monotonic()
    _, err = chief.communicate(timeout=SECONDS)
    seconds = time.monotonic() - started
    expect(chief.returncode == 2, f"the first worker ended with {chief.returncode}: {err[-2000:]}")
    expect("Another worker is gone" in err, "nothing says why")
    outputs = [process.communicate(timeout=SECONDS)[0] for process in start()]
    total = step_of(run.checkpoints[-1])
    resumed_at = total - int(outputs[0].split("Trained ")[1].split()[0])
    expect(0 < resumed_at < total, "the run did not resume")
    outcome = f"the other ended after {seconds:.0f} s; resumed at step {resumed_at} of {total}"
    return Row("A worker killed", "SIGKILL to one of two processes", 1, outcome)


def memory_of_a_long_run(folder: pathlib.Path, steps: int, **settings) -> Row:
    """Resident memory of a run with summaries, pictures and checkpoints, early and late.

    Args:
      folder: Where the run goes.
      steps: Steps after the first 50.
      **settings: Flags; without any the first 50 are of the warm-up.
    """
    often = {"checkpoint_every": 100, "log_every": 20, "sample_every": 200, "evaluate_every": 200}
    length = {"warmup_steps": 50, "joint_steps": steps, "steps_per_loop": 10}
    run = Run(folder / "long", {**length, **often, **settings})
    process = run.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    early, late = 0.0, 0.0
    while process.poll() is None:
        lines = len(run.logged)
        memory = resident(process.pid)
        if lines and run.logged[-1] >= 50 + 0.4 * steps:
            late = max(late, memory)
        elif lines and run.logged[-1] >= 50 + 0.2 * steps:
            early = max(early, memory)
        time.sleep(0.05)
    expect(process.returncode == 0, "the run failed")
    grown = late - early
    expect(grown < 0.05 * early, f"memory grew by {grown:.0f} MB from {early:.0f}")
    how = f"{steps} steps, with checkpoints every 100, pictures and scores every 200"
    return Row(
        "Memory", how, 1, f"{early:.0f} MB at most in the second fifth, {late:.0f} MB after it"
    )
