"""A tiny run, exported in both ways, and pictures of many kinds."""

import io
import pathlib

import numpy as np
import pytest
from PIL import Image

from tests import commands, session_folder
from tunit_tf.data import synthetic
from tunit_tf.io import pixels

commands.preload(
    "export.mobile.bundle",
    "export.onnx_pair",
    "export.serving.differences",
    "export.serving.file_translation",
    "export.serving.versions",
)

MAX_PIXELS = 40_000
PAIR_FLAGS = "--min_psnr=15", "--calibration_steps=8", "--quality_images=4", "--examples=4"


def encoded(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def pixels_of(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="session")
def exported(tiny_run, tmp_path_factory) -> pathlib.Path:
    """A version's folder; tests must not change it."""

    def fill(folder: pathlib.Path) -> None:
        flags = f"--output={folder}", f"--max_pixels={MAX_PIXELS}", "--examples=1"
        result = commands.run("export.saved_model", f"--run_dir={tiny_run}", *flags)
        assert result.returncode == 0, result.stderr
        assert f"Wrote {folder / '1'}" in result.stdout

    return session_folder.make(tmp_path_factory, "saved_model", fill) / "1"


@pytest.fixture(scope="session")
def pair_folder(tiny_run, tmp_path_factory) -> pathlib.Path:
    """All variants of a pair; tests must not change it."""

    def fill(folder: pathlib.Path) -> None:
        folders = f"--run_dir={tiny_run}", f"--output={folder / 'mobile'}"
        result = commands.run("export.tflite", *folders, *PAIR_FLAGS)
        assert result.returncode == 0, result.stderr
        assert "| dynamic_int8 |" in result.stdout

    return session_folder.make(tmp_path_factory, "pair", fill) / "mobile"


@pytest.fixture(scope="session")
def onnx_folder(tiny_run, tmp_path_factory) -> pathlib.Path:
    """A pair of ONNX files; tests must not change it."""

    def fill(folder: pathlib.Path) -> None:
        flags = f"--run_dir={tiny_run}", f"--output={folder / 'onnx'}", "--examples=2"
        result = commands.run("export.onnx", *flags, "--title=Shapes")
        assert result.returncode == 0, result.stderr
        assert "Largest difference from the networks:" in result.stdout

    return session_folder.make(tmp_path_factory, "onnx", fill) / "onnx"


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Eight pictures: sizes, formats and modes mixed."""
    squares = [Image.fromarray(image) for image in synthetic.generate(8, 48, 7).pixels()]
    return [
        encoded(squares[0], "JPEG", quality=95),
        encoded(squares[1].resize((90, 60)), "PNG"),
        encoded(squares[2].convert("L"), "PNG"),
        encoded(with_alpha(squares[3]), "PNG"),
        encoded(squares[4], "WEBP", lossless=True),
        encoded(squares[5].resize((40, 100)).quantize(64), "PNG"),
        encoded(squares[6].convert("L"), "JPEG"),
        encoded(squares[7], "JPEG", quality=95, progressive=True),
    ]


def with_alpha(image: Image.Image) -> Image.Image:
    """The image with its left half transparent."""
    image = image.convert("RGBA")
    alpha = np.full(image.size[::-1], 255, np.uint8)
    alpha[:, : image.width // 2] = 64
    image.putalpha(Image.fromarray(alpha))
    return image


@pytest.fixture(scope="session")
def squares_of():
    """A function from encoded pictures to the squares that Python's side makes of them."""

    def read(contents, size=32, resize="crop"):
        opened = [Image.open(io.BytesIO(content)) for content in contents]
        return np.stack([pixels.square(pixels.upright_rgb(o), size, resize) for o in opened])

    return read
