import keras
import pytest

from tunit_tf.networks import from_config
from tunit_tf.networks.named_variables import named_variables


@pytest.mark.parametrize("make", [from_config.guiding_network, from_config.generator])
def test_every_variable_has_a_place_that_does_not_depend_on_the_process(tiny, make):
    first, second = (make(tiny(), "float32") for _ in range(2))
    named = named_variables(first)
    assert {id(v) for v in named.values()} == {id(v) for v in first.variables}
    assert list(named) == list(named_variables(second))
    assert [v.shape for v in named.values()] == [v.shape for v in named_variables(second).values()]


@pytest.mark.parametrize("kind", ["paper", "projected"])
def test_discriminators_too(tiny, kind):
    network = from_config.discriminator(tiny(discriminator=kind), "float32")
    assert {id(v) for v in named_variables(network).values()} == {id(v) for v in network.variables}


def test_places_are_attributes_and_indices(tiny):
    named = named_variables(from_config.generator(tiny(), "float32"))
    assert {"stem.kernel", "encoder_blocks.1.0.bias", "adain_heads.4.kernel"} <= set(named)


def test_a_variable_without_a_public_place_is_an_error():
    class Hidden(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self._inner = [keras.layers.Dense(1, name="one"), keras.layers.Dense(1, name="two")]
            for dense in self._inner:
                dense.build((None, 1))

    with pytest.raises(ValueError, match="4 variables"):
        named_variables(Hidden())
