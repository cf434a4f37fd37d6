"""Our EfficientNet-Lite equals PyTorch's, at even and odd sizes."""

import numpy as np
import pytest

from tests.networks import pretrained
from tests.oracle import efficientnet_lite as oracle
from tunit_tf.networks import efficientnet_lite


@pytest.mark.parametrize("size", [pretrained.SIZE, 128])
@pytest.mark.parametrize("variant", efficientnet_lite.VARIANTS)
def test_features_are_those_of_pytorch(variant, size):
    x = pretrained.image(size)
    maps, vector = oracle.features(variant, x)
    found = [*efficientnet_lite.features(variant)(x), efficientnet_lite.pooled(variant)(x)]
    for ours, theirs in zip(found, [*maps, vector], strict=True):
        difference = np.abs(ours - theirs).max() / np.sqrt((theirs**2).mean())
        print(f"{variant} at {size} px: {difference:.1e} of the features' size")
        assert difference < 1e-4
