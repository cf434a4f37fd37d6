"""What the tests of evaluation have in common."""

import pytest

from tunit_tf.metrics import features


@pytest.fixture(scope="module")
def extractor():
    """Fixed random features, which need no file."""
    return features.load("random_conv64", "", "")


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    """Features of the real images, computed once for all tests that only read them."""
    return str(tmp_path_factory.mktemp("features"))
