"""Adam and RMSprop as PyTorch defines them, because the paper's settings assume these.

L2 is added to the gradient (not decoupled as Keras' `weight_decay`), for every parameter, biases
and norms included. Adam's epsilon is added to the bias-corrected root, RMSprop's outside the root.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class StepNumbers(NamedTuple):
    """Scalars of a step that all variables share.

    Attributes:
      learning_rate: Step size.
      beta_1: Decay of the running mean.
      beta_2: Decay of the running square.
      beta_1_power: `beta_1` to the power of the step, for the bias correction.
      beta_2_power: `beta_2` to the power of the step.
      epsilon: Added to the root of the uncorrected running square.
      negative_l2: Factor of the L2 term's gradient, times -1.
    """

    learning_rate: tf.Tensor
    beta_1: tf.Tensor
    beta_2: tf.Tensor
    beta_1_power: tf.Tensor
    beta_2_power: tf.Tensor
    epsilon: tf.Tensor
    negative_l2: tf.Tensor


class Adam(keras.optimizers.Adam):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1) on `gradient + l2 * variable`.

    Args:
      learning_rate: Step size, or its schedule.
      l2: Factor of the L2 term's gradient.
      epsilon: Added to the bias-corrected root.
    """

    def __init__(
        self,
        learning_rate: "float | LinearDecay",
        l2: float = 0.0,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.l2 = l2

    def slots(self, variable: keras.Variable) -> tuple[keras.Variable, keras.Variable]:
        """Running mean and running square of a variable's gradient."""
        index = self._get_variable_index(variable)
        return self._momentums[index], self._velocities[index]

    def _backend_update_step(
        self,
        grads: list[tf.Tensor],
        trainable_variables: list[keras.Variable],
        learning_rate: keras.Variable | tf.Tensor,
    ) -> None:
        """Passes to `update_step`, in place of the rate, all numbers that variables share.

        Keras calls this, not a public method, once per step. A step has 180 variables; what is
        computed for each costs time when the graph is built.
        """
        dtype = trainable_variables[0].dtype
        numbers = self._step_numbers(tf.cast(learning_rate, dtype))
        super()._backend_update_step(grads, trainable_variables, numbers)

    def _step_numbers(self, learning_rate: tf.Tensor) -> StepNumbers:
        dtype = learning_rate.dtype
        power_1, power_2 = self._beta_powers(tf.cast(self.iterations + 1, dtype))
        return StepNumbers(
            learning_rate,
            tf.constant(self.beta_1, dtype),
            tf.constant(self.beta_2, dtype),
            power_1,
            power_2,
            # TensorFlow's kernel adds epsilon to the uncorrected root; scaling epsilon by the
            # correction makes both the same.
            tf.constant(self.epsilon, dtype) * tf.sqrt(1.0 - power_2),
            tf.constant(-self.l2, dtype),
        )

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: StepNumbers
    ) -> None:
        """Steps one variable in one pass over memory; Keras calls this for each.

        `w -= rate * m' / (sqrt(v') + epsilon)`, with the bias-corrected m' and v'.
        """
        mean, square = self.slots(variable)
        numbers = learning_rate
        if self.l2:
            # Not `+`: the graph optimizer would merge it with the gradient's own sum into a sum of
            # three or more terms, which TensorFlow adds in an order that depends on timing.
            gradient -= numbers.negative_l2 * variable
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=mean.value.handle,
            v=square.value.handle,
            beta1_power=numbers.beta_1_power,
            beta2_power=numbers.beta_2_power,
            lr=numbers.learning_rate,
            beta1=numbers.beta_1,
            beta2=numbers.beta_2,
            epsilon=numbers.epsilon,
            grad=gradient,
        )

    def _beta_powers(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Both betas to the power of the step, for the bias correction."""
        return self.beta_1**step, self.beta_2**step

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "l2": self.l2}


class RMSprop(Adam):
    """`v = rho v + (1 - rho) g^2; w -= rate * g / (sqrt(v) + epsilon)`, g with the L2 term.

    This is Adam without momentum and without bias correction, and runs in its fused kernel. (The
    momentum slot holds the last gradient.)

    Args:
      learning_rate: Step size, or its schedule.
      l2: Factor of the L2 term's gradient.
      rho: Decay of the running square.
      epsilon: Added to the root.
    """

    def __init__(
        self,
        learning_rate: "float | LinearDecay",
        l2: float = 0.0,
        rho: float = 0.99,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        kwargs = {"beta_1": 0.0, "beta_2": rho, **kwargs}
        super().__init__(learning_rate, l2, epsilon, **kwargs)

    def _beta_powers(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Zeros: no bias correction."""
        return tf.zeros_like(step), tf.zeros_like(step)


class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant rate, which falls linearly to 0 over the last steps.

    It follows the steps of the run instead of an optimizer's own, because E takes two per joint
    step. It reads a variable of the run, so it has no `get_config`: `TrainState` makes it again.

    Args:
      learning_rate: The rate before.
      finished: Number of finished steps of the run.
      total_steps: Steps of the whole run; the rate would be 0 in the one after.
      decay_steps: Over how many steps it falls.
    """

    def __init__(
        self, learning_rate: float, finished: tf.Variable, total_steps: int, decay_steps: int
    ) -> None:
        super().__init__()
        self.initial = learning_rate
        self.finished = finished
        self.total_steps = total_steps
        self.decay_steps = decay_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:  # noqa: ARG002
        """The rate of the next step of the run; `step`, the optimizer's own, is not used."""
        left = tf.cast(self.total_steps - self.finished, tf.float32)
        return self.initial * tf.clip_by_value(left / self.decay_steps, 0.0, 1.0)
