"""Writes a weights folder: networks, config, styles, examples, card and manifest, or nothing."""

import dataclasses
import pathlib
import shutil
from typing import Any

from export import examples, manifest, model_card, run_description
from export.manifest import WeightsManifest
from export.options import WeightsOptions
from tunit_tf.config import FIELDS, RUNTIME_FIELDS, Config
from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles, run_folder, weights_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files
from tunit_tf.io.output_folder import OutputFolder

LICENSE = "LICENSE"
# Runtime fields that describe the model rather than the machine that trained it.
KEPT = {"license", "detail", "joint_steps"}


def write(run: TrainedRun, output: pathlib.Path, options: WeightsOptions) -> WeightsManifest:
    """Writes a run as a weights folder.

    Args:
      run: The run.
      output: Folder; an earlier export there is replaced.
      options: See `WeightsOptions`.

    Returns:
      The manifest.

    Raises:
      UserError: The discriminator cannot be read, there are no images to measure the domains'
        styles on, an option names a file that is missing, or the folder cannot be written.
    """
    license_file = options.path("license_file") if options.license_file else None
    if license_file and not license_file.is_file():
        raise UserError(f"--license_file={options.license_file} is not a file; name the text.")
    with OutputFolder(output, WeightsManifest.command, "output").replacing() as new:
        chosen = examples.named(
            options.example_pictures, options.example_looks, run.translator.image_size
        )
        config = _published(run.config)
        weights = run_folder.read_weights(run.folder, options.checkpoint)
        styles = domain_styles.load_or_measure(run)
        files.write_bytes(new / run_folder.CONFIG, (config.to_json() + "\n").encode())
        weights_folder.write(new, weights, half=options.half)
        files.write_bytes(new / run_folder.STYLES, styles.to_bytes(weights.step))
        if license_file:
            shutil.copyfile(license_file, new / LICENSE)
        shown = examples.write(new, chosen)
        described = WeightsManifest(
            **run_description.describe(
                dataclasses.replace(run, config=config),
                title=options.title,
                description=options.description,
            ),
            examples=shown,
            resize="crop",
            files=manifest.checksums(new),
        )
        return model_card.finish(new, described, run, model_card.code_for_weights(shown))


def _published(config: Config) -> Config:
    """The config without the paths and habits of the machine that trained it."""
    defaults: dict[str, Any] = {
        name: field.default
        for name, field in FIELDS.items()
        if name in RUNTIME_FIELDS and name not in KEPT
    }
    paths: dict[str, Any] = {
        name: pathlib.PurePath(getattr(config, name)).name
        for name in ("data", "validation_data", "init_from")
        if not getattr(config, name).startswith("tfds:")
    }
    return dataclasses.replace(config, **defaults, **paths)
