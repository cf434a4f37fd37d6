"""Short versions of `make chaos`: real processes, warm-up only, each fault once."""

import pytest

from tests.chaos import faults, file_faults, user_files

# Deterministic, so that comparing bits over processes is also the test of that flag.
SHORT = {
    "warmup_steps": 40, "joint_steps": 0, "checkpoint_every": 8, "deterministic": "true",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


def test_a_killed_run_ends_in_the_same_bits(folder):
    # This seed kills the run 0.3 s after its first numbers.
    seen = faults.killed_at_random(folder, 1, seed=175, **SHORT)
    assert (seen.times, seen.exit_code, seen.same_end) == (1, 0, True), seen
    assert seen.facts["the same steps in metrics.jsonl"]


def test_a_run_killed_while_it_saves_ends_in_the_same_bits(folder):
    seen = faults.killed_while_saving(folder, 1, **SHORT)
    assert (seen.times, seen.exit_code, seen.same_end) == (1, 0, True), seen


def test_a_flipped_byte_costs_a_few_steps(folder):
    seen = file_faults.damaged(folder, "newest checkpoint with flipped bytes", **SHORT)
    assert (seen.exit_code, seen.resumed_at, seen.total, seen.same_end) == (0, (32,), 40, True)
    assert "is broken" in seen.output


def test_a_full_disk_costs_nothing_that_was_saved(folder):
    seen = file_faults.disk_full(folder, halt=True, **SHORT)
    assert (seen.exit_code, seen.same_end, seen.has_traceback) == (2, True, False), seen
    assert "could not be saved" in seen.output
    assert seen.facts == {
        "older checkpoints intact": True, "unfinished files": 0, "went on": False,
    }  # fmt: skip


def test_a_killed_worker_ends_the_other_and_both_resume(folder):
    seen = faults.worker_killed(folder, **SHORT)
    assert seen.exit_code == 2, seen
    assert "Another worker is gone" in seen.output
    assert seen.total == 40
    assert 0 < seen.resumed_at[0] < 40


def test_broken_files_are_counted(folder):
    seen = file_faults.bad_data(folder, 0.05, **SHORT)
    assert seen.exit_code == 0, seen
    assert seen.facts["counted"]
    assert "Skipped" in seen.output


def test_files_of_the_user_stay(folder):
    """The other commands of `user_files` have tests where the code of each is tested."""
    seen = user_files.originals_as_output(folder, **SHORT)
    assert (seen.exit_code, seen.has_traceback, seen.facts) == (2, False, {"originals lost": 0})
    seen = user_files.names_alike(folder, **SHORT)
    assert (seen.exit_code, set(seen.facts.values())) == (0, {6}), seen


def test_memory_stays_flat(folder):
    seen = faults.memory_of_a_long_run(folder, 400, **{**SHORT, "warmup_steps": 450})
    early, late = seen.facts.values()
    assert seen.exit_code == 0
    assert 0 < late < 1.05 * early, seen


def test_the_row_states_what_was_observed():
    seen = faults.Observation(
        "Fault", "how", 2, 0, resumed_at=(4, 8), total=60, same_end=False, facts={"reported": True}
    )
    assert seen.row == (
        "| Fault | how | 2 | exit code 0; resumed at steps 4 to 8 of 60; reported: yes; "
        "ANOTHER FINAL STATE |"
    )
