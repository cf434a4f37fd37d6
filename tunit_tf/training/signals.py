"""SIGTERM and Ctrl-C as a request: finish the inner loop, save, exit."""

import signal
import time
from types import FrameType

SAME_REQUEST = 1.0  # seconds within which signals are one request, as launchers repeat them


class StopRequest:
    """Context in which SIGTERM and SIGINT set `requested`, so that the run can be saved.

    Further SIGTERMs change nothing: schedulers and launchers send several. A second Ctrl-C raises
    KeyboardInterrupt, unless it comes within a second of the first signal.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self.requested = False
        self._first = 0.0  # when the first signal came

    def __enter__(self) -> "StopRequest":
        self._before = {s: signal.signal(s, self._on_signal) for s in self.SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not self.requested:
            self.requested, self._first = True, now
        elif number == signal.SIGINT and now - self._first > SAME_REQUEST:
            raise KeyboardInterrupt
