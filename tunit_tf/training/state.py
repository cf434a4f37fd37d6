"""Everything that evolves during training, as one checkpointable object."""

from typing import NamedTuple

import keras
import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.distribution import all_gather
from tunit_tf.networks.from_config import POLICIES, discriminator, generator, guiding_network
from tunit_tf.training import optimizers


class Target(NamedTuple):
    """Variables that a loss trains, and their optimizer."""

    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]


class TrainState(tf.Module):
    """Networks, their averages, optimizers, key queue and step counter.

    Build it inside the scope of the strategy that trains it. Initial weights are drawn from Keras'
    global generator, which the constructor seeds with `config.seed`, as well as Python's and
    NumPy's. The data order is not part of the state: it is a function of the seed and the step
    (`data/pipeline.py`).

    Args:
      config: Resolved config.

    Attributes:
      guiding, generator, discriminator: The trained networks E, G and D.
      guiding_ema, generator_ema: Averages of E and G, frozen.
      guiding_optimizer, generator_optimizer, discriminator_optimizer: One per network.
      guiding_targets: What E's own loss trains: E, without its domain head where labels replace
        clustering.
      discriminator_targets: What D's loss trains: D.
      generator_targets: What G's loss trains: G and, in joint training, E but its domain head.
      queue: Past style keys.
      step: int64 scalar, number of finished steps.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(name="train_state")
        keras.utils.set_random_seed(config.seed)
        policy = POLICIES[config.mixed_precision]
        self.guiding, self.guiding_ema = (guiding_network(config, policy) for _ in range(2))
        self.generator, self.generator_ema = (generator(config, policy) for _ in range(2))
        self.discriminator = discriminator(config, policy)
        for source, average in (
            (self.guiding, self.guiding_ema),
            (self.generator, self.generator_ema),
        ):
            copy_variables(source, average)
            average.trainable = False

        self.step = tf.Variable(
            0,
            dtype=tf.int64,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="step",
        )

        def optimizer(
            kind: type[optimizers.Adam], network: keras.Model, learning_rate: float, l2: float
        ) -> keras.optimizers.Optimizer:
            inner = kind(_rate(learning_rate, self.step, config), l2)
            if config.mixed_precision == "float16":
                inner = keras.optimizers.LossScaleOptimizer(inner)
            inner.build(network.trainable_variables)
            return inner

        self.guiding_optimizer = optimizer(
            optimizers.Adam, self.guiding, config.learning_rate_guiding, config.l2_guiding
        )
        self.generator_optimizer = optimizer(
            optimizers.RMSprop, self.generator, config.learning_rate_generator, config.l2_generator
        )
        self.discriminator_optimizer = optimizer(
            optimizers.RMSprop,
            self.discriminator,
            config.learning_rate_discriminator,
            config.l2_discriminator,
        )
        self.queue = KeyQueue(
            config.queue_length, config.style_dim, config.seed, self.guiding.variable_dtype
        )
        self.aim(config)

    def aim(self, config: Config) -> None:
        """Sets what each loss trains, which depends on the mode and on `joint`."""
        style = Target(self.guiding_optimizer, self.guiding.style_variables)
        everything = Target(self.guiding_optimizer, self.guiding.trainable_variables)
        self.guiding_targets = [style if config.mode == "supervised" else everything]
        self.discriminator_targets = [
            Target(self.discriminator_optimizer, self.discriminator.trainable_variables)
        ]
        generator = Target(self.generator_optimizer, self.generator.trainable_variables)
        self.generator_targets = [generator, style] if config.joint else [generator]

    def finish_step(self, keys: tf.Tensor, config: Config, joint: bool) -> None:
        """Enqueues keys, moves the averages, and counts the step. Call it in replica context.

        Args:
          keys: Style keys of this replica's images, `(B, style_dim)`.
          config: Says how the averages follow.
          joint: Whether the step trained the generator too.
        """

        def decay(averaged: tf.Tensor) -> tf.Tensor:
            """Decay of an average that has followed for `averaged` steps."""
            if config.ema_ramp:
                return ramped_decay(config.ema_decay, averaged)
            return tf.constant(config.ema_decay)

        self.queue.enqueue(all_gather(keys))
        follow(self.guiding, self.guiding_ema, decay(self.step))
        if joint:
            averaged = self.step - (config.warmup_steps + config.ema_start)
            follow(self.generator, self.generator_ema, tf.where(averaged < 0, 0.0, decay(averaged)))
        self.step.assign_add(1)

    def checkpoint(self) -> tf.train.Checkpoint:
        """Saves and restores everything that evolves, by part and place.

        Keras 3 keeps layers in lists of its own, which TensorFlow's checkpoints leave out silently,
        so the variables are listed here instead of tracked through the layers.
        """
        parts = (
            "guiding",
            "generator",
            "discriminator",
            "guiding_ema",
            "generator_ema",
            "guiding_optimizer",
            "generator_optimizer",
            "discriminator_optimizer",
        )
        variables = {part: [v.value for v in getattr(self, part).variables] for part in parts}
        return tf.train.Checkpoint(
            **variables, queue=[self.queue.keys, self.queue.position], step=self.step
        )


def _rate(
    learning_rate: float, finished: tf.Variable, config: Config
) -> float | optimizers.LinearDecay:
    """The learning rate of a network, or its schedule.

    Optimizers with a schedule have no variable for the rate, so `decay_steps` alone decides what a
    checkpoint holds: a run may go on with another --joint_steps.
    """
    if not config.decay_steps:
        return learning_rate
    decay_steps = max(1, min(config.decay_steps, config.joint_steps))
    return optimizers.LinearDecay(learning_rate, finished, config.total_steps, decay_steps)


class KeyQueue(tf.Module):
    """Past style keys, the negatives of the contrastive losses (MoCo, He et al., CVPR 2020).

    First-in, first-out ring of `length` keys of `dim` numbers; part of the checkpoint. Starts full
    of random unit vectors, as MoCo's does, so that the loss is defined from the first
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


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Copies the values of all variables of `source` to `target`, a network of the same form."""
    for new, old in zip(source.variables, target.variables, strict=True):
        old.assign(new)


def follow(source: keras.Model, average: keras.Model, decay: tf.Tensor | float) -> None:
    """Moves `average` towards `source`: `average = decay * average + (1 - decay) * source`.

    Running statistics of batch norm are averaged like weights, in every step, so that `average`
    can be used for inference at any time. Call it in replica context.

    Args:
      source: The trained network.
      average: A network of the same form.
      decay: Scalar in [0, 1]; 0 copies.
    """
    share = tf.cast(1.0 - decay, average.variable_dtype)
    moves = [
        share * (new.value - old.value)
        for new, old in zip(source.variables, average.variables, strict=True)
    ]

    def move(strategy: tf.distribute.Strategy, values: list[tf.Tensor]) -> None:
        for old, value in zip(average.variables, values, strict=True):
            strategy.extended.update(
                old.value, lambda v, x: v.assign_add(x), args=(value,), group=False
            )

    tf.distribute.get_replica_context().merge_call(move, args=(moves,))


def ramped_decay(decay: float, steps: tf.Tensor) -> tf.Tensor:
    """`min(decay, (1 + t) / (10 + t))` after t averaged `steps`: the decay is smaller at first."""
    t = tf.cast(steps, tf.float32)
    return tf.minimum(decay, (1.0 + t) / (10.0 + t))
