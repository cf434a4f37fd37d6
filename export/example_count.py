"""How many example pictures an export has; no heavy imports, for command lines."""

from export import licenses
from tunit_tf.config import Config
from tunit_tf.errors import Bounds, UserError

BY_LICENSE = -1  # in place of a number
DEFAULT = 4
MAX = 32
BOUNDS = Bounds(BY_LICENSE, MAX)
HELP = (
    f"Held-out images to copy into the export, as many to redraw as to take looks from; -1 is "
    f"{DEFAULT} where the license of the run is known and allows it, else none."
)


def number(asked: int, config: Config, are_named: bool) -> int:
    """How many examples of each role an export of a run has.

    Args:
      asked: As the user gave it; `BY_LICENSE` takes `DEFAULT` where the license is known and allows
        it, and none elsewhere.
      config: Config of the run.
      are_named: Whether they come from images that the user named for the export, which are not
        those that the run's license is about.

    Raises:
      UserError: The user asked for some, and the license bars them.
    """
    BOUNDS.check("--examples", asked)
    is_barred = are_barred(config, are_named)
    if asked == BY_LICENSE:
        is_procedural = config.data == "synthetic"
        allowed = is_procedural or licenses.allows_examples(config.license)
        return DEFAULT if allowed and not are_named and not is_barred else 0
    if asked and is_barred:
        raise UserError(
            f"--examples={asked} would copy images of the run into the export, which its license "
            f"'{config.license}' does not allow; leave --examples out, or name other images with "
            "--data."
        )
    return asked


def are_barred(config: Config, are_named: bool) -> bool:
    """Whether the license of the run bars pictures of its images in an export.

    Args:
      config: Config of the run.
      are_named: Whether the pictures would be of images that the user named for the export.
    """
    return not are_named and licenses.bars_examples(config.license)
