"""The networks that a resolved config describes."""

import keras

from tunit_tf.config import Config
from tunit_tf.networks import (
    Discriminator,
    Generator,
    GuidingNetwork,
    ProjectedDiscriminator,
    efficientnet_lite,
)

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


def generator(config: Config, policy: str) -> Generator:
    """A new generator of a run, under a Keras dtype policy."""
    return Generator(config.image_size, config.style_dim, config.base_channels, dtype=policy)


def discriminator(config: Config, policy: str) -> Discriminator | ProjectedDiscriminator:
    """A new discriminator of a run, under a Keras dtype policy.

    Raises:
      UserError: A projected one is asked for, and the weights of its features are missing.
    """
    if config.discriminator == "paper":
        return Discriminator(
            config.image_size, config.num_domains, config.base_channels, dtype=policy
        )
    dtype = keras.DTypePolicy(policy).compute_dtype
    features = efficientnet_lite.features(efficientnet_lite.LITE0, dtype=dtype)
    return ProjectedDiscriminator(
        features,
        [m.shape[-1] for m in features.outputs],
        config.features_size,
        config.num_domains,
        config.head_width,
        dtype=policy,
    )
