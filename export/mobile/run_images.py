"""The images that an export measures and calibrates on; every set is opened once."""

import dataclasses
import functools

from tunit_tf.data import sources
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun


@dataclasses.dataclass(frozen=True)
class RunImages:
    """Images by what they are for.

    Attributes:
      held_out: Translated for the scores of the variants.
      calibration: Training images, or those that the user named; None if nothing is calibrated.
      named: Images that the user named to measure on; None for those of the run.
    """

    held_out: ImageSet
    calibration: ImageSet | None
    named: ImageSet | None


def open_images(
    run: TrainedRun, data: str = "", calibration_images: str = "", calibrates: bool = True
) -> RunImages:
    """Opens the images for an export.

    Args:
      run: The run; its recorded split is used.
      data: Images to measure on, as --data; '' takes the run's held-out ones.
      calibration_images: Images to calibrate on, as --data; '' takes `data` or, without it, the
        run's training images.
      calibrates: Whether a variant needs calibration.

    Raises:
      UserError: They cannot be opened, or fewer than two are there to measure on.
    """

    @functools.cache
    def named(name: str) -> ImageSet:
        return sources.open_images(name, run.config)

    try:
        held_out = named(data) if data else run.split.validation
        calibration = None
        if calibrates:
            calibrated_on = calibration_images or data
            calibration = named(calibrated_on) if calibrated_on else run.split.train
    except UserError as error:
        raise UserError(
            f"The images to measure and calibrate on cannot be opened; name some with "
            f"--data=FOLDER and --calibration_images=FOLDER. ({error})"
        ) from None
    if len(held_out) < 2:
        raise UserError(
            "There are fewer than two held-out images to measure the variants on; name some with "
            "--data=FOLDER."
        )
    return RunImages(held_out, calibration, held_out if data else None)
