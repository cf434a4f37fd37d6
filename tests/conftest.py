"""Two logical CPUs, so that tests can distribute, and tiny configs."""

import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest
import tensorflow as tf

from tunit_tf.config import Config

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

TINY = {
    "image_size": 32,
    "num_domains": 3,
    "style_dim": 8,
    "base_channels": 4,
    "guiding_width": 1 / 16,
    "queue_length": 16,
    "batch_size": 4,
    "warmup_steps": 2,
    "joint_steps": 2,
    "synthetic_images": 40,
    "steps_per_loop": 2,
    "ema_start": 1,
    "progress": False,
}


@pytest.fixture
def tiny():
    """A function that makes a resolved config of tiny networks, with changes."""

    def make(**changes) -> Config:
        return Config(**{**TINY, **changes}).resolved()

    return make


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy over two logical CPUs; one a process, as collectives of a second would clash."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
