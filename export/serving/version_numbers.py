"""The integer folders below a served model's base folder, as TF Serving finds them."""

import pathlib


def versions_in(base: pathlib.Path) -> list[int]:
    """The version numbers in a model's folder, in ascending order.

    Only names of ASCII digits count: `str.isdigit` is also true for `²`, which is no number.

    Raises:
      OSError: The folder cannot be read.
    """
    names = (path.name for path in base.iterdir())
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())
