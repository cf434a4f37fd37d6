import shutil

import keras
import numpy as np
import pytest

from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, weights_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.inference.weights_folder import Weights, named_variables
from tunit_tf.networks import from_config


@pytest.fixture(scope="module")
def weights(trained_run):
    """The averages of the tiny run, without a discriminator."""
    translator = trained_run.translator
    networks = {"guiding": translator.guiding, "generator": translator.generator}
    return Weights(trained_run.step, weights_folder.of_networks(networks))


@pytest.fixture
def folder(tmp_path, tiny_run, weights):
    """A weights folder of the tiny run."""
    shutil.copy(tiny_run / run_folder.CONFIG, tmp_path)
    weights_folder.write(tmp_path, weights, half=False)
    return tmp_path


def test_float32_weights_translate_as_the_run(folder, trained_run):
    loaded = Translator.load(folder)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    want = trained_run.translator.translate(pictures, pictures[::-1])
    np.testing.assert_array_equal(loaded.translate(pictures, pictures[::-1]), want)
    assert TrainedRun.load(folder).step == trained_run.step
    assert run_folder.checkpoint_step(folder, "newest") == trained_run.step


def test_half_precision_keeps_vectors_and_rounds_the_rest(tmp_path, weights):
    weights_folder.write(tmp_path, weights, half=True)
    read = weights_folder.read(tmp_path)
    assert read.step == weights.step
    for part, arrays in weights.parts.items():
        assert read.parts[part].keys() == arrays.keys()
        for place, array in arrays.items():
            dtype = np.float16 if array.ndim > 1 else np.float32
            np.testing.assert_array_equal(read.parts[part][place], array.astype(dtype))


def test_it_has_no_images_and_one_state(folder):
    with pytest.raises(UserError, match="weights folder, which has no images"):
        _ = TrainedRun.load(folder).split
    loaded = TrainedRun.load(folder)
    assert loaded.config.data == "synthetic"
    assert len(loaded.split_of(loaded.config, own_images=False).train)  # the user has named them
    with pytest.raises(UserError, match="one state; leave out --checkpoint=best"):
        TrainedRun.load(folder, "best")


def test_nothing_is_trained_in_it(folder, tiny):
    with pytest.raises(UserError, match="start from it with --init_from="):
        run_folder.config_to_record(tiny(run_dir=str(folder)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[: len(content) // 2], "is damaged"),
        (lambda content: content[:0], "is damaged"),
        (
            lambda content: content.replace(b"tunit_tf weights 1", b"tunit_tf weights 9"),
            "its format is 'tunit_tf weights 9', not 'tunit_tf weights 1'; name another folder.$",
        ),
        (lambda content: content.replace(b"guiding.style_head", b"guiding.other_head"), "missing"),
    ],
    ids=["cut", "empty", "other format", "other names"],
)
def test_a_damaged_file_is_named(folder, damage, message):
    path = folder / weights_folder.WEIGHTS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=message) as error:
        Translator.load(folder)
    assert str(path) in str(error.value)
    assert str(error.value).count(str(path)) == 1


def test_lost_weights_are_said_to_be_lost(folder):
    (folder / "manifest.json").touch()
    (folder / weights_folder.WEIGHTS).unlink()
    with pytest.raises(UserError, match=f"{folder} has lost {weights_folder.WEIGHTS}; restore it"):
        Translator.load(folder)


def test_weights_of_another_architecture_are_named(folder):
    config = (folder / run_folder.CONFIG).read_text()
    (folder / run_folder.CONFIG).write_text(config.replace('"style_dim": 8', '"style_dim": 9'))
    with pytest.raises(UserError, match=r"does not fit the config.json beside it: guiding\."):
        Translator.load(folder)


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
