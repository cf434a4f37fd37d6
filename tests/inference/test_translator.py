"""Inference from a run folder equals the averaged networks that training saved."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tunit_tf import config as config_lib
from tunit_tf.data import synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels
from tunit_tf.networks import from_config
from tunit_tf.training import trainer

pytestmark = pytest.mark.usefixtures("plain_graphs")

IMAGES = synthetic.generate(7, 32, 1)


@pytest.fixture(scope="module")
def translator(tiny_run):
    return Translator.load(tiny_run, batch_size=3)


@pytest.fixture(scope="module")
def trained(tiny_run):
    """The run's trainer, restored to its last step."""
    config = config_lib.from_json((tiny_run / "config.json").read_text(), "")
    return trainer.open_run(config)


def test_it_computes_what_the_averaged_networks_compute(translator, trained):
    x = pixels.from_bytes(IMAGES.pixels())
    guided = trained.state.guiding_ema(x, training=False)
    np.testing.assert_allclose(translator.style(IMAGES), guided.style, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(
        translator.domains(IMAGES), np.argmax(guided.domain_logits, axis=-1)
    )
    expected = pixels.to_bytes(trained.state.generator_ema(x, guided.style.numpy()[::-1]))
    drawn = translator.generate(IMAGES, guided.style.numpy()[::-1])
    assert np.abs(drawn.astype(int) - expected).max() <= 1  # rounding to bytes


def test_one_reference_serves_all_sources(translator):
    every = translator.translate(IMAGES, IMAGES.pixels([2]))
    alone = translator.translate(IMAGES, IMAGES.pixels([2] * 7))
    np.testing.assert_array_equal(every, alone)
    assert every.shape == (7, 32, 32, 3)
    assert every.dtype == np.uint8


def test_arrays_sets_files_and_pictures_are_alike(translator, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(7)]
    for path, image in zip(paths, IMAGES.pixels(), strict=True):
        pixels.save_png(path, image)
    expected = translator.style(IMAGES.pixels())
    opened = [Image.fromarray(image) for image in IMAGES.pixels()]
    for same in (IMAGES, paths, list(map(str, paths)), opened):
        np.testing.assert_array_equal(translator.style(same), expected)


def test_the_batch_size_changes_nothing(translator, tiny_run):
    whole = Translator.load(tiny_run, batch_size=7)
    np.testing.assert_allclose(whole.style(IMAGES), translator.style(IMAGES), rtol=1e-5, atol=1e-6)


def test_wrong_arguments_are_named(translator):
    with pytest.raises(
        ValueError, match=r"one style for all 7 sources or one for each; received 2"
    ):
        translator.translate(IMAGES, IMAGES.pixels([0, 1]))
    with pytest.raises(ValueError, match=r"style codes have 8 numbers in this run; received 5"):
        translator.generate(IMAGES, np.zeros((7, 5), np.float32))
    with pytest.raises(ValueError, match=r"must be uint8 \(N, 32, 32, 3\); received float32"):
        translator.style(IMAGES.pixels().astype(np.float32))
    with pytest.raises(ValueError, match=r"received uint8 \(1, 16, 16, 3\)"):
        translator.style(np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(UserError, match=r"no images"):
        translator.style(IMAGES.take(np.array([], int)))


def test_mixtures_lie_on_the_sphere_where_styles_do(tiny, translator):
    mixed = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(translator.as_styles(mixed), mixed)
    config = tiny(normalize_style=True)
    networks = (
        from_config.guiding_network(config, "float32"),
        from_config.generator(config, "float32"),
    )
    on_sphere = Translator(*networks).as_styles(mixed)
    np.testing.assert_allclose(on_sphere, [[0.6, 0.8], [0.0, 0.0]])


def test_the_best_checkpoint_can_be_asked_for(tiny_run):
    best = json.loads((tiny_run / "best.json").read_text())
    assert TrainedRun.load(tiny_run, "best").step == best["step"]
    assert TrainedRun.load(tiny_run).step == 6


def test_folders_without_a_run_or_a_checkpoint_are_named(tiny_run, tmp_path):
    with pytest.raises(UserError, match=r"nowhere is not a run folder"):
        Translator.load(tmp_path / "nowhere")
    shutil.copy(tiny_run / "config.json", tmp_path)
    with pytest.raises(UserError, match=r"has no newest checkpoint yet"):
        Translator.load(tmp_path)
    with pytest.raises(UserError, match=r"has no best checkpoint yet"):
        Translator.load(tmp_path, "best")


def test_a_checkpoint_of_other_networks_is_refused(tiny_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "style_dim": 9}))
    with pytest.raises(UserError, match=r"is whole, but is not of these"):
        Translator.load(copy)


def test_sets_are_sliced_lazily():
    subset = ImageSet(IMAGES.images, np.array([4, 2]), IMAGES.names)
    np.testing.assert_array_equal(subset[1:], IMAGES.images[[2]])


