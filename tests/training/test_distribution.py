"""Two replicas on a global batch give the update of one replica (logical CPUs, float64 and 32)."""

import functools
import gc

import numpy as np
import pytest
import tensorflow as tf

from tunit_tf.data import pipeline, synthetic
from tunit_tf.training import phases

MODES = {
    "unsupervised": {},
    "separate": {"joint": False},
    "semi-supervised": {"labeled_fraction": 0.5, "labeled_only_steps": 1},
    "supervised": {"labeled_fraction": 1.0},
}


@functools.cache
def dataset_of(config):
    images = synthetic.generate(16, config.image_size, 0)
    return pipeline.batches(images, config, 0, 1, config.batch_size)


def one_step(state, strategy, config, phase, traced=False):
    """State before and after one step, and the step's terms; eagerly or by the compiled loop."""
    before = snapshot(state)
    dataset = dataset_of(config)
    if strategy.num_replicas_in_sync > 1:
        dataset = strategy.experimental_distribute_dataset(dataset)
    if traced:
        loop = phases.compile_loop(phase, state, strategy, config)
        terms = loop(iter(dataset), tf.constant(1))
        del loop
        gc.collect()  # graphs are in reference cycles, and those of two replicas take a gigabyte
    else:
        step = functools.partial(phase.step, state, config=config)
        terms = strategy.run(step, args=(next(iter(dataset)),))
        terms = {name: strategy.reduce("MEAN", term, axis=None) for name, term in terms.items()}
    return before, snapshot(state), {name: float(term) for name, term in terms.items()}


def snapshot(state):
    """Values of everything that evolves but biases in front of a norm, whose steps are noise."""
    values = {"queue": state.queue.keys.numpy(), "position": state.queue.position.numpy()}
    for name in ("guiding", "generator", "discriminator", "guiding_ema", "generator_ema"):
        network = getattr(state, name)
        noise = {id(layer.bias) for layer in layers_before_norms(network, name)}
        for i, variable in enumerate(network.variables):
            if id(variable) not in noise and "running_mean" not in variable.path:
                values[f"{name}/{i}/{variable.name}"] = variable.numpy()
    return values


def layers_before_norms(network, name):
    if name.startswith("guiding"):
        return network.convolutions
    if name.startswith("generator"):
        blocks = network.encoder_blocks + network.decoder_blocks
        return [network.stem, *network.downs, *network.ups, *(c for block in blocks for c in block)]
    return []


# A joint step begins with the update of a warm-up step, so one warm-up stands for all. Tracing a
# joint step for two replicas takes a minute, so one of them stands for all.
@pytest.mark.parametrize(
    ("mode", "phase_index"), [("unsupervised", 0), *((mode, 1) for mode in MODES)]
)
def test_two_replicas_equal_one(tiny, two_replicas, fresh_state, mode, phase_index):
    # float64, so that what is compared is the method and not rounding amplified by RMSprop.
    config = tiny(mixed_precision="float64", batch_size=8, num_domains=4, **MODES[mode])
    phase = phases.schedule(config)[phase_index]
    one_replica = tf.distribute.get_strategy()
    before, one, terms_one = one_step(fresh_state(config), one_replica, config, phase)
    traced = phase.name == "joint" and mode == "unsupervised"
    state = fresh_state(config, two_replicas)
    start, two, terms_two = one_step(state, two_replicas, config, phase, traced)

    for name, value in before.items():
        np.testing.assert_array_equal(value, start[name], err_msg=name)
    assert terms_one.keys() == terms_two.keys()
    for name, value in terms_one.items():
        np.testing.assert_allclose(terms_two[name], value, rtol=1e-6, atol=1e-9, err_msg=name)
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=1e-5, atol=1e-7, err_msg=name)
    moved = [name for name in one if not np.array_equal(one[name], before[name])]
    networks = {name.split("/")[0] for name in moved}
    expected = {"queue", "position", "guiding", "guiding_ema"}
    if phase.name == "joint":
        expected |= {"generator", "discriminator", "generator_ema"}
    assert networks == expected
    for variable in state.guiding.variables + state.generator_ema.variables:
        first, second = (v.numpy() for v in two_replicas.experimental_local_results(variable.value))
        np.testing.assert_array_equal(first, second)


def test_float32_terms_and_keys_agree_too(tiny, two_replicas, fresh_state):
    """What a step computes before its update; Adam's first step is a sign of rounding noise."""
    config = tiny(batch_size=8)
    phase = phases.schedule(config)[0]
    one_replica = tf.distribute.get_strategy()
    _, one, terms_one = one_step(fresh_state(config), one_replica, config, phase)
    state = fresh_state(config, two_replicas)
    _, two, terms_two = one_step(state, two_replicas, config, phase)
    for name, value in terms_one.items():
        np.testing.assert_allclose(terms_two[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(two["queue"], one["queue"], rtol=1e-5, atol=1e-5)


def test_references_reach_across_replicas(tiny):
    """A replica's images may be redrawn in the style of images that another replica holds."""
    config = tiny(batch_size=8)
    images = synthetic.generate(16, 32, 0)
    references = [b.reference.numpy() for b in pipeline.batches(images, config, 0, 8, 8)]
    assert all(sorted(r) == list(range(8)) for r in references)
    assert any((r[:4] >= 4).any() for r in references)
