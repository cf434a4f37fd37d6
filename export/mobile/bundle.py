"""Writes the folder of a pair: its variants, measured, and the manifest; all of it or nothing."""

import json
import pathlib
from typing import Any, NamedTuple

import numpy as np

from export import manifest, run_description
from export.manifest import FORMAT, MobileManifest, Variant
from export.mobile import conversion, graphs, metadata, quality, quantization
from export.mobile.conversion import ENCODE, GENERATE, ROLES
from export.mobile.quantization import CALIBRATED
from export.mobile.runtime import Pair
from tunit_tf.config import Config
from tunit_tf.data import sources
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import plots
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.inference.translator import Translator
from tunit_tf.io import files, pixels

VALUE_RANGE = (-1.0, 1.0)
COMPARISON = "comparison.png"
BENCHMARK = "benchmark.md"  # left by export.benchmark
COMPARED = 6  # rows of the picture
AUTHOR = "made with tunit_tf"


class Options(NamedTuple):
    """What is written and how it is judged.

    Attributes:
      variants: Of `quantization.VARIANTS`.
      min_psnr: dB, below which a variant is not shipped.
      data: Images to measure on, as --data; '' takes the run's held-out ones.
      calibration_images: Images to calibrate on, as --data; '' takes the run's training images.
      calibration_steps: Number of pairs of images seen in calibration.
      quality_images: Held-out images that are translated for PSNR and SSIM.
      title, description: The model in words for people; '' derives them from the config.
    """

    variants: tuple[str, ...] = tuple(quantization.VARIANTS)
    min_psnr: float = 30.0
    data: str = ""
    calibration_images: str = ""
    calibration_steps: int = 64
    quality_images: int = 32
    title: str = ""
    description: str = ""


def write(run: TrainedRun, output: pathlib.Path, options: Options) -> MobileManifest:
    """Writes a pair of files for every variant, `manifest.json` and a picture that compares them.

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
    _check_replaceable(output)
    try:
        with files.temporary_folder(output.parent) as temporary:
            new = temporary / "new"
            new.mkdir()
            written = _export(run, new, options)
            _replace(output, new)
    except OSError as error:
        raise UserError(
            f"{output} cannot be written ({error.strerror or error}); free space there or name "
            "another --output."
        ) from None
    return written


def _export(run: TrainedRun, folder: pathlib.Path, options: Options) -> MobileManifest:
    """`write`, into an empty folder."""
    translator = run.translator
    held_out = _images(run.config, options.data, "validation")
    if len(held_out) < 2:
        raise UserError(
            "There are fewer than two held-out images to measure the variants on; name some with "
            "--data=FOLDER."
        )
    pairs = quality.translated_by_networks(
        translator, held_out.sample(options.quality_images).pixels()
    )
    floats = float_pair(translator)
    variants, drawn = {}, {}
    described = run_description.describe(run, options.data, options.title, options.description)
    for variant in options.variants:
        contents = _quantized(run, floats, variant, options)
        drawn[variant] = quality.translate(Pair(contents[ENCODE], contents[GENERATE]), pairs)
        measured = quality.compare(drawn[variant], pairs.translated)
        shipped = _judge(variant, measured, options.min_psnr)
        names: dict[str, Any] = {}
        for signature, content in contents.items() if shipped else ():
            names[ROLES[signature]] = name = f"{ROLES[signature]}_{variant}.tflite"
            content = metadata.add(content, _description(described, signature, variant))
            (folder / name).write_bytes(content)
        variants[variant] = Variant(
            purpose=quantization.VARIANTS[variant],
            shipped=shipped,
            **{k: round(v, 6) for k, v in measured._asdict().items()},
            **names,
        )
    pixels.save_png(folder / COMPARISON, _comparison(pairs, drawn))
    written = MobileManifest(
        **described,
        resize="crop",
        signatures=_signatures(translator),
        variants=variants,
        recommended=_recommended(variants),
        quality_images=len(pairs.sources),
        min_psnr=options.min_psnr,
        files=manifest.checksums(folder),
    )
    files.write_json(folder / manifest.FILE_NAME, written.to_json())
    return written


def float_pair(translator: Translator) -> dict[str, bytes]:
    """{signature: float32 .tflite file} of the phone's graphs."""
    shapes = conversion.input_shapes(translator)
    functions = {
        ENCODE: graphs.encoder(translator.guiding),
        GENERATE: graphs.generator(translator.generator),
    }
    return {
        name: conversion.convert(function, name, shapes[name])
        for name, function in functions.items()
    }


def _quantized(
    run: TrainedRun, floats: dict[str, bytes], variant: str, options: Options
) -> dict[str, bytes]:
    """{signature: file} of a variant."""
    samples = {ENCODE: [], GENERATE: []}
    if variant == CALIBRATED:
        translator = run.translator
        known = _images(run.config, options.calibration_images, "train")
        seen = known.sample(options.calibration_steps).pixels()
        styles = np.roll(translator.style(seen), 1, axis=0)
        x = pixels.from_bytes(seen)[:, None]
        samples[ENCODE] = [{"image": image} for image in x]
        samples[GENERATE] = [
            {"image": image, "style": style[None]} for image, style in zip(x, styles, strict=True)
        ]
    return {
        signature: quantization.quantize(content, variant, signature, samples[signature])
        for signature, content in floats.items()
    }


