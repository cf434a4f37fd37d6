"""Reads PyTorch checkpoints as NumPy arrays, without PyTorch and without running code in them.

`torch.save` writes a pickle of containers in which tensors refer to storages, either in a zip file
(since PyTorch 1.6) or in one stream (before). The pickle is read by an unpickler that looks up
nothing but ordered dictionaries, tensors and storages. The format is described in PyTorch's
"Serialization semantics" notes.
"""

import collections
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from tunit_tf.errors import UserError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
BLOCK = 2**20  # bytes
ZIP_HEADER = struct.Struct("<26xHH")  # lengths of name and extra field in a local file header

# {storage class: dtype of its numbers in the file}; bfloat16 is the upper half of a float32.
BFLOAT16 = np.dtype("<V2")
DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": BFLOAT16,
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
# Errors of the pickle and zip readers for truncated or damaged files.
DAMAGED = (
    pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, IndexError,
    TypeError, AttributeError, OverflowError, MemoryError, RecursionError, NotImplementedError,
    struct.error,
)  # fmt: skip


class Storage(NamedTuple):
    """The numbers that one or more tensors refer to."""

    dtype: np.dtype
    key: str
    length: int


class Tensor(NamedTuple):
    """A view of a storage, resolved once all storages are known; sizes in elements."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _RefusedError(Exception):
    """The pickle names something other than containers and tensors."""


def read(path: pathlib.Path) -> dict:
    """Reads what `torch.save` wrote, in the zip or the older format.

    Args:
      path: The file.

    Returns:
      A dict like the file's. Tensors are read-only arrays: float32 for floating-point numbers, or
      integers. They are memory-mapped, so that a gigabyte of them need not be in memory at once.

    Raises:
      UserError: The file is damaged, or it holds more than tensors, numbers, strings and
        containers of them.
    """
    try:
        with path.open("rb") as file:
            load = _read_zip if zipfile.is_zipfile(file) else _read_legacy
            file.seek(0)
            content, find = load(path, file)
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}")
        return _resolved(content, find)
    except _RefusedError as error:
        raise UserError(
            f"{path} was refused: it holds more than tensors and numbers ({error}), which could "
            "run code when loaded; get the file from its authors."
        ) from None
    except DAMAGED as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path} is not a whole PyTorch checkpoint ({reason[:200]}); download it again."
        ) from None


class _Unpickler(pickle.Unpickler):
    """Builds containers, `Tensor`s and `Storage`s; refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if (module, name) == ("torch", "Size"):
            return tuple
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise _RefusedError(f"{module}.{name}")

    def persistent_load(self, reference: Any) -> Storage:
        kind, dtype, key, _, count = reference[:5]
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"unknown reference {kind!r}")
        return Storage(dtype, str(key), int(count))


def _rebuild_tensor(
    storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Tensor:
    if not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _rebuild_parameter(tensor: Tensor, *_: Any) -> Tensor:
    return tensor


def _read_zip(path: pathlib.Path, file: BinaryIO) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    """The pickled object of a zip file, and a function that finds a storage's numbers."""
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError("a zip file without a data.pkl")
    root = names[0].removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    for member in archive.infolist():  # the checksums are compared when a member has been read
        with archive.open(member) as content:
            while content.read(BLOCK):
                pass
    starts = {}
    for member in archive.infolist():
        file.seek(member.header_offset)
        name_length, extra_length = ZIP_HEADER.unpack(file.read(ZIP_HEADER.size))
        starts[member.filename] = member.header_offset + 30 + name_length + extra_length
    content = _Unpickler(archive.open(names[0])).load()

    def find(storage: Storage) -> np.ndarray:
        member = archive.NameToInfo[f"{root}data/{storage.key}"]
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError("its tensors are compressed")
        if member.file_size != storage.length * storage.dtype.itemsize:
            raise ValueError(f"storage {storage.key} has {member.file_size} bytes")
        return _mapped(path, starts[member.filename], storage)

    return content, find


def _read_legacy(path: pathlib.Path, file: BinaryIO) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    """The same for the format before PyTorch 1.6: pickles, then the storages one after another."""
    if _Unpickler(file).load() != LEGACY_MAGIC or _Unpickler(file).load() != LEGACY_PROTOCOL:
        raise ValueError("unknown magic number")
    _Unpickler(file).load()  # byte order and sizes of C types of the machine that wrote it
    found: dict[str, Storage] = {}

    class Recording(_Unpickler):
        def persistent_load(self, reference: Any) -> Storage:
            storage = super().persistent_load(reference)
            return found.setdefault(storage.key, storage)

    content = Recording(file).load()
    starts = {}
    for key in map(str, _Unpickler(file).load()):
        storage = found[key]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.length:
            raise ValueError(f"storage {key} has {count} numbers")
        starts[key] = file.tell()
        file.seek(count * storage.dtype.itemsize, 1)
    if file.tell() > path.stat().st_size:
        raise EOFError("it ends within a tensor")
    return content, lambda storage: _mapped(path, starts[storage.key], storage)


def _mapped(path: pathlib.Path, start: int, storage: Storage) -> np.ndarray:
    if not storage.length:
        return np.empty(0, storage.dtype)
    return np.memmap(path, storage.dtype, "r", offset=start, shape=(storage.length,))


def _resolved(value: Any, find: Callable[[Storage], np.ndarray]) -> Any:
    """A container like `value`, with arrays for its tensors."""
    if isinstance(value, Tensor):
        return _array(value, find(value.storage))
    if isinstance(value, dict):
        return {key: _resolved(item, find) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(item, find) for item in value]
    return value


def _array(tensor: Tensor, numbers: np.ndarray) -> np.ndarray:
    """The array of a tensor whose storage holds `numbers`."""
    size, stride = tensor.size, tensor.stride
    if len(size) != len(stride) or min((*size, *stride, tensor.offset), default=0) < 0:
        raise ValueError(f"a tensor of size {size} and stride {stride}")
    count = int(np.prod(size, dtype=np.float64))
    last = tensor.offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if count and (count > len(numbers) or last >= len(numbers)):
        raise ValueError(f"a tensor of size {size} in a storage of {len(numbers)} numbers")
    steps = [step * numbers.itemsize for step in stride]
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :] if count else numbers[:0], size, steps, writeable=False
    )
    if numbers.dtype == BFLOAT16:
        upper = np.ascontiguousarray(view).view(np.uint16).astype(np.uint32)
        return (upper << 16).view(np.float32)
    return view.astype(np.float32, copy=False) if view.dtype.kind == "f" else view
