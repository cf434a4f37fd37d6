"""Extractors on real files: a frozen graph with Inception's interface, Keras' own weights."""

import io
import tarfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.metrics import features
from tunit_tf.networks import efficientnet_lite

pytestmark = pytest.mark.usefixtures("plain_graphs")

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 20, 20, 3), np.uint8)


@pytest.fixture(scope="module")
def graph():
    """A frozen graph with the nodes of Inception's: its 'features' are means over a 2x2 grid."""
    with tf.Graph().as_default() as made:
        pixels = tf.compat.v1.placeholder(tf.float32, (1, 299, 299, 3), "ExpandDims")
        x = tf.multiply(tf.subtract(pixels, 128.0, "Sub"), 1 / 128, "Mul")
        pooled = tf.nn.avg_pool2d(x[:, :298, :298], 149, 149, "VALID")  # (1, 2, 2, 3)
        tf.reshape(pooled, (-1, 1, 1, 12), "pool_3")
    return made.as_graph_def().SerializeToString()


def archive_of(name, content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_the_frozen_graph_is_read_from_a_file_or_its_archive(graph, tmp_path):
    (tmp_path / "graph.pb").write_bytes(graph)
    (tmp_path / "graph.tgz").write_bytes(archive_of(features.INCEPTION_GRAPH, graph))
    found = [
        features.load("inception_2015", str(tmp_path / name), "")(IMAGES)
        for name in ("graph.pb", "graph.tgz")
    ]
    np.testing.assert_array_equal(*found)
    assert found[0].shape == (3, 12)  # a batch of any size, though the graph was frozen with one

    resized = [
        np.stack(
            [
                np.asarray(Image.fromarray(image[..., c].astype(np.float32)).resize(
                    (299, 299), Image.Resampling.BICUBIC))
                for c in range(3)
            ],
            axis=-1,
        )
        for image in IMAGES
    ]  # fmt: skip
    x = (np.clip(resized, 0, 255) - 128) / 128
    means = x[:, :298, :298].reshape(3, 2, 149, 2, 149, 3).mean((2, 4)).reshape(3, 12)
    np.testing.assert_allclose(found[0], means, atol=2e-4)


def test_a_kept_download_is_found_again(graph, tmp_path):
    (tmp_path / features.INCEPTION_GRAPH).write_bytes(graph)
    assert features.load("inception_2015", "", str(tmp_path)).dim == 12


def test_the_references_protocol_normalizes_twice_and_takes_nearest_pixels(graph, tmp_path):
    (tmp_path / "graph.pb").write_bytes(graph)
    extractor = features.load("inception_2015", str(tmp_path / "graph.pb"), "")
    white, black = (np.full((1, 20, 20, 3), value, np.uint8) for value in (255, 0))
    bounds = [extractor.as_reference(x)[0, :3] for x in (black, white)]
    mean, stddev = np.array(features.IMAGENET_MEAN), np.array(features.IMAGENET_STDDEV)
    np.testing.assert_allclose(bounds[0], 2 * (0 - mean) / stddev - 1, rtol=5e-4)
    np.testing.assert_allclose(bounds[1], 2 * (1 - mean) / stddev - 1, rtol=5e-4)
    assert abs(bounds[0].min() + 5.2) < 0.1  # what method.md reports Inception to have seen
    assert abs(bounds[1].max() - 4.3) < 0.1


def test_downscaling_is_antialiased():
    """Stripes finer than the target's pixels must become gray, not a pattern of their own."""
    stripes = np.zeros((1, 512, 512, 3), np.uint8)
    stripes[:, :, ::2] = 255
    gray = np.full((1, 512, 512, 3), 128, np.uint8)
    extractor = features.Extractor(
        "means", 64, lambda x: tf.reshape(x[:, 8:-8, 8:-8, 0], (-1, 48 * 48))
    )
    np.testing.assert_allclose(extractor(stripes), extractor(gray), atol=0.02)


def test_random_features_are_the_same_everywhere_and_tell_looks_apart():
    first, again = (features.load("random_conv64", "", "") for _ in range(2))
    np.testing.assert_array_equal(first(IMAGES), again(IMAGES))
    assert first.dim == 64
    assert first.name == "random_conv64"


def test_efficientnet_sees_images_of_its_own_size_and_scale():
    extractor = features.load("efficientnet_lite0", "", "")
    x = tf.image.resize(tf.cast(IMAGES, tf.float32), (224, 224), "bicubic", antialias=True)
    x = (tf.clip_by_value(x, 0.0, 255.0) - 128.0) / 128.0
    expected = efficientnet_lite.pooled("efficientnet_lite0")(x)
    np.testing.assert_allclose(extractor(IMAGES), expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(UserError, match=r"leave out --features_file=.*test_features\.py"):
        features.load("efficientnet_lite0", __file__, "")


# Keras' own way of saving under NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras_weights_are_read_from_a_file(tmp_path):
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    network.save_weights(tmp_path / "inception.weights.h5")
    extractor = features.load("keras_inception_v3", str(tmp_path / "inception.weights.h5"), "")
    assert extractor.dim == 2048
    x = tf.image.resize(tf.cast(IMAGES[:1], tf.float32), (299, 299), "bicubic", antialias=True)
    x = (tf.clip_by_value(x, 0.0, 255.0) - 128.0) / 128.0
    expected = network(x, training=False).numpy()
    np.testing.assert_allclose(extractor(IMAGES[:1]), expected, rtol=1e-4, atol=1e-5)


def test_missing_and_wrong_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"--features_file=nowhere.pb does not exist"):
        features.load("inception_2015", "nowhere.pb", "")
    with pytest.raises(UserError, match=r"is not a file; name the file of the weights"):
        features.load("inception_2015", str(tmp_path), "")
    monkeypatch.setattr(features, "INCEPTION_URL", (tmp_path / "no.tgz").as_uri())
    with pytest.raises(UserError, match=r"cannot be downloaded .*--features_file, or use"):
        features.load("inception_2015", "", str(tmp_path))
    (tmp_path / "text.pb").write_text("hello")
    with pytest.raises(UserError, match=r"text.pb is not the Inception graph"):
        features.load("inception_2015", str(tmp_path / "text.pb"), "")
    (tmp_path / "empty.pb").touch()
    with pytest.raises(UserError, match=r"it has no node Mul"):
        features.load("inception_2015", str(tmp_path / "empty.pb"), "")
    (tmp_path / "other.tgz").write_bytes(archive_of("other.txt", b"hello"))
    with pytest.raises(UserError, match=r"other.tgz is not the Inception graph"):
        features.load("inception_2015", str(tmp_path / "other.tgz"), "")
    with pytest.raises(UserError, match=r"weights cannot be loaded"):
        features.load("keras_inception_v3", str(tmp_path / "text.pb"), "")


def test_a_download_is_kept_whole(graph, tmp_path, monkeypatch):
    (tmp_path / "remote.tgz").write_bytes(archive_of(features.INCEPTION_GRAPH, graph))
    monkeypatch.setattr(features, "INCEPTION_URL", (tmp_path / "remote.tgz").as_uri())
    extractor = features.load("inception_2015", "", str(tmp_path / "cache"))
    assert extractor.dim == 12
    assert (tmp_path / "cache" / features.INCEPTION_GRAPH).read_bytes() == graph
