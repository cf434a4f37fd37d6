"""What to suggest domains for: the settings of `suggest_domains.py`, free of heavy imports."""

import dataclasses
from typing import Any

from tunit_tf import config as config_lib
from tunit_tf.config import Config, check_bounds, setting
from tunit_tf.errors import Bounds, UserError

FEWEST = 2  # smallest number of domains that is tried


def _as_in_training(name: str) -> Any:
    """A setting of training, with its default, help and choices."""
    known = config_lib.FIELDS[name]
    return dataclasses.field(default=known.default, metadata=known.metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuggestionRequest:
    """What to look at, and how; every field is a flag of `suggest_domains.py`."""

    data: str = setting("", "A folder of images, tfds:NAME[/CONFIG] or 'synthetic'.")
    output: str = setting("suggested_domains", "Folder for table, plot and contact sheets.")
    overwrite: bool = setting(False, "Replace results that exist.")
    max_domains: int = setting(20, "Largest number of domains that is tried.", Bounds(FEWEST, 100))
    max_images: int = setting(
        2000, "Maximum number of images to use, chosen with --seed.", Bounds(20, 10_000)
    )
    image_size: int = _as_in_training("image_size")
    resize: str = _as_in_training("resize")
    classes: str = _as_in_training("classes")
    cache_dir: str = _as_in_training("cache_dir")
    data_dir: str = _as_in_training("data_dir")
    seed: int = _as_in_training("seed")
    progress: bool = _as_in_training("progress")

    def __post_init__(self) -> None:
        if not self.data:
            raise UserError("Say which images to look at with --data=FOLDER.")
        check_bounds(self)

    def config(self) -> Config:
        """A config of training that opens the same images."""
        shared = {f.name for f in dataclasses.fields(self)} & set(config_lib.FIELDS)
        return Config(**{name: getattr(self, name) for name in shared})
