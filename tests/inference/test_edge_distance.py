"""Distances to black pixels, against SciPy's."""

import numpy as np
import pytest
import scipy.ndimage

from tunit_tf.inference import edge_distance

RNG = np.random.default_rng(0)
MASKS = {
    "noise": RNG.random((40, 60)) < 0.97,
    "sparse": RNG.random((60, 40)) < 0.998,
    "one row": RNG.random((1, 50)) < 0.9,
    "one column": RNG.random((50, 1)) < 0.9,
    "black": np.zeros((5, 4), bool),
    "one pixel": np.indices((30, 30)).sum(0) > 0,
}


@pytest.mark.parametrize("reach", [1, 2, 7, 100])
@pytest.mark.parametrize("name", MASKS)
def test_distances_are_exact_up_to_the_reach(name, reach):
    mask = MASKS[name].astype(np.uint8) * 200
    height, width = mask.shape
    expected = np.minimum(scipy.ndimage.distance_transform_edt(mask), reach)
    for rows, columns in (
        (slice(0, height), slice(0, width)),
        (slice(height // 3, height), slice(0, width // 2 + 1)),
    ):
        found = edge_distance.to_black(mask, reach, rows, columns)
        np.testing.assert_array_equal(found, expected[rows, columns])


def test_where_nothing_is_black_it_is_the_reach():
    found = edge_distance.to_black(np.full((3, 4), 9, np.uint8), 5, slice(0, 3), slice(1, 4))
    np.testing.assert_array_equal(found, np.full((3, 3), 5))
