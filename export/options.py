"""Settings of the exports, which are flags; no import here makes `--help` wait for TensorFlow."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tunit_tf.config import OfRun, setting
from tunit_tf.errors import Bounds, UserError

if TYPE_CHECKING:
    from tunit_tf.inference.trained_run import TrainedRun

MAX_EXAMPLES = 32
EXAMPLES = "Held-out images to copy into the export, as many to redraw as to take looks from."
OUTPUT = "Folder to write; replaces an old export."
DATA = "Images to measure the domains' styles on, if the run has none of its own."
VARIANTS = {
    "float32": "the reference",
    "float16": "weights as float16, for GPUs",
    "dynamic_int8": "weights as int8, activations quantized at run time, for CPUs and browsers",
    "weight_int8": "weights as int8, computed in float32",
    "static_int8": "convolutions in int8 with fixed ranges, norms in float32, for NPUs",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exported(OfRun):
    """What every export needs to know."""

    output: str = setting("", OUTPUT, path=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Described(Exported):
    """An export with words on its model for people."""

    title: str = setting("", "Title of the model; '' is made from the run.")
    description: str = setting("", "A sentence on the model for people; '' is made from the run.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Described):
    """What a pair is exported with, and how it is judged; flags of `export.tflite`."""

    output: str = setting("models/mobile", OUTPUT, path=True)
    variants: tuple[str, ...] = setting(tuple(VARIANTS), "Variants to write, separated by commas.")
    min_psnr: float = setting(
        30.0, "Minimum PSNR of a variant in dB; one below it is not shipped.", Bounds(0, 1000)
    )
    data: str = setting("", "Images to measure on, by default the run's held-out ones.", path=True)
    calibration_images: str = setting(
        "", "Images to calibrate static_int8 on, by default --data or else the run's.", path=True
    )
    calibration_steps: int = setting(64, "Pairs of images seen in calibration.", Bounds(2, 10**6))
    quality_images: int = setting(
        32, "Held-out images translated for PSNR and SSIM.", Bounds(2, 10**6)
    )
    examples: int = setting(0, EXAMPLES, Bounds(0, MAX_EXAMPLES))

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
          UserError: One is out of range, or a variant is unknown.
        """
        if not self.variants or set(self.variants) - set(VARIANTS):
            raise UserError(
                f"--variants must be among {','.join(VARIANTS)}; received "
                f"'{','.join(self.variants)}'."
            )
        super().__post_init__()


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightsOptions(Described):
    """What a weights folder is written with; flags of `export.weights`."""

    output: str = setting("models/weights", OUTPUT, path=True)
    half: bool = setting(True, "Write kernels as float16, half the size, instead of float32.")
    license_file: str = setting("", "Text of the license, copied as LICENSE.", path=True)
    example_pictures: str = setting(
        "",
        "Folder of pictures to redraw that are copied; their names become captions.",
        path=True,
    )
    example_looks: str = setting(
        "",
        "Folder of pictures to take looks from that are copied; their names become captions.",
        path=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnnxOptions(Described):
    """What a pair of ONNX files is written with; flags of `export.onnx`."""

    output: str = setting("models/onnx", OUTPUT, path=True)
    data: str = setting("", DATA, path=True)
    examples: int = setting(0, EXAMPLES, Bounds(0, MAX_EXAMPLES))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServingOptions(Exported):
    """What a SavedModel is written with; flags of `export.saved_model`."""

    output: str = setting(
        "models/tunit", "Folder of the model's versions, created if missing.", path=True
    )
    resize: str = setting("crop", "How pictures become squares.", choices=("crop", "stretch"))
    max_pixels: int = setting(  # 33 megapixels, 100 MB decoded
        2**25, "Largest picture that is decoded, in pixels.", Bounds(1, 10**9)
    )
    data: str = setting("", DATA, path=True)
    examples: int = setting(0, EXAMPLES, Bounds(0, MAX_EXAMPLES))


def load_run(request: Exported) -> "TrainedRun":
    """The run to export, with a warning if it is untrained. Raises UserError."""
    from tunit_tf.inference.trained_run import TrainedRun  # not before a wrong flag is named

    run = TrainedRun.load(request.path("run_dir"), request.checkpoint)
    run.warn_if_untrained()
    return run


@contextlib.contextmanager
def extra(name: str) -> Iterator[None]:
    """Names the requirements that an import in its block lacks, those of the extra `name`.

    Raises:
      UserError: A module is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"This command needs {error.name}, which is not installed: "
            f"pip install -r requirements-{name}.txt."
        ) from None


def wrote(folder: pathlib.Path, license: str | None) -> str:
    """The last line of an export command: what was written, its size and its license."""
    megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return f"Wrote {folder} ({megabytes:.1f} MB){f', license: {license}' if license else ''}."
