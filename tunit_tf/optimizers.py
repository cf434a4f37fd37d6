"""Adam and RMSprop with PyTorch's conventions, which the paper's numbers rest on.

L2 is added to the gradient (not decoupled as Keras' `weight_decay`), for every parameter, biases
and norms included. Adam's epsilon is added to the bias-corrected root, RMSprop's outside the root.
"""

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1) on `gradient + l2 * variable`.

    Args:
      learning_rate: Step size.
      l2: Factor of the L2 term's gradient.
      epsilon: Added to the bias-corrected root.
    """

    def __init__(self, learning_rate: float, l2: float = 0.0, epsilon: float = 1e-8, **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        gradient += self.l2 * variable
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        self.assign(m, self.beta_1 * m + (1.0 - self.beta_1) * gradient)
        self.assign(v, self.beta_2 * v + (1.0 - self.beta_2) * tf.square(gradient))
        step = tf.cast(self.iterations + 1, variable.dtype)
        mean = m / (1.0 - self.beta_1**step)
        root = tf.sqrt(v / (1.0 - self.beta_2**step)) + self.epsilon
        self.assign_sub(variable, tf.cast(learning_rate, variable.dtype) * mean / root)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}


class RMSprop(keras.optimizers.RMSprop):
    """`v = rho v + (1 - rho) g^2; w -= rate * g / (sqrt(v) + epsilon)`, g with the L2 term.

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
        **kwargs,
    ):
        super().__init__(learning_rate, rho=rho, epsilon=epsilon, **kwargs)
        self.l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        gradient += self.l2 * variable
        velocity = self._velocities[self._get_variable_index(variable)]
        self.assign(velocity, self.rho * velocity + (1.0 - self.rho) * tf.square(gradient))
        root = tf.sqrt(velocity) + self.epsilon
        self.assign_sub(variable, tf.cast(learning_rate, variable.dtype) * gradient / root)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}
