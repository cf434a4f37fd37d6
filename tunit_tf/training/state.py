"""Everything that evolves during training, as one checkpointable object."""

import keras
import tensorflow as tf

from tunit_tf.config import Config
from tunit_tf.networks.from_config import POLICIES, discriminator, generator, guiding_network
from tunit_tf.training import ema, optimizers
from tunit_tf.training.key_queue import KeyQueue


class TrainState(tf.Module):
    """Networks, their averages, optimizers, key queue and step counter.

    Build it inside the scope of the strategy that trains it. Initial weights are drawn from Keras'
    global generator, which the constructor seeds with `config.seed`, as well as Python's and
    NumPy's. The data order is not part of the state: it is a function of the seed and the step
    (`data/pipeline.py`).

    Args:
      config: Resolved config.
      fold: Use folded convolutions (`networks/layers.py`); the numbers are the same but for
        rounding.

    Attributes:
      guiding, generator, discriminator: The trained networks E, G and D.
      guiding_ema, generator_ema: Averages of E and G, frozen.
      guiding_optimizer, generator_optimizer, discriminator_optimizer: One per network.
      queue: Past style keys.
      step: int64 scalar, number of finished steps.
    """

    def __init__(self, config: Config, fold: bool = True) -> None:
        super().__init__(name="train_state")
        keras.utils.set_random_seed(config.seed)
        policy = POLICIES[config.mixed_precision]
        self.guiding, self.guiding_ema = (guiding_network(config, policy) for _ in range(2))
        self.generator, self.generator_ema = (generator(config, policy, fold) for _ in range(2))
        self.discriminator = discriminator(config, policy, fold)
        for source, average in (
            (self.guiding, self.guiding_ema),
            (self.generator, self.generator_ema),
        ):
            ema.copy_variables(source, average)
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
