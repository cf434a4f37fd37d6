"""Writes the files that `tests/test_old_files.py` reads. Runs in a checkout of commit 1c93704.

    cd CHECKOUT_OF_1c93704
    PYTHONPATH=. python THIS_FILE commit_1c93704.tar.xz

A run folder of tiny networks, a SavedModel and two pairs of .tflite files, with the images that
went in and what that commit's code made of them.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from tunit_tf.translator import Translator

from export import versions
from export.mobile import folder
from export.mobile.runtime import Pair
from export.serving import c_api
from tests.conftest import TINY
from tunit_tf import images, trainer
from tunit_tf.config import Config
from tunit_tf.data import synthetic

VARIANTS = ("float32", "dynamic_int8")
CHANGES = {
    "run_dir": "run", "cache_dir": "cache", "guiding_width": 1 / 32, "ema_start": 100,
    "keep_checkpoints": 1, "sample_every": 1000, "evaluate_every": 1000, "log_every": 1,
}  # fmt: skip


def write(output: pathlib.Path) -> None:
    """Fills the current folder and packs it."""
    trainer.train(Config(**{**TINY, **CHANGES}).resolved())
    for name in ("best", "tensorboard", "samples"):
        shutil.rmtree(pathlib.Path("run") / name, ignore_errors=True)
    translator = Translator.load("run")
    versions.write(translator, pathlib.Path("saved_model"), "crop", 40_000)
    shutil.rmtree(pathlib.Path("saved_model") / "1" / "assets.extra")  # noise, for warming up
    options = folder.Options(variants=VARIANTS, min_psnr=10.0, quality_images=2)
    folder.write(translator, pathlib.Path("mobile"), options)
    (pathlib.Path("mobile") / "comparison.png").unlink()
    np.savez_compressed("expected.npz", **expected(translator))
    names = ["run", "saved_model", "mobile", "expected.npz"]
    subprocess.run(["tar", "--sort=name", "-cJf", output, *names], check=True)


def expected(translator: Translator) -> dict[str, np.ndarray]:
    """Inputs and outputs, by name."""
    squares = synthetic.generate(4, translator.image_size, 9).pixels()
    sources, references = squares[:2], squares[2:]
    found = {
        "sources": sources,
        "references": references,
        "style": translator.style(references),
        "translated": translator.translate(sources, references),
    }
    model = c_api.Model(pathlib.Path("saved_model") / "1")
    found["saved_model"] = model.run(
        "translate",
        {"image": images.from_bytes(sources), "reference": images.from_bytes(references)},
    )["translated"]
    for variant in VARIANTS:
        files = [pathlib.Path("mobile") / f"{r}_{variant}.tflite" for r in ("encoder", "generator")]
        pair = Pair(*files)
        found[variant] = np.stack(
            [
                pair.generate_float(source, pair.style(reference))
                for source, reference in zip(sources, references, strict=True)
            ]
        )
    return found


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        write(target)
