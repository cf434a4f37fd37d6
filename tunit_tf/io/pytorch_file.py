"""Reads PyTorch checkpoints as NumPy arrays, without PyTorch and without running code in them.

`torch.save` writes a pickle of containers in which tensors refer to storages, either in a zip file
(since PyTorch 1.6) or in one stream (before). The format is described in PyTorch's "Serialization
semantics" notes.

Python's unpickler imports the names in a file, calls them, and sets attributes of what they are;
its C implementation also allocates as much memory as a file asks for. The interpreter in this
module has a stack, a memo and the opcodes with which containers of numbers, strings and known
functions' results are written: ordered dictionaries, tensors and storages.
"""

import io
import mmap
import pathlib
import pickletools
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from tunit_tf.errors import UserError

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


# What pickles of plain values are written with, by the names in `pickletools`.
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
NUMBERS_AND_STRINGS = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}  # lengths
IGNORED = {"PROTO", "FRAME"}
KEYS = (str, int, float, type(None))  # quickly hashed, however they are made


class Name(NamedTuple):
    """A name that a pickle refers to."""

    module: str
    name: str


class RefusedError(Exception):
    """The pickle refers to a name that is not known."""


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
      UserError: The file is closed or damaged, or it holds more than tensors, numbers, strings and
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
    except RefusedError as error:
        raise UserError(
            f"{path} was refused: it holds more than tensors and numbers ({error}), which could "
            "run code when loaded; get the file from its authors."
        ) from None
    except PermissionError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); change its permissions."
        ) from None
    except DAMAGED as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path} is not a whole PyTorch checkpoint ({reason[:200]}); download it again."
        ) from None


def _unpickled(stream: BinaryIO, refer: Callable[[Any], Storage] | None = None) -> Any:
    """Reads one pickle and leaves the stream behind it.

    Args:
      stream: A file or memory-mapped file.
      refer: What stands for a persistent reference; `_storage` by default.

    Returns:
      The pickled object: dicts (for ordered ones too), lists, tuples, numbers, strings, `Name` for
      what is mentioned and not called, and what `FUNCTIONS` and `refer` return.

    Raises:
      RefusedError: The pickle mentions a name that is not in `FUNCTIONS`.
      Exception: It is damaged: ValueError, IndexError, KeyError or TypeError.
    """
    machine = _Machine(FUNCTIONS, refer or _storage)
    for opcode, argument, _ in pickletools.genops(stream):
        machine.step(opcode.name, argument)
    return machine.stack.pop()


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


# What is called in place of the functions that a checkpoint names; classes are only named.
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


class _Machine:
    """The state of a pickle that is read up to some opcode."""

    def __init__(
        self, functions: Mapping[Name, Callable[..., Any] | None], refer: Callable[[Any], Any]
    ) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []  # heights of the stack
        self._memo: dict[int, Any] = {}
        self._functions = functions
        self._refer = refer

    def step(self, opcode: str, argument: Any) -> None:
        """Executes an opcode, by its name in `pickletools`."""
        if opcode in NUMBERS_AND_STRINGS:
            self.stack.append(argument)
        elif opcode in CONSTANTS:
            self.stack.append(CONSTANTS[opcode])
        elif opcode in TUPLES:
            self.stack.append(tuple(self._pop(TUPLES[opcode])))
        elif opcode not in IGNORED:
            execute = getattr(self, f"_{opcode.lower()}", None)
            if execute is None:
                raise ValueError(f"its pickle has the opcode {opcode}")
            execute(argument)

    def _pop(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise IndexError("its pickle takes more than it has")
        start = len(self.stack) - count
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _since_mark(self) -> list[Any]:
        return self._pop(len(self.stack) - self._marks.pop())

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise TypeError(f"its pickle changes a {type(self.stack[-1]).__name__}")
        return self.stack[-1]

    def _mark(self, _: None) -> None:
        self._marks.append(len(self.stack))

    def _empty_dict(self, _: None) -> None:
        self.stack.append({})

    def _empty_list(self, _: None) -> None:
        self.stack.append([])

    def _empty_tuple(self, _: None) -> None:
        self.stack.append(())

    def _tuple(self, _: None) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _append(self, _: None) -> None:
        items = self._pop(1)
        self._top(list).extend(items)

    def _appends(self, _: None) -> None:
        items = self._since_mark()
        self._top(list).extend(items)

    def _setitem(self, _: None) -> None:
        self._set(self._pop(2))

    def _setitems(self, _: None) -> None:
        self._set(self._since_mark())

    def _set(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, KEYS):
                raise TypeError(f"its pickle has a {type(key).__name__} as a key")
            target[key] = value

    def _binput(self, place: int) -> None:
        self._memo[place] = self.stack[-1]

    _long_binput = _binput

    def _memoize(self, _: None) -> None:
        self._binput(len(self._memo))

    def _binget(self, place: int) -> None:
        self.stack.append(self._memo[place])

    _long_binget = _binget

    def _global(self, name: str) -> None:
        self._mention(*name.split(" ", 1))

    def _stack_global(self, _: None) -> None:
        self._mention(*self._pop(2))

    def _mention(self, module: str, name: str) -> None:
        mentioned = Name(module, name)
        if mentioned not in self._functions:
            raise RefusedError(f"{module}.{name}")
        self.stack.append(mentioned)

    def _reduce(self, _: None) -> None:
        name, arguments = self._pop(2)
        function = self._functions[name] if isinstance(name, Name) else None
        if function is None or type(arguments) is not tuple:
            raise TypeError("its pickle calls something that is no function")
        self.stack.append(function(*arguments))

    def _build(self, _: None) -> None:
        """Leaves out the attributes of an ordered dictionary (PyTorch's `_metadata`)."""
        self._pop(1)
        self._top(dict)

    def _binpersid(self, _: None) -> None:
        (reference,) = self._pop(1)
        self.stack.append(self._refer(reference))

    def _stop(self, _: None) -> None:
        """The result stays on the stack."""
