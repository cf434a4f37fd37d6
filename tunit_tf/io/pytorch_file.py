"""Reads PyTorch checkpoints as NumPy arrays, without PyTorch and without running code in them.

`torch.save` writes a pickle of containers in which tensors refer to storages, either in a zip file
(since PyTorch 1.6) or in one stream (before). The pickle is interpreted by `restricted_pickle`,
which knows ordered dictionaries, tensors and storages. The format is described in PyTorch's
"Serialization semantics" notes.
"""

import io
import mmap
import pathlib
import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from tunit_tf.errors import UserError
from tunit_tf.io import restricted_pickle
from tunit_tf.io.restricted_pickle import Name

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
BLOCK = 2**20  # bytes
ZIP_HEADER = struct.Struct("<26xHH")  # lengths of name and extra field in a local file header

# {storage class: dtype of its numbers in the file}; bfloat16 is the upper half of a float32.
BFLOAT16 = np.dtype("<V2")
DTYPES: dict[str, np.dtype] = {
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
    zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, IndexError, TypeError,
    OverflowError, MemoryError, RuntimeError, struct.error,
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


def read(path: pathlib.Path) -> dict:
    """Reads what `torch.save` wrote, in the zip or the older format.

    Args:
      path: The file.

    Returns:
      A dict like the file's. Tensors are read-only arrays: float32 for floating-point numbers, or
      integers. They are memory-mapped, so that a gigabyte of them need not be in memory at once;
      storages of other floating-point types are converted in memory.

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
        return _Resolver(find).resolve(content)
    except restricted_pickle.RefusedError as error:
        raise UserError(
            f"{path} was refused: it holds more than tensors and numbers ({error}), which could "
            "run code when loaded; get the file from its authors."
        ) from None
    except DAMAGED as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path} is not a whole PyTorch checkpoint ({reason[:200]}); download it again."
        ) from None


def _unpickled(stream: BinaryIO, refer: Callable[[Any], Storage] | None = None) -> Any:
    return restricted_pickle.load(stream, FUNCTIONS, refer or _storage)


def _storage(reference: Any) -> Storage:
    """What a persistent reference stands for."""
    kind, storage_class, key, _, count, *view = reference
    dtype = DTYPES.get(storage_class.name) if isinstance(storage_class, Name) else None
    if kind != "storage" or dtype is None or not isinstance(key, str):
        raise ValueError(f"unknown reference {kind!r}")
    if any(part is not None for part in view):
        raise ValueError("a storage that is a part of another")
    return Storage(dtype, key, _integer(count))


def _tensor(
    storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Tensor:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return Tensor(
        storage, _integer(offset), tuple(map(_integer, size)), tuple(map(_integer, stride))
    )


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r:.40} in place of an integer")
    return value


# What stands for the functions in a checkpoint; storage classes are mentioned only.
FUNCTIONS: dict[Name, Callable[..., Any] | None] = {
    Name("collections", "OrderedDict"): dict,
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
    Name("torch", "Size"): lambda size: tuple(map(_integer, size)),
    **dict.fromkeys(Name("torch", name) for name in DTYPES),
}


def _read_zip(path: pathlib.Path, file: BinaryIO) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    """The pickled object of a zip file, and a function that finds a storage's numbers."""
    archive = zipfile.ZipFile(file)
    starts = _checked_members(archive, file, path.stat().st_size)
    names = [name for name in starts if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError("a zip file without a data.pkl")
    root = names[0].removesuffix("data.pkl")
    if f"{root}byteorder" in starts and archive.read(f"{root}byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    with archive.open(names[0]) as stream:
        content = _unpickled(io.BytesIO(stream.read()))

    def find(storage: Storage) -> np.ndarray:
        member = archive.NameToInfo[f"{root}data/{storage.key}"]
        if member.file_size != storage.length * storage.dtype.itemsize:
            raise ValueError(f"storage {storage.key} has {member.file_size} bytes")
        return _mapped(path, starts[member.filename], storage)

    return content, find


def _checked_members(archive: zipfile.ZipFile, file: BinaryIO, file_size: int) -> dict[str, int]:
    """{name: start of the content} of the members, all of them stored whole and undamaged."""
    members = archive.infolist()
    for member in members:
        is_stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        if not is_stored or member.compress_size != member.file_size:
            raise ValueError(f"{member.filename} is compressed or encrypted")
    if sum(member.file_size for member in members) > file_size:
        raise ValueError("its members overlap")
    starts = {}
    for member in members:
        with archive.open(member) as content:  # the checksum is compared at the end
            while content.read(BLOCK):
                pass
        file.seek(member.header_offset)
        name_length, extra_length = ZIP_HEADER.unpack(file.read(ZIP_HEADER.size))
        starts[member.filename] = member.header_offset + 30 + name_length + extra_length
    return starts


def _read_legacy(path: pathlib.Path, file: BinaryIO) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    """The same for the format before PyTorch 1.6: pickles, then the storages one after another."""
    # Reading more than there is takes no memory, unlike with the file itself.
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    stream = cast(BinaryIO, mapped)
    if _unpickled(stream) != LEGACY_MAGIC or _unpickled(stream) != LEGACY_PROTOCOL:
        raise ValueError("unknown magic number")
    _unpickled(stream)  # byte order and sizes of C types of the machine that wrote it
    found: dict[str, Storage] = {}

    def recorded(reference: Any) -> Storage:
        storage = _storage(reference)
        return found.setdefault(storage.key, storage)

    content = _unpickled(stream, recorded)
    starts, place = {}, 0
    for key in _unpickled(stream):
        storage = found[key]
        place = place or stream.tell()
        (count,) = struct.unpack_from("<q", mapped, place)
        if count != storage.length:
            raise ValueError(f"storage {key} has {count} numbers")
        starts[key] = place + 8
        place += 8 + count * storage.dtype.itemsize
    if place > len(mapped):
        raise EOFError("it ends within a tensor")
    return content, lambda storage: _mapped(path, starts[storage.key], storage)


def _mapped(path: pathlib.Path, start: int, storage: Storage) -> np.ndarray:
    if not storage.length:
        return np.empty(0, storage.dtype)
    return np.memmap(path, storage.dtype, "r", offset=start, shape=(storage.length,))


class _Resolver:
    """Makes containers with arrays for tensors; what is shared stays shared.

    Args:
      find: Finds the numbers of a storage.
    """

    def __init__(self, find: Callable[[Storage], np.ndarray]) -> None:
        self._find = find
        self._numbers: dict[Storage, np.ndarray] = {}
        self._done: dict[int, Any] = {}  # by id; None for a container that is being made

    def resolve(self, value: Any) -> Any:
        """A container like `value`, with lists for its tuples."""
        if isinstance(value, Tensor):
            return self._array(value)
        if not isinstance(value, dict | list | tuple):
            return value
        key = id(value)
        if key not in self._done:
            self._done[key] = None
            if isinstance(value, dict):
                self._done[key] = {name: self.resolve(item) for name, item in value.items()}
            else:
                self._done[key] = [self.resolve(item) for item in value]
        if self._done[key] is None:
            raise ValueError("a container that contains itself")
        return self._done[key]

    def _array(self, tensor: Tensor) -> np.ndarray:
        if tensor.storage not in self._numbers:
            self._numbers[tensor.storage] = _as_float32(self._find(tensor.storage))
        return _view(tensor, self._numbers[tensor.storage])


def _as_float32(numbers: np.ndarray) -> np.ndarray:
    """Floating-point numbers as float32; integers as they are."""
    if numbers.dtype == BFLOAT16:
        return (numbers.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return numbers.astype(np.float32, copy=False) if numbers.dtype.kind == "f" else numbers


def _view(tensor: Tensor, numbers: np.ndarray) -> np.ndarray:
    """The array of a tensor whose storage holds `numbers`."""
    size, stride = tensor.size, tensor.stride
    if len(size) != len(stride) or min((*size, *stride, tensor.offset), default=0) < 0:
        raise ValueError(f"a tensor of size {size} and stride {stride}")
    count = int(np.prod(size, dtype=np.float64))
    last = tensor.offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if count and (count > len(numbers) or last >= len(numbers)):
        raise ValueError(f"a tensor of size {size} in a storage of {len(numbers)} numbers")
    steps = [step * numbers.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :] if count else numbers[:0], size, steps, writeable=False
    )
