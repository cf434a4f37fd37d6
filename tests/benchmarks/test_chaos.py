"""Short versions of `make chaos`: real processes, warm-up only, each fault once or twice."""

import pytest

from benchmarks.chaos import faults

# Deterministic, so that comparing bits over processes is also the test of that flag.
SHORT = {"warmup_steps": 40, "joint_steps": 0, "deterministic": "true"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


def test_a_killed_run_ends_in_the_same_bits(folder):
    assert faults.killed_at_random(folder, 1, seed=1, **SHORT).times == 1


def test_a_run_killed_while_it_saves_ends_in_the_same_bits(folder):
    assert faults.killed_while_saving(folder, 1, **SHORT).times == 1


def test_a_flipped_byte_costs_a_few_steps(folder):
    fault = "newest checkpoint with flipped bytes"
    assert "said so, resumed at step 36 of 40" in faults.spoiled(folder, fault, **SHORT).outcome


def test_a_full_disk_costs_nothing_that_was_saved(folder):
    assert "stopped at once" in faults.disk_full(folder, halt=True, **SHORT).outcome


def test_a_killed_worker_ends_the_other_and_both_resume(folder):
    settings = {**SHORT, "warmup_steps": 120}
    assert "of 120" in faults.worker_killed(folder, **settings).outcome


def test_broken_files_are_counted(folder):
    assert "trained to the end" in faults.bad_data(folder, 0.05, **SHORT).outcome


def test_memory_stays_flat(folder):
    settings = {**SHORT, "warmup_steps": 450}
    assert "MB at most" in faults.memory_of_a_long_run(folder, 400, **settings).outcome
