"""Figures draw whatever names classes and runs have."""

import numpy as np
import pytest

from tunit_tf.evaluation import plots

COUNTS = np.array([[3, 1], [0, 2]])


@pytest.mark.parametrize("name", ["US$ 10_{ - US$ 20", "$a_{", r"\frac{"])
def test_no_name_is_a_formula_or_an_error(name):
    drawn = plots.confusion(COUNTS, ["0", "1"], [name, "b"])
    assert drawn.shape == plots.confusion(COUNTS, ["0", "1"], ["a", "b"]).shape
    assert plots.sizes(COUNTS[0], [name, "b"]).dtype == np.uint8
    history = {"loss": ([1, 2], [0.5, 0.25])}
    plots.curves({name: history, "b": history})
    plots.style_map_by(np.random.default_rng(0).random((4, 2)), np.array([0, 0, 1, 1]), [name, "b"])
