"""Writes the folder of a pair of ONNX files: both networks, manifest and card, or nothing.

The graphs are the phone's, with a batch of any size: they hold simple operations only, which
runtimes of many kinds have, while a conversion of the networks as they are brings `Compress`,
`ScatterElements` and shapes that are computed.
"""

import logging
import pathlib
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

from export import examples, manifest, model_card, run_description
from export.manifest import OnnxManifest, ServedSignature, Tensor
from export.mobile import graphs
from export.options import OnnxOptions
from tunit_tf.data import sources
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io.output_folder import OutputFolder

OPSET = 15  # the newest that all versions of Unity's Sentis list; these graphs need nothing newer
FILES = {"encode": "encoder.onnx", "generate": "generator.onnx"}  # by signature
BATCH = "batch"  # name of the first axis
COMPARED = 2  # images that both the files and the networks see
INPUTS = {"encode": ["image"], "generate": ["image", "style"]}


def write(run: TrainedRun, output: pathlib.Path, options: OnnxOptions) -> OnnxManifest:
    """Writes a run as a pair of ONNX files.

    Args:
      run: The run.
      output: Folder; an earlier export there is replaced.
      options: See `OnnxOptions`.

    Returns:
      The manifest.

    Raises:
      UserError: There are fewer images than examples, or the folder cannot be written.
    """
    with OutputFolder(output, OnnxManifest.command, "output").replacing() as new:
        images = sources.open_images(options.data, run.config) if options.data else None
        chosen = examples.of_run(run, images, options.examples)
        described = run_description.describe(run, images, options.title, options.description)
        models = convert(run.translator)
        for signature, model in models.items():
            onnx.helper.set_model_props(model, _properties(described))
            onnx.save(model, new / FILES[signature])
        written = OnnxManifest(
            **described,
            examples=examples.write(new, chosen),
            resize="crop",
            encoder=FILES["encode"],
            generator=FILES["generate"],
            signatures={name: _signature(model) for name, model in models.items()},
            opset=OPSET,
            largest=_largest_difference(run.translator, new),
            files=manifest.checksums(new),
        )
        return model_card.finish(new, written, run, model_card.code_for_onnx(written))


def convert(translator: Translator) -> dict[str, onnx.ModelProto]:
    """{signature: ONNX model} of the two networks, float32, with a batch of any size."""
    side = translator.image_size
    image = tf.TensorSpec((None, side, side, 3), tf.float32, "image")
    style = tf.TensorSpec((None, translator.style_dim), tf.float32, "style")
    return {
        "encode": _converted(graphs.encoder(translator.guiding), [image]),
        "generate": _converted(graphs.generator(translator.generator), [image, style]),
    }


def _converted(
    function: Callable[..., dict[str, tf.Tensor]], inputs: list[tf.TensorSpec]
) -> onnx.ModelProto:
    """A function of named tensors as a model that was checked."""
    logging.getLogger("tf2onnx").setLevel(logging.WARNING)
    model, _ = tf2onnx.convert.from_function(tf.function(function), inputs, opset=OPSET)
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.checker.check_model(model, full_check=True)
    return model


def _properties(described: dict) -> dict[str, str]:
    """What a file says of itself, where it is without its folder."""
    wanted = ("title", "description", "license", "origin", "step")
    return {name: str(described[name]) for name in wanted if described[name] is not None}


def _signature(model: onnx.ModelProto) -> ServedSignature:
    """The inputs and outputs of a model, by name."""

    def tensors(values: list[onnx.ValueInfoProto]) -> dict[str, Tensor]:
        return {
            value.name: Tensor(
                dtype="float32",
                shape=[d.dim_value or None for d in value.type.tensor_type.shape.dim],
            )
            for value in sorted(values, key=lambda value: value.name)
        }

    return ServedSignature(inputs=tensors(model.graph.input), outputs=tensors(model.graph.output))


def _largest_difference(translator: Translator, folder: pathlib.Path) -> float:
    """Largest difference of the files' outputs from those of the networks, on random images."""
    rng = np.random.default_rng(0)
    side = translator.image_size
    image = rng.uniform(-1, 1, (COMPARED, side, side, 3)).astype(np.float32)
    guided = translator.guiding(image, training=False)
    want = {
        "encode": {
            "style": guided.style, "domain_probabilities": tf.nn.softmax(guided.domain_logits),
        },
        "generate": {"translated": translator.generator(image, guided.style)},
    }  # fmt: skip
    given = {"image": image, "style": guided.style.numpy()}
    differences = []
    for signature, outputs in want.items():
        session = onnxruntime.InferenceSession(
            folder / FILES[signature], providers=["CPUExecutionProvider"]
        )
        found = session.run(list(outputs), {name: given[name] for name in INPUTS[signature]})
        differences += [
            np.abs(one - other).max() for one, other in zip(found, outputs.values(), strict=True)
        ]
    return float(max(differences))
