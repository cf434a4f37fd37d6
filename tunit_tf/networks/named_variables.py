"""Names of a network's variables by their place in it, the same in every process."""

from collections.abc import Iterator
from typing import Any

import keras


def named_variables(network: keras.Layer) -> dict[str, keras.Variable]:
    """All variables of a network, trained or not, by their place in it.

    Keras numbers layers through a process, so its own names depend on what was built before.

    Args:
      network: A model or layer whose sublayers are public attributes, or in lists that are.

    Returns:
      {place: variable}, for example `downs.1.kernel`, in the order of the attributes.

    Raises:
      ValueError: A variable is in no public place, or two share one.
    """
    found = list(_walk(network, ""))
    named = dict(found)
    if len(named) < len(found) or len(named) != len(network.variables):
        raise ValueError(
            f"{network.name} has {len(network.variables)} variables, {len(found)} of them in "
            f"{len(named)} public places."
        )
    return named


def _walk(value: Any, place: str) -> Iterator[tuple[str, keras.Variable]]:
    """Yields the variables of a layer, or of a nested list of layers, behind `place`."""
    if isinstance(value, list | tuple):
        parts = {str(i): item for i, item in enumerate(value)}
    elif isinstance(value, keras.Layer):
        parts = {name: v for name, v in vars(value).items() if not name.startswith("_")}
    else:
        return
    below = [entry for name, part in parts.items() for entry in _walk(part, f"{place}{name}.")]
    if isinstance(value, keras.Layer):
        known = {id(variable) for _, variable in below}
        for variable in value.variables:
            if id(variable) not in known:
                yield f"{place}{variable.name}", variable
    yield from below
