"""The phone's graphs equal the networks, and hold only what a phone runs fast."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from export.mobile import conversion, graphs, op_profile
from export.mobile.runtime import Model
from tunit_tf.networks import Generator, GuidingNetwork

# All of these are XNNPACK's in float32.
DELEGATED = {
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTH_TO_SPACE", "FULLY_CONNECTED",
    "MAX_POOL_2D", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "PAD", "RESHAPE", "RSQRT", "SLICE",
    "SOFTMAX", "STRIDED_SLICE", "SUB", "SUM", "TANH",
}  # fmt: skip


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def images(rng, size):
    coarse = rng.uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
    return tf.image.resize(coarse, (size, size), "bicubic").numpy()


def lively_guiding(rng, **options):
    """A small guiding network whose batch norms and biases are not as they start."""
    guiding = GuidingNetwork(3, style_dim=8, width_multiplier=1 / 8, **options)
    for norm, convolution in zip(guiding.norms, guiding.convolutions, strict=True):
        for variable in (norm.running_mean, norm.beta, convolution.bias):
            variable.assign(rng.normal(0, 0.2, variable.shape))
        for variable in (norm.running_variance, norm.gamma):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return guiding


def operations(content):
    model = conversion.read(content)
    codes = [
        max(model.operatorCodes[op.opcodeIndex].builtinCode,
            model.operatorCodes[op.opcodeIndex].deprecatedBuiltinCode)
        for op in model.subgraphs[0].operators
    ]  # fmt: skip
    return [op_profile.OP_NAMES[code] for code in codes]


def lively_generator(rng, size, **options):
    """A small generator whose biases are not as they start."""
    generator = Generator(size, style_dim=8, base_channels=4, **options)
    for layer in (generator.stem, *generator.ups, generator.to_image):
        layer.bias.assign(rng.normal(0, 0.2, layer.bias.shape))
    return generator


def copied(network, exact):
    """`exact`, a network of float64, with the weights of `network`."""
    for mine, given in zip(exact.variables, network.variables, strict=True):
        mine.assign(tf.cast(given, tf.float64))
    return exact


def rms(a, b):
    return np.sqrt(np.mean(np.square(np.float64(a) - b)))


def assert_rounds_as_well(found, network_output, exact):
    """The converted graph is as near to the exact numbers as the network in float32 is.

    Nearer to each other than 1e-5 in RMS; single pixels may be further apart, as instance norms of
    smooth images magnify rounding.
    """
    assert rms(found, exact) < 2 * rms(network_output, exact) + 1e-7
    assert rms(found, network_output) < 1e-5


@pytest.mark.parametrize("normalize_style", [False, True])
def test_encoder_equals_the_guiding_network(rng, normalize_style):
    guiding = lively_guiding(rng, normalize_style=normalize_style)
    lively = lively_guiding(rng, normalize_style=normalize_style, dtype="float64")
    x = images(rng, 32)
    exact = copied(guiding, lively)(x.astype(np.float64), training=False)
    algebra = graphs.encoder(lively)(x.astype(np.float64))
    np.testing.assert_allclose(algebra["style"], exact.style, rtol=0, atol=1e-10)

    shapes = {"image": (1, 32, 32, 3)}
    model = Model(conversion.convert(graphs.encoder(guiding), "encode", shapes), "encode")
    found, eager = model(image=x), guiding(x, training=False)
    assert_rounds_as_well(found["style"], eager.style, exact.style)
    assert_rounds_as_well(
        found["domain_probabilities"],
        tf.nn.softmax(eager.domain_logits),
        tf.nn.softmax(exact.domain_logits),
    )


@pytest.mark.parametrize("size", [32, 64])
def test_generator_equals_the_network_in_one_partition(rng, size):
    generator = lively_generator(rng, size)
    x, s = images(rng, size), rng.standard_normal((1, 8)).astype(np.float32)
    lively = copied(generator, lively_generator(rng, size, dtype="float64"))
    exact = lively(x.astype(np.float64), s.astype(np.float64))
    algebra = graphs.generator(lively)(x.astype(np.float64), s.astype(np.float64))
    np.testing.assert_allclose(algebra["translated"], exact, rtol=0, atol=1e-10)

    shapes = {"image": x.shape, "style": s.shape}
    content = conversion.convert(graphs.generator(generator), "generate", shapes)
    model = Model(content, "generate")
    assert_rounds_as_well(model(image=x, style=s)["translated"], generator(x, s), exact)
    assert model.partitions == 1
    assert set(operations(content)) <= DELEGATED


@pytest.mark.parametrize(
    ("role", "inputs", "outputs"),
    [
        ("encoder", {b"image"}, {b"style", b"domain_probabilities"}),
        ("generator", {b"image", b"style"}, {b"translated"}),
    ],
)
def test_tensors_are_named_static_and_of_rank_four_at_most(pair_folder, role, inputs, outputs):
    content = (pair_folder / f"{role}_float32.tflite").read_bytes()
    graph = conversion.read(content).subgraphs[0]
    assert {graph.tensors[i].name for i in graph.inputs} == inputs
    assert {graph.tensors[i].name for i in graph.outputs} == outputs
    for tensor in graph.tensors:
        assert len(tensor.shape) <= 4
        assert tensor.shapeSignature is None or -1 not in tensor.shapeSignature
        assert tensor.type in (schema.TensorType.FLOAT32, schema.TensorType.INT32)


@pytest.mark.parametrize("role", ["encoder", "generator"])
def test_constants_are_aligned(pair_folder, role):
    model = schema.Model.GetRootAs((pair_folder / f"{role}_float32.tflite").read_bytes(), 0)
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if not buffer.DataIsNone():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % conversion.ALIGNMENT == 0
