"""The model that the stand-in for TF Serving serves."""

import pathlib

from export.serving import c_api, version_numbers
from tunit_tf.errors import UserError


class Served:
    """The newest version of a model.

    Args:
      base: Folder of the versions.
      name: Name in requests.

    Attributes:
      name: As above.
      version: Number of the version.
      model: The version, loaded.

    Raises:
      UserError: There is no version, or it does not load.
    """

    def __init__(self, base: pathlib.Path, name: str) -> None:
        cure = "name a folder that export.saved_model wrote with --model_base_path."
        try:
            numbers = version_numbers.versions_in(base)
        except OSError as error:
            raise UserError(f"{base} cannot be read ({error.strerror}); {cure}") from None
        if not numbers:
            raise UserError(f"{base} has no versions (folders such as 1); {cure}")
        self.name = name
        self.version = numbers[-1]
        try:
            self.model = c_api.Model(base / str(self.version))
        except c_api.Error as error:
            raise UserError(f"{base / str(self.version)} does not load: {error}") from None

    def check(self, name: str, version: int | None) -> None:
        """Checks that a request is for this model and version.

        Raises:
          c_api.Error: NOT_FOUND; it is for another.
        """
        if name != self.name or version not in (None, self.version):
            asked = name if version is None else f"{name}, version {version}"
            raise c_api.Error(c_api.NOT_FOUND, f"Servable not found for request: {asked}")
