"""Feature extractors for image metrics; the names of metrics end in the extractor's."""

import io
import pathlib
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tunit_tf import metrics
from tunit_tf.errors import UserError
from tunit_tf.io import files
from tunit_tf.networks import efficientnet_lite
from tunit_tf.paths import user_path

INCEPTION_URL = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
INCEPTION_GRAPH = "classify_image_graph_def.pb"  # in the archive
INCEPTION_INPUT = "Mul:0"  # normalized images
INCEPTION_OUTPUT = "pool_3:0"  # (n, 1, 1, 2048)
DOWNLOAD_SECONDS = 60

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STDDEV = (0.229, 0.224, 0.225)


class Extractor:
    """Maps images to feature vectors.

    Args:
      name: Part of the names of all metrics computed with it.
      size: Side of the images it takes, in pixels; others are resized.
      network: Maps normalized images `(n, size, size, 3)`, about in [-1, 1], to features
        `(n, dim)`.

    Attributes:
      name: As given.
      dim: Length of a feature vector.
    """

    def __init__(self, name: str, size: int, network: Callable[[tf.Tensor], tf.Tensor]) -> None:
        self.name = name
        pixels = tf.TensorSpec((None, None, None, 3), tf.uint8)

        @tf.function(input_signature=[pixels])
        def clean(x: tf.Tensor) -> tf.Tensor:
            x = tf.image.resize(tf.cast(x, tf.float32), (size, size), "bicubic", antialias=True)
            return network((tf.clip_by_value(x, 0.0, 255.0) - 128.0) / 128.0)

        @tf.function(input_signature=[pixels])
        def reference(x: tf.Tensor) -> tf.Tensor:
            x = (tf.cast(x, tf.float32) / 255.0 - IMAGENET_MEAN) / IMAGENET_STDDEV
            return network(tf.image.resize(2.0 * x - 1.0, (size, size), "nearest"))

        self._clean, self._reference = clean, reference
        self.dim = int(clean.get_concrete_function().structured_outputs.shape[-1])

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features `(n, dim)` float32 of uint8 `(n, S, S, 3)`, resized with antialiasing."""
        return self._clean(images).numpy()

    def as_reference(self, images: np.ndarray) -> np.ndarray:
        """Features as the paper's reference runs compute them, for `mfid_tunit`.

        Images are normalized twice, with ImageNet's statistics and then as 2x - 1, and resized by
        nearest neighbor.
        """
        return self._reference(images).numpy()


def load(name: str, file: str, cache_dir: str) -> Extractor:
    """The extractor of a name.

    Args:
      name: One of `EXTRACTOR_NAMES`.
      file: File of its weights; '' downloads what is needed and keeps it.
      cache_dir: Folder for downloads; '' if there are none.

    Raises:
      UserError: The weights are missing, not installed, unreadable or cannot be downloaded.
    """
    if file:
        path = user_path(file, "--features_file")
        if not path.is_file():
            state = "is not a file" if path.exists() else "does not exist"
            raise UserError(f"--features_file={file} {state}; name the file of the weights.")
    # Without a folder, only an extractor that downloads nothing can be loaded.
    cache = user_path(cache_dir, "--cache_dir") if cache_dir else pathlib.Path()
    return EXTRACTORS[name](name, file, cache)


def _inception_2015(name: str, file: str, cache: pathlib.Path) -> Extractor:
    """The network of the original FID, as a frozen graph."""
    path = user_path(file, "--features_file") if file else cache / INCEPTION_GRAPH
    if not path.exists():
        files.write_bytes(path, _from_archive(_downloaded(name)))
    try:
        content = path.read_bytes()
        if tarfile.is_tarfile(path):
            content = _from_archive(content)
        graph = tf.compat.v1.GraphDef.FromString(content)
        nodes = {node.name for node in graph.node}
    except (OSError, tarfile.TarError, KeyError, ValueError, RuntimeError) as error:
        raise UserError(_unusable(path, str(error) or type(error).__name__)) from None
    except Exception as error:  # protobuf's own DecodeError is not public
        if type(error).__name__ != "DecodeError":
            raise
        raise UserError(_unusable(path, "not a graph")) from None
    for tensor in (INCEPTION_INPUT, INCEPTION_OUTPUT):
        if tensor.removesuffix(":0") not in nodes:
            raise UserError(_unusable(path, f"it has no node {tensor.removesuffix(':0')}"))

    def imported(x: tf.Tensor) -> tf.Tensor:
        (features,) = tf.graph_util.import_graph_def(
            graph, input_map={INCEPTION_INPUT: x}, return_elements=[INCEPTION_OUTPUT]
        )
        return features

    spec = tf.TensorSpec((None, 299, 299, 3), tf.float32)
    wrapped = tf.compat.v1.wrap_function(imported, [spec])
    return Extractor(name, 299, lambda x: _flat(wrapped(tf.ensure_shape(x, spec.shape))))


def _keras_inception_v3(name: str, file: str, _: pathlib.Path) -> Extractor:
    """Keras' InceptionV3, trained by others: its numbers compare only with one another."""
    try:
        network = keras.applications.InceptionV3(
            include_top=False, weights=file or "imagenet", pooling="avg"
        )
    except Exception as error:  # Keras raises plain Exception when a download fails
        raise UserError(
            f"--features={name}: the weights cannot be loaded ({str(error).splitlines()[0]}); give "
            "Keras' 'notop' weights with --features_file, or use --features=random_conv64, which "
            "needs no file."
        ) from None
    return Extractor(name, 299, lambda x: network(x, training=False))


