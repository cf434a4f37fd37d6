"""Settings of the exports, which are flags; no import here makes `--help` wait for TensorFlow."""

import dataclasses

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError

MAX_EXAMPLES = 32
EXAMPLES = "Held-out images to copy into the export, as many to redraw as to take looks from."
VARIANTS = {
    "float32": "the reference",
    "float16": "weights as float16, for GPUs",
    "dynamic_int8": "weights as int8, activations quantized at run time, for CPUs and browsers",
    "weight_int8": "weights as int8, computed in float32",
    "static_int8": "convolutions in int8 with fixed ranges, norms in float32, for NPUs",
}


@dataclasses.dataclass(frozen=True)
class Options:
    """What a pair is exported with, and how it is judged; flags of `export.tflite`."""

    variants: tuple[str, ...] = setting(tuple(VARIANTS), "Variants to write, separated by commas.")
    min_psnr: float = setting(
        30.0, "Minimum PSNR of a variant in dB; one below it is not shipped.", Bounds(0, 1000)
    )
    data: str = setting("", "Images to measure on; '' takes the run's held-out ones.")
    calibration_images: str = setting(
        "", "Images to calibrate static_int8 on; '' uses --data if given, else the run's."
    )
    calibration_steps: int = setting(64, "Pairs of images seen in calibration.", Bounds(2, 10**6))
    quality_images: int = setting(
        32, "Held-out images translated for PSNR and SSIM.", Bounds(2, 10**6)
    )
    title: str = setting("", "Title of the model; '' is made from the run.")
    description: str = setting("", "A sentence on the model for people; '' is made from the run.")
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
        check_bounds(self)


@dataclasses.dataclass(frozen=True)
class WeightsOptions:
    """What a weights folder is written with; flags of `export.weights`."""

    title: str = setting("", "Title of the model; '' is made from the run.")
    description: str = setting("", "A sentence on the model for people; '' is made from the run.")
    half: bool = setting(True, "Write kernels as float16, half the size, instead of float32.")
    license_file: str = setting("", "Text of the license, copied as LICENSE.")
    example_pictures: str = setting(
        "", "Folder of pictures to redraw that are copied; their names become captions."
    )
    example_looks: str = setting(
        "", "Folder of pictures to take looks from that are copied; their names become captions."
    )
