"""Reads pickles of plain values by interpreting their opcodes; looks up and calls nothing else.

Python's unpickler imports the names in a file, calls them, and sets attributes of what they are;
its C implementation also allocates as much memory as a file asks for. This one has a stack, a memo
and the opcodes with which containers of numbers, strings and known functions' results are written.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple

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


def load(
    stream: BinaryIO,
    functions: Mapping[Name, Callable[..., Any] | None],
    refer: Callable[[Any], Any],
) -> Any:
    """Reads one pickle and leaves the stream behind it.

    Args:
      stream: A file or memory-mapped file.
      functions: What stands for a name that the pickle calls; None for a name that it may mention
        only. Mentioned names become `Name`.
      refer: What stands for a persistent reference.

    Returns:
      The pickled object: dicts (for ordered ones too), lists, tuples, numbers, strings, and what
      `functions` and `refer` return.

    Raises:
      RefusedError: The pickle mentions another name.
      Exception: It is damaged: ValueError, IndexError, KeyError or TypeError.
    """
    machine = _Machine(functions, refer)
    for opcode, argument, _ in pickletools.genops(stream):
        machine.step(opcode.name, argument)
    return machine.stack.pop()


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
