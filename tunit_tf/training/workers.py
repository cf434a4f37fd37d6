"""The processes that train a run: which of them this is, and when they are asked to stop."""

import dataclasses
import json
import os
import signal
import time
from types import FrameType

import tensorflow as tf

from tunit_tf.errors import UserError

SAME_REQUEST = 1.0  # seconds within which signals are one request, as launchers repeat them
VARIABLE = "TF_CONFIG"  # TensorFlow's own way to describe a cluster


@dataclasses.dataclass(frozen=True)
class Worker:
    """This process among `count`; the first writes, the others only compute."""

    index: int
    count: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes."""
        return self.index == 0


ALONE = Worker(0, 1)


def join() -> Worker:
    """This process among the workers that TF_CONFIG lists; alone without it.

    Raises:
      UserError: The description of the cluster is invalid.
    """
    if not os.environ.get(VARIABLE):
        return ALONE
    try:
        described = json.loads(os.environ[VARIABLE])
        addresses = described["cluster"]["worker"]
        if not (isinstance(addresses, list) and all(isinstance(one, str) for one in addresses)):
            raise TypeError
        task = described["task"]
        index = int(task["index"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise UserError(
            f"{VARIABLE} is not a description of a cluster: it needs cluster.worker, a list of "
            f"addresses, and task.index; received {os.environ[VARIABLE]!r}."
        ) from None
    others = sorted(set(described["cluster"]) - {"worker"})
    if others or task.get("type") != "worker" or not 0 <= index < len(addresses):
        raise UserError(
            f"{VARIABLE} must name workers only, and this one among them (task.type 'worker', "
            f"task.index below {len(addresses)}); received {os.environ[VARIABLE]}."
        )
    return Worker(index, len(addresses))


# TensorFlow raises these on the other workers when one dies.
GONE = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.DeadlineExceededError,
    tf.errors.CancelledError,
)


class Agreement:
    """Compares a number over all workers of a strategy.

    Args:
      strategy: Strategy of the run.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        @tf.function(input_signature=[tf.TensorSpec((), tf.int64)])
        def gathered(local: tf.Tensor) -> tf.Tensor:
            def own() -> tf.Tensor:
                context = tf.distribute.get_replica_context()
                return context.all_gather(tf.reshape(local, (1,)), axis=0)

            return strategy.experimental_local_results(strategy.run(own))[0]

        self._gathered = gathered

    def extremes(self, value: int) -> tuple[int, int]:
        """Smallest and largest of the workers' values; all workers must call this together."""
        values = self._gathered(tf.constant(value, tf.int64)).numpy()
        return int(values.min()), int(values.max())


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
