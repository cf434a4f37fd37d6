"""The content of a PyTorch checkpoint as NumPy arrays; no code in it is run."""

import importlib
import itertools
import pathlib
import pickle
import re
import warnings
from collections.abc import Iterator

import numpy as np

from tunit_tf.errors import UserError


def read(path: pathlib.Path, shelf: pathlib.Path) -> dict:
    """Reads what `torch.save` wrote, in the old or the zip format.

    Args:
      path: The file.
      shelf: Folder for the tensors, which become memory-mapped arrays of files there: a gigabyte
        of them and the state that they fill need not be in memory together.

    Returns:
      A dict like the file's, with float32 arrays for tensors.

    Raises:
      UserError: PyTorch is missing, the file is damaged, or it holds more than tensors, numbers,
        strings and containers of them.
    """
    try:
        # An optional dependency.
        torch = importlib.import_module("torch")
    except ImportError:
        raise UserError(
            "Reading the authors' checkpoints needs PyTorch; install it with "
            "'pip install -r requirements-import.txt'."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch wonders aloud about files it then refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        if wanted:
            raise UserError(
                f"{path} was refused: it holds more than tensors and numbers ({wanted.group(1)}), "
                "which could run code when loaded; get the file from its authors."
            ) from None
        raise UserError(_unreadable(path, error)) from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, UnicodeDecodeError) as error:
        raise UserError(_unreadable(path, error)) from None
    if not isinstance(content, dict):
        raise UserError(_unreadable(path, f"it holds a {type(content).__name__}"))
    return _shelved(content, shelf, itertools.count(), torch)


def _shelved(content: dict, shelf: pathlib.Path, number: Iterator[int], torch) -> dict:
    """A dict like `content`, which is consumed, with arrays in files for its tensors."""
    shelved = {}
    for key in list(content):
        value = content.pop(key)
        if isinstance(value, dict):
            value = _shelved(value, shelf, number, torch)
        elif isinstance(value, torch.Tensor) and value.ndim:
            file = shelf / f"{next(number)}.npy"
            np.save(file, value.float().numpy())
            value = np.load(file, mmap_mode="r")
        elif isinstance(value, torch.Tensor):
            value = value.numpy()
        shelved[key] = value
    return shelved


def _unreadable(path: pathlib.Path, reason) -> str:
    first = (str(reason).strip() or type(reason).__name__).splitlines()[0]
    return f"{path} is not a whole PyTorch checkpoint ({first[:200]}); download it again."
