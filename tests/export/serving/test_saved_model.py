"""The SavedModel in a session, as in a server: equal to the networks, robust, whole on disk."""

import dataclasses
import hashlib
import json
import pathlib
import shutil
import struct
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from export.serving import differences, session, signatures, versions
from tests import commands
from tests.export.conftest import MAX_PIXELS, encoded, pixels_of, with_alpha
from tunit_tf.errors import UserError
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels
from tunit_tf.io.output_folder import MARKER, OutputFolder
from tunit_tf.networks import from_config

pytestmark = pytest.mark.usefixtures("plain_graphs")

ROOT = pathlib.Path(__file__).parents[3]
RNG = np.random.default_rng(0)


@pytest.fixture
def encode_only(monkeypatch):
    """Versions that this process writes have one signature, which takes a tenth of the time."""
    every = signatures.endpoints
    monkeypatch.setattr(signatures, "endpoints", lambda *given: {"encode": every(*given)["encode"]})


def test_a_session_finds_what_pythons_loader_does_not(tmp_path):
    """A `tf.Module` around a Keras 3 model, keras-team/keras issue 20095."""
    image = keras.Input((8, 8, 3))
    network = keras.Model(image, keras.layers.Conv2D(4, 3)(image))

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.float32, "image")])
        def convolve(self, image):
            return {"features": self.network(image)}

    module, x = Module(), np.ones((1, 8, 8, 3), np.float32)
    tf.saved_model.save(module, str(tmp_path), signatures={"convolve": module.convolve})
    loaded = tf.saved_model.load(str(tmp_path)).signatures["convolve"]
    np.testing.assert_array_equal(loaded(image=x)["features"], network(x))
    with pytest.raises(session.Error, match="Could not find variable"):
        session.Model(tmp_path).run("convolve", {"image": x})


def test_what_is_no_saved_model_does_not_load(tmp_path):
    with pytest.raises(session.Error, match="does not exist"):
        session.Model(tmp_path)


def test_every_signature_equals_the_eager_networks(model, translator):
    found = differences.measure(model, translator, 5)
    assert {(d.signature, d.output) for d in found} == {
        ("encode", "style"), ("encode", "domain_probabilities"), ("generate", "translated"),
        ("translate", "translated"), ("serving_default", "translated_bytes"),
    }  # fmt: skip
    for difference in found:
        assert difference.largest <= (1 if "bytes" in difference.output else 1e-5), difference


