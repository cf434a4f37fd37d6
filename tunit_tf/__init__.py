"""TUNIT for TensorFlow and Keras: truly unsupervised image-to-image translation."""

__version__ = "0.1.0"
