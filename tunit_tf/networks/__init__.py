"""The three networks of TUNIT."""

from tunit_tf.networks.discriminator import Discriminator
from tunit_tf.networks.generator import Generator
from tunit_tf.networks.guiding import GuidingNetwork, GuidingOutput
from tunit_tf.networks.projected_discriminator import ProjectedDiscriminator

__all__ = [
    "Discriminator",
    "Generator",
    "GuidingNetwork",
    "GuidingOutput",
    "ProjectedDiscriminator",
]
