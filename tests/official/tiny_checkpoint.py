"""A checkpoint of small networks as the paper's authors write them, without PyTorch."""

import numpy as np

from tunit_tf.config import Config
from tunit_tf.official import checkpoint, names
from tunit_tf.training.state import TrainState


def networks(config: Config) -> dict[str, dict[str, np.ndarray]]:
    """The networks of a new state as the authors' files have them, {part: {name: array}}."""
    state = TrainState(config)
    return {
        part: {
            name: names.to_official(name, [v.numpy() for v in names.parts_of(variable)])
            for name, variable in names_of(getattr(state, attribute)).items()
        }
        for part, (attribute, names_of) in checkpoint.NETWORKS.items()
    }
