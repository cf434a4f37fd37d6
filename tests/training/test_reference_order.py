"""The benchmark's baseline is the same update as our step, so the ratio compares like with like."""

import numpy as np

from tests.training import reference_order
from tunit_tf.data import pipeline, synthetic
from tunit_tf.training import steps
from tunit_tf.training.state import TrainState


def test_reference_order_gives_the_same_update(tiny):
    config = tiny(mixed_precision="float64")
    images = synthetic.generate(16, config.image_size, 0)
    batch = next(iter(pipeline.batches(images, config, 0, 1, config.batch_size)))
    results = []
    for step in (steps.joint_step, reference_order.joint_step):
        state = TrainState(config)
        terms = step(state, batch, config)
        networks = (state.generator, state.discriminator)
        variables = [v for network in networks for v in network.trainable_variables]
        weights = [v.numpy() for v in variables if "bias" not in v.name]
        results.append((terms, weights))
    (terms, weights), (terms_reference, weights_reference) = results
    assert terms_reference.pop(reference_order.UNUSED) > 0
    assert terms.keys() == terms_reference.keys()
    for name, value in terms.items():
        np.testing.assert_allclose(terms_reference[name], value, rtol=1e-6, err_msg=name)
    for weight, reference in zip(weights, weights_reference, strict=True):
        np.testing.assert_allclose(weight, reference, rtol=1e-6, atol=1e-9)
