"""Ways to spoil a source: its bytes, the values that a file holds, and the tree of its files."""

import csv
import io
import json
import os
import pickle  # noqa: TID251 - the official files are pickles
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import yaml
from hypothesis import strategies as st

from otherlight.datasets.plain_pickle import parse_plain
from otherlight.errors import DatasetError

from .hostile import CONTENTS, LINKS, NAMES, VALUES, WORDS
from .trees import Link, Other, Tree

Draw = Callable[..., Any]

_TOKENS = (
    *(word.encode("utf-8", "surrogatepass") for word in WORDS if len(word) < 400),
    b"\xff", b"\0", b"\xc3", b"{", b"}", b"[", b"]", b'"', b"<", b">", b"&", b",", b"\r", b".",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0",
)  # fmt: skip

_NO_MORE = (
    ValueError, SyntaxError, LookupError, RecursionError, EOFError, AttributeError, TypeError,
    OverflowError, MemoryError, yaml.YAMLError, csv.Error, DatasetError,
)  # fmt: skip
"""What the usual readers say of a file that was spoiled before."""


@st.composite
def spoiled(draw: Draw, tree: Tree) -> Tree:
    """Change a source in one to four places."""
    changed = dict(tree)
    for _ in range(draw(st.integers(1, 4))):
        if not changed:
            break
        # Labels are few beside images; files by kind first give each kind its turn.
        kinds = sorted({os.path.splitext(name)[1] for name in changed})  # noqa: PTH122
        kind = draw(st.sampled_from(kinds))
        name = draw(st.sampled_from(sorted(n for n in changed if n.endswith(kind))))
        change = draw(st.sampled_from((_bytes, _structure, _structure, _file)))
        change(draw, changed, name)
    return changed


def _bytes(draw: Draw, tree: dict[str, Any], name: str) -> None:
    """Flip, cut, insert, repeat, or put a token in."""
    data = tree[name]
    if not isinstance(data, bytes):
        return
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    part = draw(
        st.sampled_from((b"", data[first:last] * 2, data[first:last][::-1], None, *_TOKENS))
    )
    if part is None:
        byte = draw(st.integers(0, 255))
        part, last = bytes([byte]), first + 1
    elif draw(st.booleans()):
        last = min(last, first + len(part))
    tree[name] = data[:first] + part + data[last:]


def _structure(draw: Draw, tree: dict[str, Any], name: str) -> None:
    """Put a hostile value at some place of what a file holds."""
    data = tree[name]
    suffix = os.path.splitext(name)[1]  # noqa: PTH122
    spoil = {
        ".json": _json, ".yaml": _yaml, ".csv": _csv, ".pkl": _pickle, ".xml": _xml, ".txt": _text,
    }.get(suffix)  # fmt: skip
    if spoil is None or not isinstance(data, bytes):
        _bytes(draw, tree, name)
        return
    try:
        tree[name] = spoil(draw, data)
    except _NO_MORE:
        _bytes(draw, tree, name)


def _json(draw: Draw, data: bytes) -> bytes:
    return json.dumps(_in_place(draw, json.loads(data))).encode()


def _yaml(draw: Draw, data: bytes) -> bytes:
    text = yaml.safe_dump(_in_place(draw, yaml.safe_load(data)), allow_unicode=True)
    return text.encode("utf-8", "surrogatepass")


def _pickle(draw: Draw, data: bytes) -> bytes:
    value = _in_place(draw, parse_plain(data, "pickle"))
    return pickle.dumps(value, draw(st.integers(0, 5)))


def _csv(draw: Draw, data: bytes) -> bytes:
    rows = list(csv.reader(data.decode().splitlines()))
    row = draw(st.sampled_from(rows))
    row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(WORDS))
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def _xml(draw: Draw, data: bytes) -> bytes:
    tree = ElementTree.fromstring(data)
    found = list(tree.iter())
    element = draw(st.sampled_from(found))
    if draw(st.booleans()):
        element.text = draw(st.sampled_from(WORDS))
    else:
        other = draw(st.sampled_from(found))
        if element not in other.iter():
            element.append(other)
        else:
            element.tag = other.tag
    return ElementTree.tostring(tree, "utf-8", xml_declaration=False)


def _text(draw: Draw, data: bytes) -> bytes:
    """Put a hostile word in the place of one, or many lines in the place of one."""
    words = re.split(r"(\s+)", data.decode("utf-8"))
    at = draw(st.integers(0, len(words) - 1))
    words[at] = draw(st.sampled_from(WORDS))
    return "".join(words).encode("utf-8", "surrogatepass")


def _in_place(draw: Draw, value: Any) -> Any:
    """Walk down to some depth, and there replace, drop, double or rename."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 5)):
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        what = draw(st.sampled_from(("down", "down", "down", "drop", "double", "rename")))
        if what == "down":
            value[key] = _in_place(draw, value[key])
        elif what == "drop":
            del value[key]
        elif isinstance(value, list):
            value.insert(key, value[key])
        else:
            value[draw(st.sampled_from(WORDS))] = value[key]
        return value
    return draw(st.sampled_from(VALUES))


def _file(draw: Draw, tree: dict[str, Any], name: str) -> None:
    """Delete, rename or move a file, or put something else in its place."""
    what = draw(st.sampled_from(("delete", "rename", "whole", "whole", "link", "beside", "other")))
    folder = os.path.dirname(name)  # noqa: PTH120
    if what == "whole":
        tree[name] = draw(st.sampled_from(CONTENTS))
    elif what == "link":
        tree[name] = Link(draw(st.sampled_from(LINKS)))
    elif what == "beside":
        new = draw(st.sampled_from(("loop", "loop.jpg", "loop.txt", "data.yaml", "a.json")))
        tree[os.path.join(folder, new)] = Link(draw(st.sampled_from(LINKS)))  # noqa: PTH118
    elif what == "other":
        kind = draw(st.sampled_from(("folder", "pipe")))
        tree[name] = Other(kind)
    elif what == "delete":
        del tree[name]
    else:
        new = os.fsdecode(draw(st.sampled_from(NAMES)))
        entry = tree.pop(name)
        upper = draw(st.sampled_from((folder, os.path.dirname(folder), f"{folder}/{new}")))  # noqa: PTH120
        tree[os.path.join(upper.lstrip("/"), new)] = entry  # noqa: PTH118
