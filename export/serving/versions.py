"""Versions of a served model: integer folders, each a whole SavedModel or not there."""

import dataclasses
import pathlib
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from export import example_count, examples, loading, manifest, model_card, run_description
from export.manifest import ServingManifest
from export.serving import signatures, version_numbers, warmup
from tunit_tf.data import sources
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files


def write(
    run: TrainedRun,
    output: pathlib.Path,
    resize: str,
    max_pixels: int,
    data: str = "",
    asked_examples: int = 0,
) -> pathlib.Path:
    """Writes the next version of a model; a version is whole or not there.

    Args:
      run: The run.
      output: Folder of the versions, created if missing.
      resize: How pictures become squares, one of `picture_limits.RESIZE`.
      max_pixels: Largest picture that the model decodes.
      data: Images to measure the domains' styles on, as --data; '' takes what the run has.
      asked_examples: Images to copy into the export, for each role; see `example_count`. They are
        of `data`, or else held out by the run.

    Returns:
      The version's folder.

    Raises:
      UserError: The folder cannot be written, or the examples that the user asked for are not
        available.
    """
    translator = run.translator
    count = example_count.number(asked_examples, run.config, bool(data))
    images = sources.open_images(data, run.config) if data else None
    # Before the export, and apart from it: this may write averages into the run folder.
    with files.writing(f"The run folder {run.folder}", "make it writable, or export a copy of it"):
        description = run_description.describe(run, images)
    available = images or (examples.held_out(run, asked_examples) if count else None)
    chosen = examples.choose(translator, available, count, asked_examples) if available else {}
    try:
        with files.temporary_folder(output) as temporary:
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
            model_card.write(
                model, described, run, loading.code_for_saved_model(described.examples)
            )
            described = dataclasses.replace(described, files=manifest.checksums(model))
            files.write_json(model / manifest.FILE_NAME, described.to_json())
            return _as_next_version(model, output)
    except (OSError, tf.errors.OpError) as error:
        raise UserError(
            f"{output} cannot be written ({str(error).splitlines()[0]}); free space there or name "
            "another --output."
        ) from None


def _write_model(model: pathlib.Path, translator: Translator, resize: str, max_pixels: int) -> None:
    """Writes the SavedModel and, where they can be made, its warm-up records."""
    # Not tf.saved_model.save of a module with Keras 3 models: the C++ loader, and so TF
    # Serving, does not find their variables (docs/decisions.md, 24).
    archive = keras.export.ExportArchive()
    for name, endpoint in signatures.endpoints(translator, resize, max_pixels).items():
        archive.add_endpoint(name, endpoint.function, input_signature=endpoint.inputs)
    archive.write_out(str(model), verbose=False)
    warmup.write(model, translator.image_size, translator.style_dim)


def _as_next_version(model: pathlib.Path, output: pathlib.Path) -> pathlib.Path:
    """Renames a finished model to the number after the largest."""
    version = max(version_numbers.versions_in(output), default=0) + 1
    while True:
        target = output / str(version)
        try:
            model.rename(target)
            return target
        except OSError:
            if not target.exists():
                raise
            version += 1  # another export took the number in between


def _signatures(model: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The inputs and outputs of every signature: {name: dtype and shape}, read from the file."""
    content = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    listed = {}
    for name, signature in content.meta_graphs[0].signature_def.items():
        if name.startswith("__"):
            continue
        listed[name] = {
            side: {
                key: {
                    "dtype": tf.as_dtype(info.dtype).name,
                    "shape": [d.size if d.size >= 0 else None for d in info.tensor_shape.dim],
                }
                for key, info in sorted(getattr(signature, side).items())
            }
            for side in ("inputs", "outputs")
        }
    return listed