def test_comparing_from_the_command_line(exported, tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    result = commands.run("export.compare", f"--model={exported}", f"--run_dir={run}", "--count=2")
    assert result.returncode == 0, result.stderr
    assert (run / "comparison.md").read_text() == result.stdout
    assert result.stdout.count("\n") == 7
    wrong = commands.run("export.compare", f"--model={run}", f"--run_dir={run}")
    assert wrong.returncode == 2
    assert "is not a SavedModel" in wrong.stderr


def test_a_table_is_printed_where_the_run_folder_cannot_be_written(exported, tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    (run / MARKER).unlink()
    (run / MARKER).mkdir()  # cannot be written, not even by root
    result = commands.run("export.compare", f"--model={exported}", f"--run_dir={run}", "--count=1")
    assert result.returncode == 2
    assert result.stdout.count("\n") == 7
    assert f"error: {run / 'comparison.md'} cannot be written (Is a directory)" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_comparison_of_the_user_stays(exported, tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / "comparison.md").write_text("my notes")
    result = commands.run("export.compare", f"--model={exported}", f"--run_dir={run}", "--count=1")
    assert result.returncode == 2
    assert f"{run / 'comparison.md'} was not written by tunit_tf.train" in result.stderr
    assert (run / "comparison.md").read_text() == "my notes"


def test_runs_of_other_sizes_are_not_compared(model, tiny):
    for change, words in (
        ({"num_domains": 5}, r"domain_probabilities .* \(None, 3\), and \(None, 5\) in the run"),
        ({"style_dim": 9}, r"style .* \(None, 8\), and \(None, 9\) in the run"),
    ):
        config = tiny(**change)
        other = Translator(
            from_config.guiding_network(config, "float32"), from_config.generator(config, "float32")
        )
        with pytest.raises(differences.MismatchError, match=words):
            differences.measure(model, other, 1)


@pytest.mark.parametrize(
    ("command", "flag", "sentence"),
    [
        ("saved_model", "--run_dir=", "--run_dir is empty; name a path"),
        ("saved_model", "--output=", "--output is empty; name a path"),
        ("saved_model", "--examples=-1", "--examples must be at least 0; received -1."),
        ("compare", "--run_dir=", "--run_dir is empty; name a path"),
        ("compare", "--model=", "--model is empty; name a path"),
    ],
)
def test_flags_that_cannot_be_are_refused(command, flag, sentence):
    result = commands.run(f"export.{command}", flag)
    assert result.returncode == 2
    assert f"error: {sentence}" in result.stderr


@pytest.mark.usefixtures("encode_only")
def test_a_run_folder_that_cannot_be_written_is_named_or_left_as_it_is(trained_run, tmp_path):
    folder = tmp_path / "run"
    (folder / "domain_styles.npz").mkdir(parents=True)  # cannot be replaced, not even by root
    run = dataclasses.replace(trained_run, folder=folder)
    reason = ""
    try:
        versions.write(run, tmp_path / "m", "crop", 100)
    except UserError as error:
        reason = str(error)
    assert "--output" not in reason


def test_a_batch_of_eight_equals_eight_batches_of_one(model, pictures):
    references = pictures[1:] + pictures[:1]
    whole = model.run("serving_default", {"image_bytes": pictures, "reference_bytes": references})
    for i in range(8):
        alone = model.run(
            "serving_default",
            {"image_bytes": [pictures[i]], "reference_bytes": [references[i]]},
        )
        drawn = [
            pixels_of(a["translated_bytes"][j]).astype(int) for a, j in ((whole, i), (alone, 0))
        ]
        assert np.abs(drawn[0] - drawn[1]).max() <= 1
    x = RNG.uniform(-1, 1, (8, 32, 32, 3)).astype(np.float32)
    for name, inputs in (
        ("encode", {"image": x}),
        ("translate", {"image": x, "reference": x[::-1]}),
    ):
        whole = model.run(name, inputs)
        for i in range(8):
            alone = model.run(name, {key: value[i : i + 1] for key, value in inputs.items()})
            for key in whole:
                np.testing.assert_allclose(whole[key][i], alone[key][0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("resize", ["crop", "stretch"])
def test_pictures_become_the_squares_that_training_sees(pictures, squares_of, resize):
    decode = tf.function(
        lambda contents: signatures.decode_squares(contents, "x", 32, resize, MAX_PIXELS)
    )
    ours = pixels.to_bytes(decode(tf.constant(pictures))).astype(int)
    wanted = squares_of(pictures, resize=resize)
    # Other resampling and JPEG code: small differences at edges.
    assert np.abs(ours - wanted).mean() < 1.5
    lossless = [1, 2, 3, 4, 5]
    assert np.abs(ours - wanted)[lossless].mean() < 0.8


def test_transparency_is_white(squares_of):
    image = with_alpha(Image.fromarray(RNG.integers(0, 256, (32, 32, 3), np.uint8)))
    contents = [encoded(image, "PNG"), encoded(image.convert("LA"), "PNG")]
    ours = signatures.decode_squares(tf.constant(contents), "x", 32, "crop", MAX_PIXELS)
    difference = pixels.to_bytes(ours).astype(int) - squares_of(contents)
    assert np.abs(difference).max() <= 1


FORMATS = {
    "png": ("PNG", {}),
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True}),
    "webp_lossy": ("WEBP", {}),
    "webp_lossless": ("WEBP", {"lossless": True}),
    "webp_alpha": ("WEBP", {"alpha": True}),
}


@pytest.mark.parametrize("form", FORMATS)
def test_sizes_are_read_from_headers(form):
    name, options = FORMATS[form]
    for width, height in ((1, 1), (300, 7), (129, 255)):
        image = Image.new("RGB", (width, height), (200, 10, 30))
        if options.pop("alpha", False) or form == "webp_alpha":
            image = with_alpha(image)
        size = signatures._header_size(tf.constant(encoded(image, name, **options)))
        assert tuple(int(s) for s in size) == (height, width)


def huge_png() -> bytes:
    """A PNG whose header claims 60,000 x 60,000 pixels."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", FORMATS)
def test_pictures_above_the_limit_are_refused_in_every_format(model, pictures, form):
    name, options = FORMATS[form]
    options = {key: value for key, value in options.items() if key != "alpha"}
    large = encoded(Image.new("RGB", (201, 200)), name, **options)
    just = encoded(Image.new("RGB", (200, 200)), name, **options)
    inputs = {"reference_bytes": pictures[:2]}
    model.run("serving_default", {"image_bytes": [pictures[0], just], **inputs})
    with pytest.raises(
        session.Error, match=r"image_bytes\[1\] cannot be decoded.* 40000 pix"
    ) as caught:
        model.run("serving_default", {"image_bytes": [pictures[0], large], **inputs})
    assert caught.value.code == tf.errors.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "bad", [b"", b"\xff", b"junk" * 99, b"\x89PNG\r\n\x1a\n", b"RIFF....WEBP", huge_png()]
)
def test_malformed_pictures_are_named(model, pictures, bad):
    good = {"image_bytes": pictures[:3], "reference_bytes": pictures[3:6]}
    before = model.run("serving_default", good)["translated_bytes"]
    for name in good:
        for index in (0, 2):
            inputs = {key: list(values) for key, values in good.items()}
            inputs[name][index] = bad
            with pytest.raises(
                session.Error, match=rf"{name}\[{index}\] cannot be decoded"
            ) as caught:
                model.run("serving_default", inputs)
            assert caught.value.code == tf.errors.INVALID_ARGUMENT
    assert model.run("serving_default", good)["translated_bytes"] == before


def test_wrong_requests_are_refused(model, pictures):
    cases = [
        ("nothing", {}, "no signature 'nothing'"),
        ("encode", {"picture": np.zeros(1)}, "takes image; received picture"),
        ("encode", {"image": np.zeros((1, 16, 16, 3))}, r"has shape \(1, 16, 16, 3\)"),
        (
            "serving_default",
            {"image_bytes": pictures[:2], "reference_bytes": pictures[:1]},
            "must have as many pictures",
        ),
    ]
    for name, inputs, words in cases:
        with pytest.raises(session.Error, match=words) as caught:
            model.run(name, inputs)
        assert caught.value.code == tf.errors.INVALID_ARGUMENT


def test_the_weights_are_there_once(exported, translator):
    data = (exported / "variables" / "variables.data-00000-of-00001").stat().st_size
    networks = (translator.guiding, translator.generator)
    weights = sum(4 * v.numpy().size for network in networks for v in network.variables)
    assert weights <= data < 1.1 * weights + 20_000


def test_the_manifest_says_what_a_client_must_know(exported, tiny_run):
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["kind"] == "saved_model"
    assert (manifest["image_size"], manifest["num_domains"], manifest["style_dim"]) == (32, 3, 8)
    assert manifest["value_range"] == [-1.0, 1.0]
    assert manifest["step"] == 6
    assert manifest["config"] == json.loads((tiny_run / "config.json").read_text())
    assert manifest["signatures"]["generate"] == {
        "inputs": {
            "image": {"dtype": "float32", "shape": [None, 32, 32, 3]},
            "style": {"dtype": "float32", "shape": [None, 8]},
        },
        "outputs": {"translated": {"dtype": "float32", "shape": [None, 32, 32, 3]}},
    }
    for name, file in manifest["files"].items():
        content = (exported / name).read_bytes()
        assert file == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    on_disk = {str(p.relative_to(exported)) for p in exported.rglob("*") if p.is_file()}
    assert on_disk - {"manifest.json"} == set(manifest["files"])
    with np.load(tiny_run / "domain_styles.npz") as known:
        for domain, count, mean in zip(
            manifest["domains"], known["counts"], known["means"], strict=True
        ):
            assert domain["images"] == count
            if count:
                np.testing.assert_allclose(domain["average_style"], mean, rtol=1e-6)
            else:
                assert domain["average_style"] is None


@pytest.mark.usefixtures("encode_only")
def test_license_and_origin_are_carried_on_and_images_may_be_missing(trained_run, tmp_path):
    config = dataclasses.replace(trained_run.config, data="", license="CC BY-NC 4.0")
    (tmp_path / "origin.json").write_text('{"weights": "model_1.ckpt", "sha256": "0"}')
    run = dataclasses.replace(trained_run, config=config, folder=tmp_path)  # no styles are known
    version = versions.write(run, tmp_path / "m", "stretch", 100)
    manifest = json.loads((version / "manifest.json").read_text())
    assert manifest["license"] == "CC BY-NC 4.0"
    assert manifest["origin"] == "model_1.ckpt"
    assert manifest["domains"] is None
    assert manifest["resize"] == "stretch"
    assert manifest["max_pixels"] == 100


@pytest.mark.usefixtures("encode_only")
def test_versions_count_up_and_nothing_half_written_stays(trained_run, tmp_path, monkeypatch):
    output = tmp_path / "tunit"
    assert versions.write(trained_run, output, "crop", 100) == output / "1"
    for name in ("3", "12", "old", ".hidden", "²", "٣"):
        (output / name).mkdir()
    (output / "12" / "precious").touch()
    assert versions.write(trained_run, output, "crop", 100) == output / "13"
    assert (output / "12" / "precious").exists()
    assert versions.numbers_in(output) == [1, 3, 12, 13]

    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(versions, "_write_warm_up", failing)
    with pytest.raises(UserError, match=r"No space left on device"):
        versions.write(trained_run, output, "crop", 100)
    names = {"1", "3", "12", "13", "old", ".hidden", "²", "٣", MARKER}
    assert {path.name for path in output.iterdir()} == names
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written .*; name another --output"):
        versions.write(trained_run, tmp_path / "file" / "m", "crop", 100)
    refused = commands.run("export.saved_model", f"--run_dir={tmp_path}", f"--output={output}")
    assert refused.returncode == 2
    assert "is not a run folder" in refused.stderr


def test_a_version_that_cannot_be_marked_is_not_left_there(tmp_path):
    model, output = tmp_path / "model", tmp_path / "tunit"
    output.mkdir()
    model.mkdir()
    (model / "link").symlink_to(tmp_path / "gone")  # has no checksum
    with pytest.raises(FileNotFoundError, match="link"):
        versions._as_next_version(model, OutputFolder(output, "export.saved_model", "output"))
    assert versions.numbers_in(output) == []
    assert model.exists()


def test_warm_up_records_are_played_through_the_model(exported, model):
    records = tf.data.TFRecordDataset(str(exported / versions.WARM_UP)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    assert len(logs) == len(versions.WARM_UP_BATCHES) * 4
    played = set()
    for log in logs:
        request = log.predict_log.request
        assert request.model_spec.name == "tunit"
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        inputs = {k: list(v) if v.dtype == object else v for k, v in inputs.items()}
        outputs = model.run(request.model_spec.signature_name, inputs)
        batch = len(next(iter(inputs.values())))
        assert all(len(value) == batch for value in outputs.values())
        played.add((request.model_spec.signature_name, batch))
    assert len(played) == len(logs)


def test_a_broken_model_is_refused_by_the_loader(exported, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(exported, copy)
    (copy / "variables" / "variables.index").write_bytes(b"")
    with pytest.raises(session.Error):
        session.Model(copy)


@pytest.mark.parametrize("name", ["cats [v2]", "cats*", "back\\slash"])
def test_a_path_that_no_server_can_load_is_refused(trained_run, tmp_path, name):
    with pytest.raises(UserError, match="in its path, from which TensorFlow cannot load a model"):
        versions.write(trained_run, tmp_path / name / "model", "crop", 10_000)
    assert not (tmp_path / name).exists()
