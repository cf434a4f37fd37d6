"""What an export of a pair writes, and how it is judged; no heavy imports, for command lines."""

import dataclasses

from export import example_count
from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError

VARIANTS = {
    "float32": "the reference",
    "float16": "weights as float16, for GPUs",
    "dynamic_int8": "weights as int8, activations quantized at run time, for CPUs and browsers",
    "weight_int8": "weights as int8, computed in float32",
    "static_int8": "convolutions in int8 with fixed ranges, norms in float32, for NPUs",
}


@dataclasses.dataclass(frozen=True)
class Options:
    """What is written and how it is judged; every field is a flag of `export/tflite.py`."""

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
    examples: int = setting(example_count.BY_LICENSE, example_count.HELP, example_count.BOUNDS)

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
