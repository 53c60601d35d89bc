"""The steps of a pickle; none of them calls: known names stand for functions of this house.

As PEP 307, 3154 and 574 and the comments of Python's own pickletools describe them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from otherlight.datasets.plain_arrays import CALLS, Unfinished
from otherlight.datasets.plain_machine import Machine, Refused

SCALARS = (str, bytes, int, float, bool, type(None))
"""Values that hold no others."""

_KEYS = 1 << 60
_NEWEST = 5
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_ESCAPED = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}
Step = Callable[[Machine], None]


class Name(str):
    """A name that the pickle would call; one of the few that are known."""

    __slots__ = ()


def _push(read: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.stack.append(read(machine))

    return step


def _on_top(change: Callable[[Machine, Any, list[Any]], None]) -> Callable[[Machine], None]:
    """Take what lies above the mark and put it into the container below."""

    def step(machine: Machine) -> None:
        items = machine.since_mark()
        change(machine, machine.stack[-1], items)

    return step


def _extend(machine: Machine, target: Any, items: list[Any]) -> None:
    del machine
    _only(target, list).extend(items)


def _fill(machine: Machine, target: Any, items: list[Any]) -> None:
    del machine
    _only(target, dict).update(zip(map(_key, items[::2]), items[1::2], strict=True))


def _dict(machine: Machine) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    _fill(machine, made, machine.since_mark())
    return made


def _add(machine: Machine, target: Any, items: list[Any]) -> None:
    del machine
    _only(target, set).update(map(_key, items))


def _append_one(machine: Machine) -> None:
    value = machine.stack.pop()
    _only(machine.stack[-1], list).append(value)


def _set_one(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _only(machine.stack[-1], dict)[_key(key)] = value


def _only(target: Any, kind: type) -> Any:
    if type(target) is not kind:
        raise ValueError(f"items are put into a {type(target).__name__}, not a {kind.__name__}")
    return target


def _key(value: Any) -> Any:
    """Let words and small numbers be keys: others can be made to take for ever to look up."""
    if type(value) not in SCALARS or (type(value) is int and abs(value) >= _KEYS):
        raise ValueError("keys are words or numbers of at most 18 digits")
    return value


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        if len(machine.stack) < count:
            raise ValueError("a tuple is asked for with too little on the stack")
        items = machine.stack[-count:]
        machine.stack[-count:] = [tuple(items)]

    return step


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    machine.stack.append(_known(module.decode("utf-8"), name.decode("utf-8")))


def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not (isinstance(name, str) and isinstance(module, str)):
        raise ValueError("a name must be text")
    machine.stack.append(_known(module, name))


def _known(module: str, name: str) -> Name:
    whole = f"{module.replace('__builtin__', 'builtins')}.{name}"
    if whole not in CALLS and whole not in _BUILDERS and whole not in _CLASSES:
        raise Refused(f"{f'{module}.{name}'[:100]!r}")
    return Name(whole)


def _reduce(machine: Machine) -> None:
    given, name = machine.stack.pop(), machine.stack.pop()
    build = (CALLS.get(name) or _BUILDERS.get(name)) if isinstance(name, Name) else None
    if build is None or not isinstance(given, tuple):
        raise Refused("a call of something that is no function")
    machine.stack.append(build(*given))


def _build(machine: Machine) -> None:
    state, target = machine.stack.pop(), machine.stack.pop()
    if not isinstance(target, Unfinished) or not isinstance(state, tuple):
        raise Refused(f"a state for a {type(target).__name__}")
    finished = target.finish(state)
    for number in target.places:
        machine.memo[number] = finished
    machine.stack.append(finished)


def _protocol(machine: Machine) -> None:
    if (number := machine.take(1)[0]) > _NEWEST:
        raise ValueError(f"protocols 0 to {_NEWEST} are read, not {number}")


def _integer(machine: Machine) -> int | bool:
    line = machine.line()
    return {b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line)


def _quoted(machine: Machine) -> bytes:
    line = machine.line().strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[:1] != line[-1:]:
        raise ValueError("a string must stand in quotes")
    return _ESCAPE.sub(_unescape, line[1:-1])


def _unescape(found: re.Match[bytes]) -> bytes:
    what = found[1]
    return bytes([int(what[1:], 16)]) if len(what) == 3 else _ESCAPED[what]


def _little(machine: Machine, form: str) -> int:
    return int.from_bytes(machine.take(machine.number(form)), "little", signed=True)


def _set_of(kind: type) -> Callable[..., Any]:
    def build(items: Any = ()) -> Any:
        if not isinstance(items, list | tuple):
            raise ValueError("a set is made of a list")
        return kind(map(_key, items))

    return build


def _encoded(text: Any = "", encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", b"latin1"):
        raise ValueError("bytes are written as text in latin1")
    return text.encode("latin-1")


_BUILDERS: Mapping[str, Callable[..., Any]] = {
    "builtins.set": _set_of(set),
    "builtins.frozenset": _set_of(frozenset),
    "builtins.bytes": _encoded,
    "_codecs.encode": _encoded,
}
_CLASSES = ("numpy.ndarray",)


def _always(value: Any) -> Step:
    return lambda machine: machine.stack.append(value)


def _empty(kind: type) -> Step:
    return lambda machine: machine.stack.append(kind())


def _refuse(what: str) -> Step:
    def step(machine: Machine) -> None:
        del machine
        raise Refused(what)

    return step


def _instance(machine: Machine) -> None:
    raise Refused(f"an instance of {_known(_line(machine), _line(machine))!r}")


def _line(machine: Machine) -> str:
    return machine.line().decode("utf-8")


def _text(form: str) -> Step:
    return _push(lambda machine: machine.take(machine.number(form)).decode("utf-8"))


def _bytes(form: str) -> Step:
    return _push(lambda machine: machine.take(machine.number(form)))


def _number(form: str) -> Step:
    return _push(lambda machine: machine.number(form))


def _frame(machine: Machine) -> None:
    machine.take(8)


def _pop_mark(machine: Machine) -> None:
    machine.since_mark()


def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))


CODES: Mapping[bytes, Step] = {
    b"\x80": _protocol,
    b"\x95": _frame,
    b"(": _mark,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": lambda machine: machine.stack.append(machine.stack[-1]),
    b"N": _always(None), b"\x88": _always(True), b"\x89": _always(False),
    b"I": _push(_integer),
    b"L": _push(lambda machine: int(machine.line().removesuffix(b"L"))),
    b"F": _push(lambda machine: float(machine.line())),
    b"J": _number("<i"), b"K": _number("<B"), b"M": _number("<H"), b"G": _number(">d"),
    b"\x8a": _push(lambda machine: _little(machine, "<B")),
    b"\x8b": _push(lambda machine: _little(machine, "<i")),
    b"S": _push(_quoted),
    b"T": _bytes("<i"), b"U": _bytes("<B"),
    b"B": _bytes("<I"), b"C": _bytes("<B"), b"\x8e": _bytes("<Q"), b"\x96": _bytes("<Q"),
    b"V": _push(lambda machine: machine.line().decode("raw-unicode-escape")),
    b"X": _text("<I"), b"\x8c": _text("<B"), b"\x8d": _text("<Q"),
    b"]": _empty(list), b"}": _empty(dict), b"\x8f": _empty(set),
    b")": _always(()),
    b"l": _push(lambda machine: machine.since_mark()),
    b"t": _push(lambda machine: tuple(machine.since_mark())),
    b"d": _push(_dict),
    b"\x91": _push(lambda machine: frozenset(map(_key, machine.since_mark()))),
    b"\x85": _tuple_of(1), b"\x86": _tuple_of(2), b"\x87": _tuple_of(3),
    b"a": _append_one, b"e": _on_top(_extend),
    b"s": _set_one, b"u": _on_top(_fill), b"\x90": _on_top(_add),
    b"p": lambda machine: machine.remember(int(machine.line())),
    b"q": lambda machine: machine.remember(machine.take(1)[0]),
    b"r": lambda machine: machine.remember(machine.number("<I")),
    b"\x94": lambda machine: machine.remember(len(machine.memo)),
    b"g": _push(lambda machine: machine.memo[int(machine.line())]),
    b"h": _push(lambda machine: machine.memo[machine.take(1)[0]]),
    b"j": _push(lambda machine: machine.memo[machine.number("<I")]),
    b"c": _global, b"\x93": _stack_global,
    b"R": _reduce, b"b": _build, b"i": _instance,
    b"o": _refuse("an object"), b"\x81": _refuse("an object"), b"\x92": _refuse("an object"),
    b"P": _refuse("a persistent id"), b"Q": _refuse("a persistent id"),
    b"\x82": _refuse("an extension"), b"\x83": _refuse("an extension"),
    b"\x84": _refuse("an extension"),
    b"\x97": _refuse("a buffer beside the file"), b"\x98": _refuse("a buffer beside the file"),
}  # fmt: skip
"""What each code of protocols 0 to 5 does."""
