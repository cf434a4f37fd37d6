"""The queue of past style keys, the negatives of the contrastive losses (MoCo)."""

import tensorflow as tf


class KeyQueue(tf.Module):
    """First-in, first-out ring of `length` keys of `dim` numbers; part of the checkpoint.

    Starts full of random unit vectors, as MoCo's does, so that the loss is defined from the first
    step. Replicas hold equal copies and must enqueue equal (gathered) keys.

    Args:
      length: Number of keys Q.
      dim: Length of a key.
      seed: Seed of the first content.
      dtype: Type of the keys.
    """

    def __init__(self, length: int, dim: int, seed: int = 0, dtype: str = "float32") -> None:
        super().__init__(name="key_queue")
        first = tf.random.stateless_normal((length, dim), seed=(seed, length), dtype=dtype)
        replicated = {"trainable": False, "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        self.keys = tf.Variable(tf.math.l2_normalize(first, axis=1), name="keys", **replicated)
        self.position = tf.Variable(0, dtype=tf.int64, name="position", **replicated)

    @property
    def length(self) -> int:
        """Number of keys Q."""
        return self.keys.shape[0]

    def enqueue(self, keys: tf.Tensor) -> None:
        """Replaces the oldest keys by `keys` `(n, dim)`; only the last `length` of them matter."""
        keys = keys[-self.length :]
        # A mask and a gather instead of a scatter: mirrored variables support only assign.
        count = tf.shape(keys, tf.int64)[0]
        age = tf.math.floormod(tf.range(self.length, dtype=tf.int64) - self.position, self.length)
        new = tf.gather(keys, tf.minimum(age, count - 1))  # (Q, dim)
        self.keys.assign(tf.where((age < count)[:, None], new, self.keys))
        self.position.assign(tf.math.floormod(self.position + count, self.length))
