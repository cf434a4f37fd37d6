import dataclasses
import shutil

import numpy as np
import pytest

from tunit_tf import config as config_lib
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, weights_folder
from tunit_tf.inference.weights_folder import named_variables
from tunit_tf.training import initialization, trainer


@pytest.fixture
def run_config(tiny_run):
    """The config of the tiny run."""
    return run_folder.saved_config(tiny_run)


@pytest.fixture
def new(tiny_run, tmp_path, run_config):
    """A function that makes the config of a run in a new folder that starts from the tiny run."""

    def make(**changes):
        where = {"run_dir": str(tmp_path / "new"), "init_from": str(tiny_run)}
        return dataclasses.replace(run_config, **{**where, **changes})

    return make


def arrays(network):
    return {place: variable.numpy() for place, variable in named_variables(network).items()}


def test_equal_shapes_start_from_the_averages(new, fresh_state):
    config = new()
    weights = initialization.load(config)
    state = fresh_state(config)
    sentence = initialization.initialize(state, weights)
    for part, networks in {
        "guiding": (state.guiding, state.guiding_ema),
        "generator": (state.generator, state.generator_ema),
        "discriminator": (state.discriminator,),
    }.items():
        for network in networks:
            for place, array in arrays(network).items():
                np.testing.assert_array_equal(array, weights.parts[part][place])
    assert sentence.endswith(f"those of step {weights.step}; nothing is new.")
    assert int(state.step) == 0


def test_another_number_of_domains_makes_their_layers_new(new, fresh_state):
    config = new(num_domains=5)
    state = fresh_state(config)
    before = arrays(state.guiding)["domain_head.kernel"]
    sentence = initialization.initialize(state, initialization.load(config))
    np.testing.assert_array_equal(arrays(state.guiding)["domain_head.kernel"], before)
    listed = sentence.partition("new: ")[2]
    assert "guiding.domain_head" in listed
    assert listed.count("discriminator.") == 1  # its last layer
    assert "generator" not in listed


def test_the_architecture_is_taken_unless_it_is_given(new, run_config):
    given = dataclasses.replace(config_lib.Config(), init_from=new().init_from, style_dim=64)
    completed = initialization.completed(given, {"init_from", "style_dim"})
    assert completed.style_dim == 64
    assert completed.base_channels == run_config.base_channels
    assert completed.image_size == run_config.image_size
    assert completed.num_domains == given.num_domains


def test_the_license_of_the_weights_is_kept(new, tiny_run, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    config = dataclasses.replace(run_folder.saved_config(tiny_run), license="CC BY-NC 4.0")
    (source / run_folder.CONFIG).write_text(config.to_json())
    asked = dataclasses.replace(new(), init_from=str(source))
    assert initialization.completed(asked, set()).license == "CC BY-NC 4.0"


@pytest.mark.usefixtures("shared_graphs")
def test_what_is_taken_is_said_once(new, tiny_run, capsys):
    opened = trainer.open_run(new())
    said = capsys.readouterr().out
    assert said.startswith(f"Starts from {tiny_run}: ")
    assert said.endswith("nothing is new.\n")
    opened.checkpoints.save()
    trainer.open_run(new())
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("shared_graphs")
def test_a_weights_folder_serves_too_and_a_resumed_run_needs_it_no_more(new, tiny_run, tmp_path):
    source = tmp_path / "weights"
    source.mkdir()
    shutil.copy(tiny_run / run_folder.CONFIG, source)
    weights_folder.write(source, initialization.load(new()), half=False)
    config = dataclasses.replace(new(), init_from=str(source))
    opened = trainer.open_run(config)
    assert opened.step == 0
    np.testing.assert_array_equal(
        arrays(opened.state.generator)["stem.kernel"],
        weights_folder.read(source).parts["generator"]["stem.kernel"],
    )
    opened.checkpoints.save()
    shutil.rmtree(source)
    resumed = trainer.open_run(initialization.completed(config, set()))
    np.testing.assert_array_equal(
        arrays(resumed.state.generator)["stem.kernel"],
        arrays(opened.state.generator)["stem.kernel"],
    )


def test_nothing_that_fits_is_an_error(new, fresh_state):
    config = new(guiding_width=1 / 8, base_channels=8, style_dim=9)
    weights = initialization.load(config)
    weights.parts.update(guiding={}, discriminator={})
    weights.parts["generator"] = {"stem.kernel": np.zeros(3)}
    with pytest.raises(UserError, match="No weights of --init_from"):
        initialization.initialize(fresh_state(config), weights)


def test_a_folder_that_is_no_run_is_named(new, tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        initialization.completed(new(init_from=str(tmp_path)), set())
