"""A request to stop is kept, however often it comes; the second Ctrl-C interrupts."""

import os
import signal

import pytest

from tunit_tf.training import signals


def test_repeated_sigterms_are_one_request():
    before = signal.getsignal(signal.SIGTERM)
    with signals.StopRequest() as stop:
        assert not stop.requested
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_signals_within_a_second_are_one_request(first):
    with signals.StopRequest() as stop:
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested


def test_a_later_ctrl_c_interrupts(monkeypatch):
    monkeypatch.setattr(signals, "SAME_REQUEST", 0.0)
    with signals.StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested
