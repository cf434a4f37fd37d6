"""Fine-tuning: a run that starts from the weights of another run instead of random ones."""

import dataclasses
import pathlib
from collections.abc import Collection

from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, weights_folder
from tunit_tf.inference.weights_folder import (
    DISCRIMINATOR,
    GENERATOR,
    GUIDING,
    Weights,
    named_variables,
)
from tunit_tf.paths import user_path
from tunit_tf.training.state import TrainState

# Fields of the config that are those of the weights unless the user sets them.
ARCHITECTURE = (
    "image_size", "style_dim", "base_channels", "guiding_width", "normalize_style",
    "discriminator", "features_size", "head_width",
)  # fmt: skip


def completed(config: Config, given: Collection[str]) -> Config:
    """The config with the architecture of the weights that it starts from, and their license.

    A run that is resumed has them in its own folder, and needs the weights no more.

    Args:
      config: Names the weights in `init_from`.
      given: Names of the fields that the user has set; they keep their values.

    Raises:
      UserError: `init_from` or the run folder cannot be read.
    """
    run_dir = config.run_path
    is_resumed = run_folder.is_trained(run_dir)
    source = run_folder.saved_config(run_dir if is_resumed else _folder(config))
    taken = {name: getattr(source, name) for name in ARCHITECTURE if name not in given}
    return dataclasses.replace(config, **taken, license=config.license or source.license)


def load(config: Config) -> Weights | None:
    """The weights that a new run starts from; None for random ones, or if the run is resumed.

    Raises:
      UserError: They cannot be read.
    """
    if not config.init_from or run_folder.is_trained(config.run_path):
        return None
    folder = _folder(config)
    if weights_folder.is_one(folder):
        # As arrays: no network is built, which could need an extra.
        return weights_folder.read(folder)
    return run_folder.read_weights(folder)


def initialize(state: TrainState, weights: Weights) -> str:
    """Sets the variables of a new run to those of other weights, wherever shapes are equal.

    The trained networks and their averages start from the averages of the weights.

    Args:
      state: State of the new run, changed in place.
      weights: What `load` returned.

    Returns:
      A sentence that says what was taken and what is new.

    Raises:
      UserError: Nothing fits, so that the run would start from random weights.
    """
    networks = {
        GUIDING: (state.guiding, state.guiding_ema),
        GENERATOR: (state.generator, state.generator_ema),
        DISCRIMINATOR: (state.discriminator,),
    }
    taken, new = 0, dict[str, None]()  # layers in order
    for part, copies in networks.items():
        arrays = weights.parts.get(part, {})
        for i, network in enumerate(copies):
            for place, variable in named_variables(network).items():
                array = arrays.get(place)
                if array is not None and array.shape == tuple(variable.shape):
                    variable.assign(array.astype(variable.dtype))
                    taken += i == 0
                elif i == 0:
                    new[f"{part}.{place.rpartition('.')[0]}"] = None
    if not taken:
        raise UserError(
            "No weights of --init_from have the shapes of this run's networks; leave out flags "
            "that change the architecture, such as --base_channels."
        )
    rest = f"new: {', '.join(new)}" if new else "nothing is new"
    return f"{taken} arrays of weights are those of step {weights.step}; {rest}."


def _folder(config: Config) -> pathlib.Path:
    return user_path(config.init_from, "--init_from")
