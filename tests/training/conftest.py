"""What the tests of training have in common."""

import pytest

from tests.training.states import FreshStates, SharedLoops
from tunit_tf.training import phases, trainer


@pytest.fixture(autouse=True, scope="module")
def plain(plain_graphs):
    """Graphs as traced; tests of what the optimizer makes of them use `optimized_graphs`."""


@pytest.fixture(scope="session")
def fresh_state():
    """A function (config, strategy=None) -> the state that training starts with."""
    return FreshStates()


@pytest.fixture(scope="module")
def shared_loops():
    """`phases.compile_loop` that remembers."""
    return SharedLoops()


@pytest.fixture
def shared_graphs(fresh_state, shared_loops, monkeypatch):
    """Runs of a test take their state and compiled steps from tests before, of the same settings.

    For tests of what happens around the steps; not for two runs at the same time.
    """
    monkeypatch.setattr(trainer, "TrainState", fresh_state)
    monkeypatch.setattr(phases, "compile_loop", shared_loops)
