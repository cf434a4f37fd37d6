"""Warm-up records: requests that TF Serving sends through a model before it serves it."""

import importlib.util
import pathlib

import numpy as np
import tensorflow as tf

from tunit_tf.io import pixels

PATH = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
BATCHES = (1, 8)


def write(model: pathlib.Path, image_size: int, style_dim: int) -> bool:
    """Writes a record for every signature and some batch sizes.

    Args:
      model: Folder of a SavedModel.
      image_size: Side of its squares in pixels.
      style_dim: Length of its style codes.

    Returns:
      False if tensorflow-serving-api, which defines the format, is not installed.
    """
    if importlib.util.find_spec("tensorflow_serving") is None:
        return False
    # An optional dependency.
    protos = importlib.import_module("tensorflow_serving.apis.prediction_log_pb2")
    (model / PATH).parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(model / PATH)) as writer:
        for batch in BATCHES:
            for signature, inputs in _requests(batch, image_size, style_dim).items():
                log = protos.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name = "tunit"
                request.model_spec.signature_name = signature
                for name, values in inputs.items():
                    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
                writer.write(log.SerializeToString())
    return True


def _requests(batch: int, size: int, style_dim: int) -> dict[str, dict]:
    """Inputs by name for every signature; the encoded picture, color gradients, needs resizing."""
    ramp = np.linspace(0, 255, size + 7, dtype=np.uint8)
    picture = np.stack(np.broadcast_arrays(ramp[:, None], ramp, ramp[::-1]), axis=-1)
    encoded = [pixels.encode(picture, ".jpg")] * batch
    image = np.zeros((batch, size, size, 3), np.float32)
    return {
        "serving_default": {"image_bytes": encoded, "reference_bytes": encoded},
        "encode": {"image": image},
        "generate": {"image": image, "style": np.zeros((batch, style_dim), np.float32)},
        "translate": {"image": image, "reference": image},
    }
