"""Writes the folder of a pair: its variants, measured, and the manifest; all of it or nothing."""

import dataclasses
import functools
import pathlib
from typing import Any

import numpy as np

from export import examples, manifest, model_card, run_description
from export.manifest import MobileManifest, Variant
from export.mobile import metadata, quantization, variants
from export.mobile.quantization import CALIBRATED
from export.mobile.runtime import ROLES
from export.mobile.variants import Candidate, Pairs
from export.options import VARIANTS, Options
from tunit_tf.data import sources
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import plots
from tunit_tf.inference import weights_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels
from tunit_tf.io.output_folder import OutputFolder

COMPARED = 6  # rows of the picture that compares the variants
COMPARISON = "comparison.png"


@dataclasses.dataclass(frozen=True)
class RunImages:
    """The images of an export, by their use.

    Attributes:
      held_out: Translated for the scores of the variants.
      calibration: Training images, or those that the user named; None if nothing is calibrated.
      named: Images that the user named to measure on; None for those of the run.
    """

    held_out: ImageSet
    calibration: ImageSet | None
    named: ImageSet | None


def write(run: TrainedRun, output: pathlib.Path, options: Options) -> MobileManifest:
    """Writes a pair of files for every variant, `manifest.json` and a picture that compares them.

    The picture shows held-out images, so it is written only if the user asks for examples.

    Args:
      run: The run.
      output: Folder; an earlier export there is replaced.
      options: See `Options`.

    Returns:
      The manifest.

    Raises:
      UserError: There are no images to measure on, a variant is too far from the networks, or the
        folder cannot be written.
    """
    with OutputFolder(output, MobileManifest.command, "output").replacing() as new:
        return _export(run, new, options)


def _export(run: TrainedRun, folder: pathlib.Path, options: Options) -> MobileManifest:
    """Does what `write` does, into an empty folder."""
    images = open_images(
        run, options.data, options.calibration_images, CALIBRATED in options.variants
    )
    chosen = examples.of_run(run, images.held_out, options.examples)
    pairs = variants.translated_by_networks(
        run.translator, images.held_out.sample(options.quality_images).pixels()
    )
    candidates = _candidates(run, images, pairs, options)
    described = run_description.describe(run, images.named, options.title, options.description)
    entries = {
        variant: _write_variant(folder, variant, candidate, described)
        for variant, candidate in candidates.items()
    }
    translated = {variant: candidate.translated for variant, candidate in candidates.items()}
    if chosen:
        pixels.save_png(folder / COMPARISON, picture(pairs, translated))
    shown = examples.write(folder, chosen)
    written = MobileManifest(
        **described,
        examples=shown,
        resize="crop",
        signatures=metadata.signatures(run.translator),
        variants=entries,
        recommended=_recommended(entries),
        quality_images=len(pairs.sources),
        min_psnr=options.min_psnr,
        files=manifest.checksums(folder),
    )
    shipped = [entry for entry in entries.values() if entry.shipped]
    loaded = entries.get(written.recommended["cpu"], shipped[0] if shipped else None)
    loading = model_card.code_for_pair(loaded, written.image_size, shown)
    return model_card.finish(folder, written, run, loading, table(written))


def _candidates(
    run: TrainedRun, images: RunImages, pairs: Pairs, options: Options
) -> dict[str, Candidate]:
    """{variant: its files and scores}."""
    samples: variants.Samples = {}
    if images.calibration is not None:
        seen = images.calibration.sample(options.calibration_steps).pixels()
        samples = variants.calibration_samples(run.translator, seen)
    floats = variants.float_pair(run.translator, pairs.sources)
    return {
        variant: variants.make(variant, floats, samples, pairs, options.min_psnr)
        for variant in dict.fromkeys(options.variants)
    }


def _write_variant(
    folder: pathlib.Path, variant: str, candidate: Candidate, described: dict[str, Any]
) -> Variant:
    """Writes the files of a variant that is shipped; returns its entry in the manifest."""
    names: dict[str, Any] = {}
    for signature, content in candidate.files.items() if candidate.shipped else ():
        names[ROLES[signature]] = name = f"{ROLES[signature]}_{variant}.tflite"
        description = metadata.describe(described, signature, variant)
        (folder / name).write_bytes(metadata.add(content, description))
    return Variant(
        purpose=VARIANTS[variant],
        shipped=candidate.shipped,
        **{name: round(value, 6) for name, value in candidate.quality._asdict().items()},
        **names,
    )


def _recommended(entries: dict[str, Variant]) -> dict[str, str]:
    """{what runs the model: the best of the variants that are shipped, or ''}."""
    shipped = [variant for variant, entry in entries.items() if entry.shipped]
    return {
        lane: next((v for v in wanted if v in shipped), "")
        for lane, wanted in quantization.BEST_FOR.items()
    }


def open_images(
    run: TrainedRun, data: str = "", calibration_images: str = "", calibrates: bool = True
) -> RunImages:
    """Opens the images for an export.

    Args:
      run: The run; its recorded split is used.
      data: Images to measure on, as --data; '' takes the run's held-out ones, or the examples of a
        weights folder.
      calibration_images: Images to calibrate on, as --data; '' takes `data` or, without it, the
        run's training images.
      calibrates: Whether a variant needs calibration.

    Raises:
      UserError: They cannot be opened, or fewer than two are there to measure on.
    """

    @functools.cache
    def named(name: str) -> ImageSet:
        return sources.open_images(name, run.config)

    is_named = bool(data)
    # A weights folder has no images but its examples.
    data = data or (str(run.folder) if weights_folder.is_one(run.folder) else "")
    try:
        held_out = named(data) if data else run.split.validation
        calibration = None
        if calibrates:
            calibrated_on = calibration_images or data
            calibration = named(calibrated_on) if calibrated_on else run.split.train
    except UserError as error:
        raise UserError(
            f"The images to measure and calibrate on cannot be opened; name some with "
            f"--data=FOLDER and --calibration_images=FOLDER. ({error})"
        ) from None
    if len(held_out) < 2:
        raise UserError(
            "There are fewer than two held-out images to measure the variants on; name some with "
            "--data=FOLDER."
        )
    return RunImages(held_out, calibration, held_out if is_named else None)


def picture(pairs: Pairs, translated: dict[str, np.ndarray]) -> np.ndarray:
    """Sources, references and translations by the networks and by every variant, in columns.

    Args:
      pairs: What was translated.
      translated: {variant: float32 `(N, S, S, 3)` in [-1, 1]}.

    Returns:
      uint8 `(H, W, 3)`.
    """
    columns = {
        "source": pairs.sources,
        "reference": pairs.references,
        "networks": pixels.to_bytes(pairs.translated),
        **{variant: pixels.to_bytes(images) for variant, images in translated.items()},
    }
    return plots.columns({name: column[:COMPARED] for name, column in columns.items()})


def table(written: MobileManifest) -> str:
    """Sizes and scores of a manifest's variants, as Markdown."""
    lines = [
        "| variant | encoder MB | generator MB | PSNR dB | worst | SSIM | shipped |",
        "|---|---|---|---|---|---|---|",
    ]
    for variant, entry in written.variants.items():
        sizes = [
            f"{written.files[getattr(entry, role)].bytes / 1e6:.2f}" if entry.shipped else "-"
            for role in ROLES.values()
        ]
        scores = [f"{entry.psnr:.1f}", f"{entry.worst_psnr:.1f}", f"{entry.ssim:.4f}"]
        cells = [variant, *sizes, *scores, "yes" if entry.shipped else "no"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
