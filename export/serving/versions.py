"""Versions of a served model: integer folders, each a whole SavedModel or not there."""

import importlib.util
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from export import examples, manifest, model_card, run_description
from export.manifest import ServedSignature, ServingManifest, Tensor
from export.serving import signatures
from tunit_tf.data import sources
from tunit_tf.errors import UserError
from tunit_tf.inference import saved_states
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files, output_folder, pixels
from tunit_tf.io.output_folder import OutputFolder

WARM_UP = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
WARM_UP_BATCHES = (1, 8)


def write(
    run: TrainedRun,
    output: pathlib.Path,
    resize: str,
    max_pixels: int,
    data: str = "",
    num_examples: int = 0,
) -> pathlib.Path:
    """Writes the next version of a model; a version is whole or not there.

    Args:
      run: The run.
      output: Folder of the versions, created if missing.
      resize: How pictures become squares, `crop` or `stretch`.
      max_pixels: Largest picture that the model decodes.
      data: Images to measure the domains' styles on, as --data; '' takes what the run has.
      num_examples: Images to copy into the export, for each role; of `data`, or else held out by
        the run.

    Returns:
      The version's folder.

    Raises:
      UserError: The folder cannot be written, or there are fewer images for examples.
    """
    versions = OutputFolder(output, ServingManifest.command, "output")
    versions.check()
    signs = sorted(saved_states.SIGNS & set(str(output.absolute())))
    if signs:
        raise UserError(
            f"--output={output} has {' '.join(signs)} in its path, from which TensorFlow cannot "
            "load a model; name another folder."
        )
    translator = run.translator
    images = sources.open_images(data, run.config) if data else None
    # Before the export, and apart from it: this may write averages into the run folder.
    with files.writing(f"The run folder {run.folder}", "export a copy of it"):
        description = run_description.describe(run, images)
    chosen = examples.of_run(run, images, num_examples)
    try:
        with (
            files.writing(str(output), "name another --output"),
            files.temporary_folder(output) as temporary,
        ):
            model = temporary / "model"
            _write_model(model, translator, resize, max_pixels)
            described = ServingManifest(
                **description,
                examples=examples.write(model, chosen),
                resize=resize,
                max_pixels=max_pixels,
                signatures=_signatures(model),
                files=manifest.checksums(model),
            )
            loading = model_card.code_for_saved_model(described.examples)
            model_card.finish(model, described, run, loading)
            return _as_next_version(model, versions)
    except tf.errors.OpError as error:
        raise UserError(
            f"{output} cannot be written ({error.message.splitlines()[0]}); free space there or "
            "name another --output."
        ) from None


def _write_model(model: pathlib.Path, translator: Translator, resize: str, max_pixels: int) -> None:
    """Writes the SavedModel and, where they can be made, its warm-up records."""
    # Not tf.saved_model.save of a module with Keras 3 models: the C++ loader, and so TF
    # Serving, does not find their variables (docs/decisions.md, 22).
    archive = keras.export.ExportArchive()
    for name, endpoint in signatures.endpoints(translator, resize, max_pixels).items():
        archive.add_endpoint(name, endpoint.function, input_signature=endpoint.inputs)
    archive.write_out(str(model), verbose=False)
    _write_warm_up(model, translator.image_size, translator.style_dim)


def _as_next_version(model: pathlib.Path, output: OutputFolder) -> pathlib.Path:
    """Renames a finished model to the number after the largest."""
    output.check()
    output.claim()
    version = max(numbers_in(output.path), default=0) + 1
    while True:
        target = output.path / str(version)
        try:
            model.rename(target)
        except OSError:
            if not target.exists():
                raise
            version += 1  # another export took the number in between
            continue
        try:
            output_folder.mark(output.path, ServingManifest.command, below=str(version))
        except BaseException:  # the disk is full, or Ctrl-C
            target.rename(model)
            raise
        return target


def _signatures(model: pathlib.Path) -> dict[str, ServedSignature]:
    """The inputs and outputs of every signature, read from the file."""
    content = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    return {
        name: ServedSignature(
            inputs=_tensors(signature.inputs), outputs=_tensors(signature.outputs)
        )
        for name, signature in content.meta_graphs[0].signature_def.items()
        if not name.startswith("__")
    }


def _tensors(infos: Any) -> dict[str, Tensor]:
    return {
        key: Tensor(
            dtype=tf.as_dtype(info.dtype).name,
            shape=[d.size if d.size >= 0 else None for d in info.tensor_shape.dim],
        )
        for key, info in sorted(infos.items())
    }


def numbers_in(base: pathlib.Path) -> list[int]:
    """The version numbers in a model's folder, in ascending order.

    Only names of ASCII digits count: `str.isdigit` is also true for `²`, which is no number.

    Raises:
      OSError: The folder cannot be read.
    """
    names = (path.name for path in base.iterdir())
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _write_warm_up(model: pathlib.Path, image_size: int, style_dim: int) -> bool:
    """Writes a warm-up record for every signature and some batch sizes.

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
    (model / WARM_UP).parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(model / WARM_UP)) as writer:
        for batch in WARM_UP_BATCHES:
            for signature, inputs in _warm_up_requests(batch, image_size, style_dim).items():
                log = protos.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name = "tunit"
                request.model_spec.signature_name = signature
                for name, values in inputs.items():
                    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
                writer.write(log.SerializeToString())
    return True


def _warm_up_requests(batch: int, size: int, style_dim: int) -> dict[str, dict]:
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
