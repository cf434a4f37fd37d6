"""Writes the folder of a pair: its variants, measured, and the manifest; all of it or nothing."""

import dataclasses
import pathlib
from typing import Any

from export import example_count, examples, loading, manifest, model_card, run_description
from export.manifest import MobileManifest, Variant
from export.mobile import (
    file_description,
    metadata,
    quality,
    quantization,
    replacement,
    run_images,
    summary,
    variants,
)
from export.mobile.conversion import ROLES
from export.mobile.options import VARIANTS, Options
from export.mobile.quantization import CALIBRATED
from export.mobile.run_images import RunImages
from export.mobile.variants import Candidate
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files, pixels

COMPARISON = "comparison.png"


def write(run: TrainedRun, output: pathlib.Path, options: Options) -> MobileManifest:
    """Writes a pair of files for every variant, `manifest.json` and a picture that compares them.

    The picture shows held-out images, so it is left out where the license of the run bars examples.

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
    output = output.resolve()  # a link to a folder stays a link
    replacement.check(output)
    count = example_count.number(options.examples, run.config, bool(options.data))
    with (
        files.writing(str(output), "free space there or name another --output"),
        files.temporary_folder(output.parent) as temporary,
    ):
        new = temporary / "new"
        new.mkdir()
        written = _export(run, new, options, count)
        files.replace_folder(output, new)
    return written


def _export(run: TrainedRun, folder: pathlib.Path, options: Options, count: int) -> MobileManifest:
    """Does what `write` does, into an empty folder, with `count` examples of each role."""
    images = run_images.open_images(
        run, options.data, options.calibration_images, CALIBRATED in options.variants
    )
    chosen = examples.choose(run.translator, images.held_out, count, options.examples)
    pairs = quality.translated_by_networks(
        run.translator, images.held_out.sample(options.quality_images).pixels()
    )
    candidates = _candidates(run, images, pairs, options)
    described = run_description.describe(run, images.named, options.title, options.description)
    entries = {
        variant: _write_variant(folder, variant, candidate, described)
        for variant, candidate in candidates.items()
    }
    translated = {variant: candidate.translated for variant, candidate in candidates.items()}
    if not example_count.are_barred(run.config, bool(options.data)):
        pixels.save_png(folder / COMPARISON, summary.picture(pairs, translated))
    shown = examples.write(folder, chosen)
    written = MobileManifest(
        **described,
        examples=shown,
        resize="crop",
        signatures=file_description.signatures(run.translator),
        variants=entries,
        recommended=_recommended(entries),
        quality_images=len(pairs.sources),
        min_psnr=options.min_psnr,
        files=manifest.checksums(folder),
    )
    shipped = [entry for entry in entries.values() if entry.shipped]
    loaded = entries.get(written.recommended["cpu"], shipped[0] if shipped else None)
    model_card.write(
        folder, written, run, loading.code_for_pair(loaded, written.image_size, shown),
        summary.table(written),
    )  # fmt: skip
    written = dataclasses.replace(written, files=manifest.checksums(folder))  # with the card
    files.write_json(folder / manifest.FILE_NAME, written.to_json())
    return written


def _candidates(
    run: TrainedRun, images: RunImages, pairs: quality.Pairs, options: Options
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
        description = file_description.describe(described, signature, variant)
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
