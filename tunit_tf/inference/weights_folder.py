"""The weights folder: a trained model without its training state, to publish and to start from.

`config.json` and `domain_styles.npz` are those of a run folder. `weights.safetensors` has the
averaged networks, which translate, and the discriminator, which further training needs. Every
command that only reads a run takes such a folder as --run_dir; `python -m export.weights` writes
one.
"""

import contextlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import safetensors
import safetensors.numpy

from tunit_tf.errors import UserError
from tunit_tf.io import files

WEIGHTS = "weights.safetensors"
FORMAT = "tunit_tf weights 1"
GUIDING, GENERATOR, DISCRIMINATOR = "guiding", "generator", "discriminator"  # parts of a model
AGAIN = "copy the folder again, or write it again with python -m export.weights"


class Weights(NamedTuple):
    """What the file of a weights folder holds.

    Attributes:
      step: Training step of the weights.
      parts: {`guiding`, `generator` or `discriminator`: {place: array}}, see `named_variables`.
    """

    step: int
    parts: dict[str, dict[str, np.ndarray]]


def is_one(folder: pathlib.Path) -> bool:
    """Whether a folder is a weights folder."""
    return (folder / WEIGHTS).is_file()


def is_lost(folder: pathlib.Path) -> bool:
    """Whether all of a weights folder is there but the weights; a run has no manifest."""
    return (folder / "manifest.json").is_file() and not (folder / WEIGHTS).exists()


def of_networks(networks: Mapping[str, keras.Model]) -> dict[str, dict[str, np.ndarray]]:
    """The variables of networks, {part: {place: array}}."""
    return {
        part: {place: np.asarray(v.numpy()) for place, v in named_variables(network).items()}
        for part, network in networks.items()
    }


def write(folder: pathlib.Path, weights: Weights, half: bool = True) -> None:
    """Writes `weights.safetensors`, by rename.

    Args:
      folder: Where; the other files of a weights folder are not touched.
      weights: What to write.
      half: Whether matrices and kernels are written as float16. Vectors (biases, statistics of
        norms) are small and keep float32.
    """

    def stored(array: np.ndarray) -> np.ndarray:
        dtype = np.float16 if half and array.ndim > 1 else np.float32
        return np.ascontiguousarray(array, dtype)

    tensors = {
        f"{part}.{place}": stored(array)
        for part, arrays in weights.parts.items()
        for place, array in arrays.items()
    }
    metadata = {"format": FORMAT, "step": str(weights.step)}
    files.write_bytes(folder / WEIGHTS, safetensors.numpy.save(tensors, metadata))


def step_of(folder: pathlib.Path) -> int:
    """The training step of the weights, from the head of `weights.safetensors`.

    Raises:
      UserError: As `read`.
    """
    with _opened(folder) as file:
        return int(file.metadata()["step"])


def read(folder: pathlib.Path) -> Weights:
    """Reads `weights.safetensors`.

    Raises:
      UserError: It cannot be read, is damaged, or was not written by `write`.
    """
    parts: dict[str, dict[str, np.ndarray]] = {}
    with _opened(folder) as file:
        for name in file.keys():  # noqa: SIM118, it is not a dictionary
            part, _, place = name.partition(".")
            parts.setdefault(part, {})[place] = file.get_tensor(name)
        return Weights(int(file.metadata()["step"]), parts)


@contextlib.contextmanager
def _opened(folder: pathlib.Path) -> Iterator[Any]:
    """`weights.safetensors`, open; what goes wrong in the block is a UserError."""
    path = folder / WEIGHTS
    try:
        with safetensors.safe_open(path, "numpy") as file:
            found = (file.metadata() or {}).get("format", "")
            if found != FORMAT:
                raise UserError(
                    f"{path} was not written by export.weights: its format is {found!r}, not "
                    f"{FORMAT!r}; name another folder."
                )
            yield file
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); {AGAIN}.") from None
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); {AGAIN}.") from None


def restore(folder: pathlib.Path, networks: Mapping[str, keras.Model]) -> int:
    """Sets the variables of networks to those of a weights folder; returns their step.

    Args:
      folder: A weights folder.
      networks: {part: network of the folder's config}.

    Raises:
      UserError: The file cannot be read, or does not fit the config beside it.
    """
    weights = read(folder)
    for part, network in networks.items():
        variables, arrays = named_variables(network), weights.parts.get(part, {})
        for place, variable in variables.items():
            array = arrays.get(place)
            if array is None or array.shape != tuple(variable.shape):
                found = "missing" if array is None else f"of shape {array.shape}"
                raise UserError(
                    f"{folder / WEIGHTS} does not fit the config.json beside it: {part}.{place} is "
                    f"{found}, not of shape {tuple(variable.shape)}; {AGAIN}."
                )
        for place, variable in variables.items():
            variable.assign(arrays[place].astype(variable.dtype))
    return weights.step


def named_variables(network: keras.Layer) -> dict[str, keras.Variable]:
    """All variables of a network, trained or not, by their place in it.

    Keras' own names end in a number that counts the layers of the whole process.

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