def _random_conv64(name: str, *_: object) -> Extractor:
    """A small convolutional network with fixed random weights; nothing to download.

    Random features distinguish distributions of images without ImageNet's bias (Naeem et al. 2020,
    section 4), but their numbers compare only with one another.
    """
    rng = np.random.default_rng(2015)
    kernels, channels = [], 3
    for width in (32, 64, 128, 64):
        spread = np.sqrt(2 / (9 * channels))
        kernels.append(rng.normal(0, spread, (3, 3, channels, width)).astype(np.float32))
        channels = width

    def network(x: tf.Tensor) -> tf.Tensor:
        for kernel in kernels:
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME"))
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        return tf.reduce_mean(x, (1, 2))

    return Extractor(name, 64, network)


def _efficientnet_lite(name: str, file: str, _: pathlib.Path) -> Extractor:
    """EfficientNet-Lite with ImageNet weights from an installed package, at its own image size."""
    if file:
        raise UserError(
            f"--features={name} reads its weights from an installed package; leave out "
            f"--features_file={file}."
        )
    size = efficientnet_lite.VARIANTS[name].image_size
    return Extractor(name, size, efficientnet_lite.pooled(name))


EXTRACTORS: dict[str, Callable[[str, str, pathlib.Path], Extractor]] = {
    metrics.INCEPTION_2015: _inception_2015,
    metrics.KERAS_INCEPTION_V3: _keras_inception_v3,
    metrics.RANDOM_CONV64: _random_conv64,
    metrics.EFFICIENTNET_LITE0: _efficientnet_lite,
    metrics.EFFICIENTNET_LITE2: _efficientnet_lite,
}


def _flat(features: tf.Tensor) -> tf.Tensor:
    """`(n, 1, 1, dim)` or `(n, dim)` to `(n, dim)`."""
    return tf.reshape(features, (tf.shape(features)[0], features.shape[-1]))


def _downloaded(name: str) -> bytes:
    try:
        with urllib.request.urlopen(INCEPTION_URL, timeout=DOWNLOAD_SECONDS) as response:
            return response.read()
    except (urllib.error.URLError, OSError) as error:
        raise UserError(
            f"--features={name} needs {INCEPTION_GRAPH}, which cannot be downloaded "
            f"({getattr(error, 'reason', error)}). Download {INCEPTION_URL} elsewhere and name it "
            "with --features_file, or use --features=random_conv64, which needs no file."
        ) from None


def _from_archive(content: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile(INCEPTION_GRAPH)
        if member is None:  # a folder of that name
            raise KeyError(f"{INCEPTION_GRAPH} is not a file in the archive")
        return member.read()


def _unusable(path: pathlib.Path, reason: str) -> str:
    return (
        f"{path} is not the Inception graph of 2015-12-05 ({reason}); it is {INCEPTION_GRAPH} in "
        f"{INCEPTION_URL}."
    )
