"""All that evolves in a state, and states and compiled loops that are made once for many tests."""

import dataclasses

import tensorflow as tf

from tunit_tf.config import RUNTIME_FIELDS
from tunit_tf.training import phases
from tunit_tf.training.state import TrainState

PARTS = (
    "guiding", "generator", "discriminator", "guiding_ema", "generator_ema",
    "guiding_optimizer", "generator_optimizer", "discriminator_optimizer",
)  # fmt: skip
# Settings of a step or its batch: a state has the same variables with other values of them.
OF_STEPS = {
    "accumulate_steps", "augment_discriminator", "batch_size", "domains_from", "ema_ramp",
    "ema_start", "joint", "labeled_fraction", "labeled_only_steps", "temperature",
    "warmup_batch_size", "weight_adversarial", "weight_r1", "weight_reconstruction",
}  # fmt: skip


def variables(state):
    """All variables of a state, by part and place."""
    found = {
        f"{part}/{i}": variable
        for part in PARTS
        for i, variable in enumerate(getattr(state, part).variables)
    }
    queue = {"keys": state.queue.keys, "position": state.queue.position}
    return {**found, **queue, "step": state.step}


def everything(state):
    """Values of all variables of a state, by part and place."""
    return {name: variable.numpy() for name, variable in variables(state).items()}


def values_but(config, names):
    """Values of a config's settings that matter to numbers, but for some."""
    left_out = RUNTIME_FIELDS | names
    return tuple(v for name, v in dataclasses.asdict(config).items() if name not in left_out)


class FreshStates:
    """Gives states as they start: built once per setting, then with every variable set back.

    So the states of two calls with the same settings are one object.
    """

    def __init__(self):
        self._kept = {}

    def __call__(self, config, strategy=None):
        # Without `decay_steps`, the rates do not depend on the number of steps either.
        length = set() if config.decay_steps else {"joint_steps", "warmup_steps"}
        key = (id(strategy), values_but(config, OF_STEPS | length))
        if key not in self._kept:
            with (strategy or tf.distribute.get_strategy()).scope():
                state = TrainState(config)
            self._kept[key] = state, everything(state)
        state, values = self._kept[key]
        for name, variable in variables(state).items():
            variable.assign(values[name])
        state.aim(config)
        return state


class SharedLoops:
    """Compiles a phase's loop as `phases.compile_loop`, once per state and settings."""

    def __init__(self):
        self._kept = {}
        self._compile = phases.compile_loop

    def __call__(self, phase, state, strategy, config):
        # The length of the warm-up matters to the other phase.
        left_out = {"warmup_steps"} if phase.name == "warm-up" else set()
        key = (phase.name, id(state), id(strategy), config.xla, values_but(config, left_out))
        if key not in self._kept:
            self._kept[key] = self._compile(phase, state, strategy, config)
        return self._kept[key]
