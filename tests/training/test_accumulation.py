"""Batches in parts: the whole batch's update wherever a part knows all that the whole knows."""

import numpy as np
import pytest
import tensorflow as tf

from tests.training.states import everything
from tests.training.test_steps import batch_of
from tunit_tf.data.batch import Batch
from tunit_tf.errors import UserError
from tunit_tf.training import accumulation, phases, steps, trainer


def twice(batch):
    """A batch of the same images two times over, references within each half."""
    size = len(batch.reference)
    reference = tf.concat([batch.reference, batch.reference + size], 0)
    doubled = Batch(*(tf.concat([value, value], 0) for value in batch))
    return doubled._replace(reference=reference)


@pytest.mark.parametrize("mode", [0.0, 1.0])
@pytest.mark.parametrize("name", ["warmup_step", "joint_step"])
def test_equal_halves_give_the_update_of_the_whole(tiny, fresh_state, name, mode):
    """Then batch statistics, clustering matrix and references of a part are those of the whole."""
    changes = {"mixed_precision": "float64", "batch_size": 8, "labeled_fraction": mode}
    config = tiny(**changes)
    batch = twice(batch_of(tiny(**{**changes, "batch_size": 4})))
    state = fresh_state(config)
    expected = getattr(steps, name)(state, batch, config)
    ours = everything(state)
    state = fresh_state(config)
    found = getattr(accumulation, name)(state, batch, tiny(**changes, accumulate_steps=2))
    theirs = everything(state)
    assert found.keys() == expected.keys()
    for term, value in expected.items():
        np.testing.assert_allclose(found[term], value, rtol=1e-9, atol=1e-12, err_msg=term)
    # Running statistics move once a pass: twice a step here, and again for what G's step redraws.
    running = {
        f"{part}/{i}"
        for part in ("guiding", "guiding_ema")
        for i, variable in enumerate(getattr(state, part).variables)
        if "running" in variable.path
    }
    biases = {
        f"{part}/{i}"
        for part in ("guiding", "generator", "guiding_ema", "generator_ema", "discriminator")
        for i, variable in enumerate(getattr(state, part).variables)
        if "bias" in variable.path  # in front of a norm their gradients are rounding errors
    }
    for key in ours.keys() - running - biases:
        if "optimizer" not in key:
            np.testing.assert_allclose(theirs[key], ours[key], rtol=1e-6, atol=1e-9, err_msg=key)


def test_references_stay_within_their_part(tiny):
    config = tiny(batch_size=8, accumulate_steps=4)
    batch = batch_of(config)
    parts = accumulation.parts_of(batch, 4)
    for i, part in enumerate(parts):
        assert sorted(part.reference.numpy()) == [0, 1]
        np.testing.assert_array_equal(part.x, batch.x[2 * i : 2 * i + 2])


def test_a_run_trains_in_parts(tiny, tmp_path):
    config = tiny(run_dir=str(tmp_path / "run"), warmup_steps=2, joint_steps=0, accumulate_steps=2)
    run = trainer.open_run(config)
    assert run.run()
    assert run.state.queue.position == 2 * config.batch_size


def test_parts_must_be_equal(tiny):
    message = "--batch_size=4 cannot be cut into --accumulate_steps=3 equal parts on 1 devices"
    with pytest.raises(UserError, match=message):
        phases.check_strategy(tf.distribute.get_strategy(), tiny(accumulate_steps=3))
