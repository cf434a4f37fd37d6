"""Variants of exported pairs, timed side by side with the graphs that a plain export gives."""

import pathlib
import statistics
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from export.manifest import MobileManifest
from export.mobile import conversion, timing
from export.mobile.conversion import ENCODE, GENERATE, ROLES
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.networks import from_config
from tunit_tf.networks.layers import UpsampleConv2D, pad_pixels

BASELINE = "default graph"  # float32, as the converter makes it of the textbook layers
THREADS = [1, 2]
Files = dict[str, dict[str, pathlib.Path]]  # {variant: {signature: file}}


class _TextbookUpsampleConv2D(UpsampleConv2D):
    """Nearest-neighbor x2, then the convolution: twice the operations, and equal."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`(B, H, W, C)` to `(B, 2H, 2W, filters)`."""
        x = pad_pixels(tf.repeat(tf.repeat(inputs, 2, axis=1), 2, axis=2), 2, "REFLECT")
        return keras.layers.Conv2D.call(self, x)


class Exported(NamedTuple):
    """A run, the folder that it was exported to, and the manifest there."""

    run: TrainedRun
    folder: pathlib.Path
    manifest: MobileManifest


def default_pair(run: TrainedRun) -> dict[str, bytes]:
    """{signature: float32 .tflite file} of the networks as they are, convolutions not folded."""
    translator = run.translator
    generator = from_config.generator(run.config, "float32")
    for ours, theirs in zip(generator.variables, translator.generator.variables, strict=True):
        ours.assign(theirs)
    for layer in generator.ups:
        layer.__class__ = _TextbookUpsampleConv2D

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        output = translator.guiding(image, training=False)
        return {
            "style": output.style,
            "domain_probabilities": tf.nn.softmax(output.domain_logits),
        }

    def generate(image: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"translated": generator(image, style)}

    shapes = conversion.input_shapes(translator)
    return {
        name: conversion.convert(function, name, shapes[name])
        for name, function in ((ENCODE, encode), (GENERATE, generate))
    }


def measure(
    exports: list[Exported], rounds: int, repeats: int, note: Callable[[str], None]
) -> list[dict]:
    """Times all variants in turns, so that a slow minute affects all of them alike.

    Args:
      exports: What was exported.
      rounds: How often every file is loaded, each time in a new process.
      repeats: Runs per round and number of threads.
      note: Called with what is being measured.

    Returns:
      A row for every variant of every export, the baseline first; milliseconds, MB, dB.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = [_files(export, pathlib.Path(scratch) / str(i)) for i, export in enumerate(exports)]
        timings: list[dict[str, dict[str, list]]] = [
            {variant: {s: [] for s in ROLES} for variant in found} for found in files
        ]
        for i in range(rounds):
            for export, found, times in zip(exports, files, timings, strict=True):
                for variant, paths in found.items():
                    size = export.manifest.image_size
                    note(f"round {i + 1} of {rounds}: {size} px, {variant}")
                    for signature, path in paths.items():
                        times[variant][signature].append(
                            timing.measure(path, signature, THREADS, repeats)
                        )
        return [
            _row(export.manifest, variant, paths, times[variant])
            for export, found, times in zip(exports, files, timings, strict=True)
            for variant, paths in found.items()
        ]


def _files(export: Exported, scratch: pathlib.Path) -> Files:
    """The files of an export's variants, and those of the baseline, which are written."""
    scratch.mkdir()
    files: Files = {BASELINE: {}}
    for signature, content in default_pair(export.run).items():
        files[BASELINE][signature] = scratch / f"{signature}.tflite"
        files[BASELINE][signature].write_bytes(content)
    for variant, entry in export.manifest.variants.items():
        if entry.shipped:
            files[variant] = {s: export.folder / getattr(entry, role) for s, role in ROLES.items()}
    return files


def _row(exported: MobileManifest, variant: str, paths: dict, timings: dict) -> dict:
    entry = exported.variants.get(variant)
    row: dict[str, Any] = {
        "size": exported.image_size,
        "variant": variant,
        "psnr": entry.psnr if entry else None,
    }
    for signature, role in ROLES.items():
        runs = timings[signature]
        row[role] = {
            "megabytes": paths[signature].stat().st_size / 1e6,
            "load": statistics.median(run.load for run in runs),
            "latency": {
                count: statistics.median(t for run in runs for t in run.latencies[count])
                for count in THREADS
            },
            "peak": max(run.peak for run in runs),
            "partitions": runs[0].partitions,
        }
    return row


def table(rows: list[dict]) -> str:
    """The rows as Markdown; encoder + generator in each cell that has two."""
    lines = [
        "| px | variant | MB | load ms | ms, 1 thread | ms, 2 threads | times faster, 1 thread "
        "| peak MB | partitions | PSNR dB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["variant"] == BASELINE:
            first = _together(row)
        parts = [row[role] for role in ROLES.values()]
        megabytes = [part["megabytes"] for part in parts]
        cells = [
            str(row["size"]),
            row["variant"],
            f"{megabytes[0]:.2f} + {megabytes[1]:.2f} = {sum(megabytes):.2f}",
            " + ".join(f"{part['load']:.0f}" for part in parts),
            *(" + ".join(f"{part['latency'][count]:.1f}" for part in parts) for count in THREADS),
            f"{first / _together(row):.2f}",
            " + ".join(f"{part['peak']:.0f}" for part in parts),
            " + ".join(str(part["partitions"]) for part in parts),
            "-" if row["psnr"] is None else f"{row['psnr']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _together(row: dict) -> float:
    """Milliseconds of encoder and generator on one thread."""
    return sum(row[role]["latency"][1] for role in ROLES.values())
