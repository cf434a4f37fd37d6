"""SIGTERM and Ctrl-C as a polite request: finish the inner loop, save, exit."""

import signal


class StopRequest:
    """Context in which the first SIGTERM or SIGINT only sets `requested`.

    A second signal acts as usual, for those in a hurry.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self):
        self.requested = False

    def __enter__(self) -> "StopRequest":
        self._before = {s: signal.signal(s, self._on_signal) for s in self.SIGNALS}
        return self

    def __exit__(self, *error) -> None:
        self._restore()

    def _on_signal(self, *_) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
