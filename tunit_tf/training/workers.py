"""Training on several machines: the list of workers, the one that writes, when to stop."""

import dataclasses
import json
import os

import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.errors import UserError

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


def join(config: Config) -> Worker:
    """This process among the workers, by --workers or TF_CONFIG; alone without them.

    Called before TensorFlow computes anything: `MultiWorkerMirroredStrategy` reads TF_CONFIG.

    Raises:
      UserError: The description of the cluster is invalid.
    """
    if config.workers:
        addresses = [address.strip() for address in config.workers.split(",")]
        for address in addresses:
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit():
                raise UserError(f"--workers must be HOST:PORT,HOST:PORT,...; received '{address}'.")
        if not 0 <= config.worker_index < len(addresses):
            raise UserError(
                f"--worker_index must be in 0..{len(addresses) - 1}, the place of this machine in "
                f"--workers; received {config.worker_index}."
            )
        described = {
            "cluster": {"worker": addresses},
            "task": {"type": "worker", "index": config.worker_index},
        }
        os.environ[VARIABLE] = json.dumps(described)
    if not os.environ.get(VARIABLE):
        return ALONE
    try:
        described = json.loads(os.environ[VARIABLE])
        addresses = described["cluster"]["worker"]
        task = described["task"]
        index = int(task["index"])
    except (ValueError, KeyError, TypeError):
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
