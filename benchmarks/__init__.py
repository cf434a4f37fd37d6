"""Reproducible performance benchmarks."""

from tunit_tf import standard_streams

standard_streams.hide_absent_gpus()  # here, since some import TensorFlow at their top
