"""Imported before TensorFlow runs a graph, this turns its graph optimizer off in a process."""

import tensorflow as tf

tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