def _images(config: Config, data: str, part: str) -> ImageSet:
    try:
        return sources.open_images(data, config) if data else getattr(sources.load(config), part)
    except UserError as error:
        raise UserError(
            f"The run's own images are not at hand; name some with --data=FOLDER and "
            f"--calibration_images=FOLDER. ({error})"
        ) from None


def _judge(variant: str, measured: quality.Quality, min_psnr: float) -> bool:
    """Whether a variant is shipped; only the calibrated one may be left out."""
    good = measured.psnr >= min_psnr
    if not good and variant != CALIBRATED:
        raise UserError(
            f"{variant} is too far from the networks: PSNR {measured.psnr:.1f} dB is below "
            f"--min_psnr={min_psnr:g}. Leave it out of --variants, or allow less."
        )
    return good


def _signatures(translator: Translator) -> dict:
    """{signature: its inputs and outputs with their shapes}; everything is float32."""
    shapes = conversion.input_shapes(translator)
    outputs = {
        ENCODE: {
            "style": (1, translator.style_dim),
            "domain_probabilities": (1, translator.num_domains),
        },
        GENERATE: {"translated": shapes[GENERATE]["image"]},
    }
    return {
        name: {
            "inputs": {k: list(shape) for k, shape in shapes[name].items()},
            "outputs": {k: list(shape) for k, shape in outputs[name].items()},
        }
        for name in shapes
    }


def _recommended(variants: dict[str, Variant]) -> dict[str, str]:
    """{what runs the model: the best of the variants that are shipped}."""
    shipped = [variant for variant, entry in variants.items() if entry.shipped]
    return {
        lane: next((v for v in wanted if v in shipped), "")
        for lane, wanted in quantization.BEST_FOR.items()
    }


def _description(described: dict, signature: str, variant: str) -> metadata.Description:
    low, high = VALUE_RANGE
    size = described["image_size"]
    unit = (-1.0, 1.0) if described["style_on_unit_sphere"] else None

    def image(text: str) -> metadata.Tensor:
        return metadata.Tensor(text, image_size=size, value_range=(low, high))

    style = metadata.Tensor("Style code: a look, computed once for a reference.", value_range=unit)
    if signature == ENCODE:
        text = "Style code and pseudo-domain of an image (TUNIT's guiding network)."
        labels = tuple(f"domain {k}" for k in range(described["num_domains"]))
        tensors = {
            "image": image("Square RGB picture whose look is wanted, in [-1, 1]."),
            "style": style,
            "domain_probabilities": metadata.Tensor(
                "Probability of every pseudo-domain.", value_range=(0.0, 1.0), labels=labels
            ),
        }
    else:
        text = "Redraws an image in a style (TUNIT's generator)."
        tensors = {
            "image": image("Square RGB picture to redraw, in [-1, 1]."),
            "style": style,
            "translated": image("The picture redrawn, in [-1, 1]."),
        }
    step = json.dumps(described["step"])
    return metadata.Description(
        name=f"TUNIT {ROLES[signature]}, {variant}",
        text=f"{text} {size} px, step {step}.",
        version=f"{FORMAT}.{step}",
        author=AUTHOR,
        licence=described["licence"] or "not stated",
        tensors=tensors,
    )


def _comparison(pairs: quality.Pairs, drawn: dict[str, np.ndarray]) -> np.ndarray:
    """Sources, references and translations of every variant, with column titles."""
    columns = {
        "source": pairs.sources,
        "reference": pairs.references,
        "networks": pixels.to_bytes(pairs.translated),
        **{variant: pixels.to_bytes(translated) for variant, translated in drawn.items()},
    }
    return plots.columns({name: column[:COMPARED] for name, column in columns.items()})


def _check_replaceable(output: pathlib.Path) -> None:
    """Raises UserError unless a folder is empty or holds nothing but an earlier export."""
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"--output={output} is a file; name a folder.")
    found = {path.name for path in output.iterdir()}
    if not found:
        return
    try:
        ours = {manifest.FILE_NAME, BENCHMARK, *manifest.read_mobile(output).files}
    except UserError:
        ours = set()
    foreign = sorted(found - ours)
    if foreign:
        raise UserError(
            f"--output={output} holds other files ({', '.join(foreign[:5])}), which an export "
            "would replace; name a new folder."
        )


def _replace(output: pathlib.Path, new: pathlib.Path) -> None:
    """Puts a finished folder in the place of an old one, which goes where the new one was."""
    old = new.with_name("old")
    if output.exists():
        output.rename(old)
    try:
        new.rename(output)
    except OSError:
        if old.exists():
            old.rename(output)
        raise


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
