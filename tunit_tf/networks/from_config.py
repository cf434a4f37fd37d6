"""The networks that a config describes."""

from tunit_tf.config import Config
from tunit_tf.networks import Generator, GuidingNetwork

POLICIES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
    "float64": "float64",
}


def guiding_network(config: Config, policy: str) -> GuidingNetwork:
    """A new guiding network of a run, under a Keras dtype policy."""
    return GuidingNetwork(
        config.num_domains,
        config.style_dim,
        config.guiding_width,
        config.normalize_style,
        config.domain_stddev,
        dtype=policy,
    )


def generator(config: Config, policy: str, fold: bool = True) -> Generator:
    """A new generator of a run, under a Keras dtype policy."""
    return Generator(
        config.image_size, config.style_dim, config.base_channels or None, fold, dtype=policy
    )
