"""Adam and RMSprop with PyTorch's conventions, which the paper's numbers rest on.

L2 is added to the gradient (not decoupled as Keras' `weight_decay`), for every parameter, biases
and norms included. Adam's epsilon is added to the bias-corrected root, RMSprop's outside the root.
"""

from typing import Any

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1) on `gradient + l2 * variable`.

    Args:
      learning_rate: Step size.
      l2: Factor of the L2 term's gradient.
      epsilon: Added to the bias-corrected root.
    """

    def __init__(
        self, learning_rate: float, l2: float = 0.0, epsilon: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.l2 = l2

    def slots(self, variable: keras.Variable) -> tuple[keras.Variable, keras.Variable]:
        """Running mean and running square of a variable's gradient."""
        index = self._get_variable_index(variable)
        return self._momentums[index], self._velocities[index]

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Steps one variable; Keras calls this for each."""
        mean, square = self.slots(variable)
        powers = self._beta_powers(tf.cast(self.iterations + 1, variable.dtype))
        _fused_adam(
            variable,
            mean.value,
            square.value,
            # Not `+`: the graph optimizer would merge it with the gradient's own sum into one of
            # three terms and more, which TensorFlow adds in an order that depends on timing.
            gradient - (-self.l2) * variable,
            learning_rate,
            (self.beta_1, powers[0]),
            (self.beta_2, powers[1]),
            self.epsilon,
        )

    def _beta_powers(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Both betas to the power of the step, for the bias correction."""
        return self.beta_1**step, self.beta_2**step

    def get_config(self) -> dict[str, Any]:
        """As Keras asks for."""
        return {**super().get_config(), "l2": self.l2}


class RMSprop(Adam):
    """`v = rho v + (1 - rho) g^2; w -= rate * g / (sqrt(v) + epsilon)`, g with the L2 term.

    This is Adam without momentum and without bias correction, and runs in its fused kernel. (The
    momentum slot holds the last gradient.)

    Args:
      learning_rate: Step size.
      l2: Factor of the L2 term's gradient.
      rho: Decay of the running square.
      epsilon: Added to the root.
    """

    def __init__(
        self,
        learning_rate: float,
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


def _fused_adam(
    variable: keras.Variable,
    mean: tf.Variable,
    square: tf.Variable,
    gradient: tf.Tensor,
    learning_rate: tf.Tensor,
    beta_1: tuple[float, tf.Tensor],
    beta_2: tuple[float, tf.Tensor],
    epsilon: float,
) -> None:
    """One pass over memory: `w -= rate * m' / (sqrt(v') + epsilon)`, m' and v' bias-corrected.

    TensorFlow's kernel adds epsilon to the uncorrected root; scaling epsilon by the correction
    makes both the same. `beta_1` and `beta_2` are each (beta, beta to the power of the step).
    """
    dtype = variable.dtype

    def constant(value: Any) -> tf.Tensor:
        return tf.convert_to_tensor(value, dtype)

    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=mean.handle,
        v=square.handle,
        beta1_power=constant(beta_1[1]),
        beta2_power=constant(beta_2[1]),
        lr=tf.cast(learning_rate, dtype),
        beta1=constant(beta_1[0]),
        beta2=constant(beta_2[0]),
        epsilon=constant(epsilon) * tf.sqrt(1.0 - constant(beta_2[1])),
        grad=gradient,
    )
