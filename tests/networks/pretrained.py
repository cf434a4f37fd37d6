"""What `efficientnet_lite.json` holds: samples of the features of PyTorch's network."""

import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parent / "efficientnet_lite.json"
SIZE = 97  # odd at every stride, where "same" padding is not symmetric in both directions
SAMPLES = 12  # of a feature map


def image(size=SIZE):
    """Noise over a gradient, `(1, size, size, 3)` float32 in [-1, 1]."""
    ramp = np.linspace(-0.5, 0.5, size)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, size, size, 3))
    return (noise + ramp[:, None, None] * [1, -1, 0.5]).astype(np.float32)


def samples(values):
    """Mean, root mean square and some entries of an array in `(B, H, W, C)`, as floats."""
    flat = np.asarray(values, np.float64).ravel()
    places = np.linspace(0, flat.size - 1, SAMPLES).astype(int)
    return [flat.mean(), np.sqrt((flat**2).mean()), *flat[places]]
