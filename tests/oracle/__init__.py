"""Tests with PyTorch and Beam as oracles, in an environment of their own: `make oracle-test`."""

import sys

# PyTorch's CUDA build loads triton, and triton crashes in a process that has loaded TensorFlow.
sys.modules["triton"] = None
