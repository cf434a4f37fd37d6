"""The model that the stand-in for TF Serving serves."""

import pathlib
from typing import NamedTuple

import tensorflow as tf

from export.serving import session
from tunit_tf.errors import UserError


class Served(NamedTuple):
    """A model, and what requests call it."""

    model: session.Model
    version: int
    name: str = "tunit"

    def check(self, name: str, version: int | None) -> None:
        """Checks that a request is for this model and version.

        Raises:
          session.Error: NOT_FOUND; it is for another.
        """
        if name != self.name or version not in (None, self.version):
            asked = name if version is None else f"{name}, version {version}"
            raise session.Error(tf.errors.NOT_FOUND, f"Servable not found for request: {asked}")


def newest_version(base: pathlib.Path) -> int:
    """The largest number that is the name of a folder, in ASCII digits as for TF Serving.

    Raises:
      UserError: There is none.
    """
    cure = "name a folder that export.saved_model wrote with --model_base_path."
    try:
        names = [path.name for path in base.iterdir()]
    except OSError as error:
        raise UserError(f"{base} cannot be read ({error.strerror}); {cure}") from None
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    if not numbers:
        raise UserError(f"{base} has no versions (folders such as 1); {cure}")
    return max(numbers)