@pytest.fixture(scope="module")
def photograph():
    """A picture of 90 x 60 pixels with an alpha channel that is mostly opaque."""
    rng = np.random.default_rng(2)
    cells = Image.fromarray(rng.integers(0, 256, (20, 30, 3)).astype(np.uint8))
    picture = cells.resize((90, 60), Image.Resampling.BICUBIC)
    alpha = np.full((60, 90), 255, np.uint8)
    alpha[:10] = 0
    picture.putalpha(Image.fromarray(alpha))
    return picture


@pytest.mark.parametrize("resize", ["crop", "stretch"])
def test_a_photograph_comes_back_at_its_own_size(translator, photograph, monkeypatch, resize):
    monkeypatch.setattr(translator, "resize", resize)
    opaque = photograph.convert("RGB")
    found = np.array(translator.redraw(opaque, IMAGES.pixels()[0]))
    assert found.shape == (60, 90, 3)
    # What the network draws of the squeezed or mirrored picture is what the result looks like.
    square = pixels.square(opaque, 32, "stretch" if resize == "stretch" else "letterbox")
    drawn = translator.translate(square[None], IMAGES.pixels()[[0]])[0]
    left, top, right, bottom = (
        (0, 0, 32, 32) if resize == "stretch" else pixels.letterbox_box((90, 60), 32)
    )
    small = Image.fromarray(found).resize((right - left, bottom - top), Image.Resampling.BICUBIC)
    assert np.abs(np.array(small).astype(int) - drawn[top:bottom, left:right]).mean() < 3
    enlarged = np.array(translator.redraw(opaque, IMAGES.pixels()[0], detail=0))
    assert (
        np.abs(np.diff(found.astype(int), axis=0)).mean()
        > np.abs(np.diff(enlarged.astype(int), axis=0)).mean()
    )


def test_detail_is_a_setting_of_the_translator(translator, photograph, monkeypatch):
    given = translator.redraw(photograph, IMAGES.pixels()[0], detail=0.3)
    monkeypatch.setattr(translator, "detail", 0.3)
    np.testing.assert_array_equal(given, translator.redraw(photograph, IMAGES.pixels()[0]))
    colors = translator.redraw(photograph, IMAGES.pixels()[0], colors_only=True)
    assert (np.array(colors) != np.array(given)).any()


def test_outside_of_region_and_mask_a_photograph_stays(translator, photograph, tmp_path):
    given = np.array(photograph)
    mask = np.zeros((60, 90), bool)
    mask[20:50, 10:70] = True
    look = IMAGES.pixels()[0]
    found = np.array(translator.redraw(photograph, look, (30, 0, 60, 60), mask, feather=2))
    inside = np.zeros((60, 90), bool)
    inside[20:50, 30:70] = True
    np.testing.assert_array_equal(found[~inside], given[~inside])
    assert (found[inside] != given[inside]).any(-1).mean() > 0.5
    # A file of another size and the same aspect ratio, and a region in percent.
    pixels.save_png(tmp_path / "mask.png", np.repeat(mask[::2, ::2, None], 3, 2) * np.uint8(255))
    file = np.array(translator.redraw(photograph, look, "50%,0,50%,100%", tmp_path / "mask.png"))
    np.testing.assert_array_equal(file[:, :45], given[:, :45])
    np.testing.assert_array_equal(file[54:], given[54:])
    assert (file != given).any()
    alpha = np.array(translator.redraw(photograph, look, mask="alpha"))
    np.testing.assert_array_equal(alpha[:10], given[:10])
    assert (alpha[15:] != given[15:]).any()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"region": (80, 0, 20, 20)}, UserError, "80,0,20,20 reaches outside"),
        ({"region": "left"}, UserError, "must be x,y,width,height"),
        ({"mask": np.zeros((4, 4), bool)}, ValueError, r"received bool \(4, 4\)"),
        ({"mask": Image.new("L", (60, 90))}, UserError, "different aspect ratio"),
        ({"detail": 2}, ValueError, "detail must be at most 1; received 2"),
        ({"detail": 7, "colors_only": True}, ValueError, "detail must be at most 1; received 7"),
        ({"feather": -1}, ValueError, "feather must be at least 0; received -1"),
    ],
)
def test_what_does_not_fit_a_photograph_is_named(translator, photograph, arguments, error, message):
    with pytest.raises(error, match=message):
        translator.redraw(photograph, IMAGES.pixels()[0], **arguments)


def test_the_detail_of_a_run_is_the_default(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    settings = json.loads((tmp_path / "run" / "config.json").read_text())
    assert settings["detail"] == 1.0
    (tmp_path / "run" / "config.json").write_text(json.dumps({**settings, "detail": 0.25}))
    assert Translator.load(tmp_path / "run").detail == 0.25
    assert TrainedRun.load(tmp_path / "run").translator.detail == 0.25
