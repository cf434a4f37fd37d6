"""TensorFlow 2.15's interpreter, TensorFlow Addons' layers, tflite-support's reader."""

import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa

# Not `from tflite_support import metadata`: its package imports image codecs that clash with TFA.
from tensorflow_lite_support.metadata.python import metadata

VARIANTS = ("float32", "float16", "dynamic_int8", "weight_int8", "static_int8")
NETWORKS = {"encoder": "style", "generator": "translated"}


@pytest.fixture(scope="session")
def outputs(written):
    with np.load(written / "tflite.npz") as saved:
        return dict(saved)


def run(path, inputs):
    interpreter = tf.lite.Interpreter(str(path), num_threads=1)
    runner = interpreter.get_signature_runner()
    needed = runner.get_input_details()
    count = len(inputs["image"])
    return [runner(**{name: inputs[name][i] for name in needed}) for i in range(count)]


def psnr(found, expected):
    return 20 * np.log10(np.ptp(expected) / np.sqrt(np.mean(np.square(found - expected))))


def test_this_is_the_old_environment():
    assert tf.__version__.startswith("2.15.")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_files_give_the_same_in_the_old_interpreter(written, outputs, variant, network):
    path = written / "mobile" / f"{network}_{variant}.tflite"
    found = np.stack([output[NETWORKS[network]] for output in run(path, outputs)])
    expected = outputs[f"{network}_{variant}"]
    if variant == "float32":
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    else:  # as far from float32 as with the new runtime, to 1 dB, or equal to it
        exact = outputs[f"{network}_float32"]
        assert psnr(found, exact) > psnr(expected, exact) - 1


def test_files_say_what_they_are_to_the_original_reader(written):
    with open(written / "mobile" / "manifest.json") as file:
        manifest = json.load(file)
    path = written / "mobile" / "encoder_dynamic_int8.tflite"
    shown = metadata.MetadataDisplayer.with_model_file(str(path))
    described = json.loads(shown.get_metadata_json())
    assert described["name"] == "TUNIT encoder, dynamic_int8"
    assert described["license"] == "not stated"
    (graph,) = described["subgraph_metadata"]
    (image,) = graph["input_tensor_metadata"]
    size = {"width": manifest["image_size"], "height": manifest["image_size"]}
    properties = {"color_space": "RGB", "default_size": size}
    assert image["content"]["content_properties"] == properties
    assert image["process_units"] == [
        {"options_type": "NormalizationOptions", "options": {"mean": [127.5], "std": [127.5]}}
    ]
    assert image["stats"] == {"max": [1.0], "min": [-1.0]}
    by_name = {tensor["name"]: tensor for tensor in graph["output_tensor_metadata"]}
    assert set(by_name) == {"style", "domain_probabilities"}
    (labels,) = by_name["domain_probabilities"]["associated_files"]
    assert labels["type"] == "TENSOR_AXIS_LABELS"
    lines = shown.get_associated_file_buffer(labels["name"]).decode().splitlines()
    assert lines == [f"domain {k}" for k in range(manifest["num_domains"])]


@pytest.mark.parametrize("variant", VARIANTS)
def test_described_tensors_are_in_the_order_of_the_graph(written, variant):
    path = str(written / "mobile" / f"generator_{variant}.tflite")
    described = json.loads(metadata.MetadataDisplayer.with_model_file(path).get_metadata_json())
    graph = described["subgraph_metadata"][0]
    interpreter = tf.lite.Interpreter(path)
    for side, details in (
        ("input_tensor_metadata", interpreter.get_input_details()),
        ("output_tensor_metadata", interpreter.get_output_details()),
    ):
        assert [tensor["name"] for tensor in graph[side]] == [d["name"] for d in details]


def test_filter_response_norm_is_that_of_tensorflow_addons(written):
    with np.load(written / "frn.npz") as saved:
        ours = dict(saved)
    norm = tfa.layers.FilterResponseNormalization(epsilon=float(ours["epsilon"]))
    threshold = tfa.layers.TLU()
    threshold(norm(ours["x"]))  # builds them
    for variable, name in ((norm.gamma, "gamma"), (norm.beta, "beta"), (threshold.tau, "tau")):
        variable.assign(np.broadcast_to(ours[name], variable.shape))
    np.testing.assert_allclose(threshold(norm(ours["x"])), ours["output"], rtol=1e-5, atol=1e-5)
