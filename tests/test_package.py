"""The package as users get it: a wheel, installed outside the checkout."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.conftest import TINY
from tunit_tf import __version__

# Runs command lines, each a list of words, as processes of their own, after one import of
# TensorFlow; its graph optimizer, which would take most of the time, is off.
RUN_ALL = """
import json, os, runpy, sys
import tensorflow as tf
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
for words in json.loads(sys.argv[1]):
    process = os.fork()
    if not process:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
        sys.exit()
    if os.waitpid(process, 0)[1]:
        sys.exit(f"{words} failed")
"""
ROOT = pathlib.Path(__file__).parent.parent
SECONDS = 300


def finish(*command, folder):
    """Runs a command in a folder, without the checkout on its path; returns its output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The bin/ of an environment with the wheel, and with what the tests' environment has."""
    root = tmp_path_factory.mktemp("package")
    source = root / "source"  # a build writes beside what it builds
    for folder in ("tunit_tf", "export"):
        shutil.copytree(ROOT / folder, source / folder)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ("wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", root, source)
    finish(sys.executable, "-m", "pip", *build, folder=root)
    (wheel,) = root.glob("*.whl")
    finish(sys.executable, "-m", "venv", "--without-pip", root / "venv", folder=root)
    scripts = root / "venv" / "bin"
    target = ("--python", scripts / "python", "install", "--no-deps", "--quiet", wheel)
    finish(sys.executable, "-m", "pip", *target, folder=root)
    (packages,) = (root / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return scripts


def test_the_wheel_trains_translates_and_reports_outside_the_checkout(installed, tmp_path):
    show = "import tunit_tf; print(tunit_tf.__file__, tunit_tf.__version__)"
    found = finish(installed / "python", "-c", show, folder=tmp_path)
    assert str(ROOT) not in found
    assert found.split()[1] == __version__

    settings = {**TINY, "progress": "false", "run_dir": "run", "cache_dir": "cache"}
    shapes, looks = ROOT / "docs" / "images" / "shapes", ROOT / "docs" / "images" / "looks"
    flags = {
        "tunit-train": settings,
        "tunit-translate": {
            "run_dir": "run", "source": shapes, "reference": looks / "reef.png", "output": "out",
        },
        "tunit-evaluate": {
            "run_dir": "run", "features": "random_conv64", "num_translations": 8,
        },
    }  # fmt: skip
    words = [
        [str(installed / script), *(f"--{name}={value}" for name, value in given.items())]
        for script, given in flags.items()
    ]
    printed = finish(installed / "python", "-c", RUN_ALL, json.dumps(words), folder=tmp_path)
    assert "Wrote 4 files to out" in printed
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
    assert (tmp_path / "run" / "report" / "index.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    "command",
    [
        "tunit-train",
        "tunit-evaluate",
        "tunit-translate",
        "tunit-suggest-domains",
        "tunit-import",
        "tunit-export-saved-model",
        "tunit-export-tflite",
        "tunit-export-onnx",
    ],
)
def test_help_lists_the_flags_and_does_not_wait_for_tensorflow(installed, tmp_path, command):
    shown = subprocess.run(
        [installed / command, "--help"],
        cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONPROFILEIMPORTTIME": "1"},
    )  # fmt: skip
    assert shown.returncode == 0, shown
    assert "--data" in shown.stdout
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "tunit_tf.cli" in imported
    assert not imported & {"tensorflow", "keras", "scipy", "sklearn", "matplotlib"}
