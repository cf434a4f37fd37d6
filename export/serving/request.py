"""What to translate through a server: settings of `export/client.py`, free of heavy imports."""

import dataclasses

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and where to; every field is a flag of `export/client.py`."""

    source: str = setting("", "Image or folder of images to redraw.")
    reference: str = setting("", "Image whose look is taken.")
    output: str = setting("translated", "Folder for the results, created if missing.")
    overwrite: bool = setting(False, "Replace results that exist.")
    resume: bool = setting(False, "Keep results that exist, translate the others.")
    batch_size: int = setting(4, "Images per request.", Bounds(1, 4096))
    retries: int = setting(3, "Further attempts when the server is not reached.", Bounds(0, 1000))
    progress: bool = setting(True, "Show a progress bar.")

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
          UserError: One is missing or out of range.
        """
        if not self.source or not self.reference:
            raise UserError("Say what to translate with --source=PICTURES and --reference=PICTURE.")
        files.named_folder(self.output, "output")
        check_bounds(self)
        if self.resume and self.overwrite:
            raise UserError(
                "--resume keeps results that exist, --overwrite replaces them; give one."
            )
