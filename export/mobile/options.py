"""What an export of a pair writes, and how it is judged; no heavy imports, for command lines."""

import dataclasses

from export.example_count import BY_LICENSE

VARIANTS = {
    "float32": "the reference",
    "float16": "weights as float16, for GPUs",
    "dynamic_int8": "weights as int8, activations quantized at run time, for CPUs and browsers",
    "weight_int8": "weights as int8, computed in float32",
    "static_int8": "convolutions in int8 with fixed ranges, norms in float32, for NPUs",
}


@dataclasses.dataclass(frozen=True)
class Options:
    """What is written and how it is judged.

    Attributes:
      variants: Some of `VARIANTS`.
      min_psnr: dB, below which a variant is not shipped.
      data: Images to measure on, as --data; '' takes the run's held-out ones.
      calibration_images: Images to calibrate on, as --data; '' takes the run's training images.
      calibration_steps: Number of pairs of images seen in calibration.
      quality_images: Held-out images that are translated for PSNR and SSIM.
      title: The model in a few words for people; '' derives them from the config.
      description: The model in a sentence for people; '' as above.
      examples: Held-out images to copy into the export, for each role; see `example_count`.
    """

    variants: tuple[str, ...] = tuple(VARIANTS)
    min_psnr: float = 30.0
    data: str = ""
    calibration_images: str = ""
    calibration_steps: int = 64
    quality_images: int = 32
    title: str = ""
    description: str = ""
    examples: int = BY_LICENSE
