"""PyTorch files written without PyTorch, also such as no PyTorch would write."""

import pickle
import zipfile

import numpy as np


class Named:
    """Pickles as a call of a function by its name, whether or not it exists."""

    def __init__(self, module, name, *arguments):
        self.function = type(name, (), {"__module__": module, "__qualname__": name})
        self.arguments = arguments


class Storage:
    """Pickles as PyTorch refers to a storage."""

    def __init__(self, kind, key, count):
        self.reference = ("storage", Named("torch", kind).function, key, "cpu", count, None)


class Pickler(pickle._Pickler):
    """PyTorch's side of the format, as far as these tests need it."""

    def persistent_id(self, value):
        return value.reference if isinstance(value, Storage) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, type) and value.__module__.startswith(("torch", "os", "builtins")):
            self.write(b"c" + f"{value.__module__}\n{value.__qualname__}\n".encode())
        elif isinstance(value, Named):
            self.save_reduce(value.function, value.arguments)
        else:
            super().save(value, save_persistent_id)

    def save_reduce(self, function, arguments, *rest, **named):
        if function.__module__.startswith(("torch", "os", "builtins")):
            self.save(function)
            self.save(arguments)
            self.write(pickle.REDUCE)
        else:
            super().save_reduce(function, arguments, *rest, **named)


def tensor(numbers, kind="FloatStorage", key="0", size=None, stride=None, offset=0):
    size = (len(numbers),) if size is None else size
    stride = (1,) if stride is None else stride
    storage = Storage(kind, key, len(numbers))
    return Named("torch._utils", "_rebuild_tensor_v2", storage, offset, size, stride, False, {})


def write_parts(path, parts):
    """A file of parts, dicts of arrays and of anything else by name."""
    storages = {}

    def converted(value):
        if isinstance(value, dict):
            return {name: converted(item) for name, item in value.items()}
        if not isinstance(value, np.ndarray):
            return value
        numbers = np.ascontiguousarray(value, np.float32)
        strides = [step // 4 for step in numbers.strides] if value.ndim else ()
        key = str(len(storages))
        storages[key] = numbers.ravel()
        return tensor(storages[key], key=key, size=value.shape, stride=tuple(strides))

    return write(path, converted(parts), storages)


def write_legacy(path, content, storages):
    """The same in the format before PyTorch 1.6; `storages` in the order of their keys."""
    with path.open("wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content):
            Pickler(file, protocol=2).dump(value)
        Pickler(file, protocol=2).dump(sorted(storages))
        for key in sorted(storages):
            file.write(len(storages[key]).to_bytes(8, "little") + storages[key].tobytes())
    return path


def write(path, content, storages):
    """A zip file in PyTorch's format; `storages` are arrays by key."""
    pickled = path.with_suffix(".pkl")
    with pickled.open("wb") as file:
        Pickler(file, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(pickled, "model/data.pkl")
        for key, array in storages.items():
            archive.writestr(f"model/data/{key}", array.tobytes())
    return path
