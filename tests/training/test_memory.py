"""The estimate of memory: weights as the networks have them, images as a traced step holds them."""

import pytest
import tensorflow as tf

from tests.training.live_tensors import largest_sum
from tunit_tf.config import Config
from tunit_tf.data import pipeline, synthetic
from tunit_tf.networks import from_config
from tunit_tf.training import memory, steps
from tunit_tf.training.state import TrainState

SMALL = {"base_channels": 16, "guiding_width": 0.25, "num_domains": 3, "queue_length": 64}


@pytest.mark.parametrize("size", [32, 64])
def test_weights_are_those_of_the_networks(size):
    config = Config(image_size=size).resolved()
    networks = {
        from_config.guiding_network: memory.guiding_weights,
        from_config.generator: memory.generator_weights,
        from_config.discriminator: memory.discriminator_weights,
    }
    for make, estimate in networks.items():
        count = sum(v.shape.num_elements() for v in make(config, "float32").trainable_variables)
        assert estimate(config) == pytest.approx(count, rel=0.03), make.__name__


def tensors_of_a_step(**settings):
    """Bytes of what a joint step holds at its peak, variables left out."""
    config = Config(**SMALL, **settings).resolved()
    images = synthetic.generate(2 * config.batch_size, config.image_size, 0)
    batch = next(iter(pipeline.batches(images, config, 0, 1, config.batch_size)))
    state = TrainState(config)
    step = tf.function(lambda: steps.joint_step(state, batch, config), autograph=False)
    return largest_sum(step.get_concrete_function().graph), memory.image_bytes(config)


@pytest.mark.parametrize("discriminator", ["paper", "projected"])
def test_images_take_what_a_traced_step_holds(discriminator):
    settings = {"image_size": 64, "features_size": 64, "discriminator": discriminator}
    small, _ = tensors_of_a_step(**settings, batch_size=4)
    large, estimated = tensors_of_a_step(**settings, batch_size=12)
    assert estimated == pytest.approx((large - small) / 8, rel=0.35)


def test_the_largest_sum_of_a_graph_is_that_of_a_closed_form():
    """x -> a, b of x; c = a b; the sum of c: at most three arrays at once, with c in place of a."""

    @tf.function(autograph=False)
    def function(x):
        a, b = tf.nn.softmax(x), tf.nn.softmax(2.0 * x)  # 2 x is an array until b is there
        return tf.reduce_sum(a * b)

    graph = function.get_concrete_function(tf.TensorSpec((10, 10))).graph
    assert largest_sum(graph) == 3 * 400


def test_parts_divide_what_images_take():
    config = Config().resolved()
    parts = Config(accumulate_steps=4).resolved()
    saved = memory.device_bytes(config) - memory.device_bytes(parts)
    assert saved == pytest.approx(0.75 * config.batch_size * memory.image_bytes(config))
    assert "--accumulate_steps=8" in memory.sentence(parts)
