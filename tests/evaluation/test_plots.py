"""Figures draw whatever names classes and runs have."""

import numpy as np
import pytest

from tunit_tf.evaluation import plots

COUNTS = np.array([[3, 1], [0, 2]])


def test_names_that_cannot_be_drawn_are_numbered_and_the_caption_explains_them():
    names = ["cat", "猫", "Käthe_$1", "a" * 255, "\udcff", "a\nb"]
    shown, meanings = plots.labels(names, "class")
    assert shown == ["cat", "class 1", "Käthe_$1", "class 3", "class 4", "class 5"]
    assert meanings.startswith("; class 1 is 猫; class 3 is aaa")
    drawn = plots.confusion(np.ones((2, 6), int), ["0", "1"], shown)  # no warning of a glyph
    assert drawn.shape[2] == 3
    assert plots.labels(["cat", "dog"], "class") == (["cat", "dog"], "")


@pytest.mark.parametrize("name", ["US$ 10_{ - US$ 20", "$a_{", r"\frac{"])
def test_no_name_is_a_formula_or_an_error(name):
    drawn = plots.confusion(COUNTS, ["0", "1"], [name, "b"])
    assert drawn.shape == plots.confusion(COUNTS, ["0", "1"], ["a", "b"]).shape
    assert plots.sizes(COUNTS[0], [name, "b"]).dtype == np.uint8
    history = {"loss": ([1, 2], [0.5, 0.25])}
    plots.curves({name: history, "b": history})
    plots.style_map_by(np.random.default_rng(0).random((4, 2)), np.array([0, 0, 1, 1]), [name, "b"])
