"""Pickles as plain data: equal to what Python builds, and closed to everything else."""

import collections
import contextlib
import os
import pickle  # noqa: TID251 - what is read here are pickles
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.datasets.plain_pickle import load_plain, parse_plain
from otherlight.errors import DatasetError

KEYS = st.one_of(st.text(), st.binary(), st.integers(-(2**59), 2**59), st.booleans(), st.none())
SCALARS = st.one_of(KEYS, st.integers(), st.floats(allow_nan=False))
PLAIN = st.recursive(
    st.one_of(SCALARS, st.sets(KEYS), st.frozensets(KEYS)),
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner)
    ),
    max_leaves=20,
)


@given(value=PLAIN, protocol=st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_plain_values_come_back_as_python_reads_them(value: Any, protocol: int):
    data = pickle.dumps([value, value, "shared"], protocol)
    assert parse_plain(data, "x.pkl") == [value, value, "shared"]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("spelling", [b"numpy._core", b"numpy.core"])
def test_arrays_and_numbers_of_numpy(protocol: int, spelling: bytes):
    value: dict[str, Any] = {
        "rows": np.arange(12, dtype=np.int64).reshape(3, 4),
        "columns": np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
        "big_endian": np.arange(3, dtype=">u2"),
        "flags": np.array([True, False]),
        "words": np.array(["ä", "bcd"]),
        "bytes": np.array([b"ab", b"c"]),
        "empty": np.zeros((0, 4)),
        "scalar": np.float64(2.5),
        "small": np.int32(-7),
        "flag": np.bool_(True),
    }
    data = pickle.dumps(value, protocol)
    if protocol < 4:  # later ones write the length of a name before it
        data = data.replace(b"numpy._core", spelling)
    got = parse_plain(data, "x.pkl")
    for name, array in value.items():
        np.testing.assert_array_equal(got[name], array)
    assert (type(got["scalar"]), type(got["small"]), type(got["flag"])) == (float, int, bool)
    assert got["words"].tolist() == ["ä", "bcd"]


def test_python_2_strings_come_as_bytes():
    text = b"(dp0\nS'a\\x80\\n\\'\\\\'\np1\n(lp2\nI1\naL2L\naI01\naF1.5\naVx\\u00e9\nas."
    assert parse_plain(text, "x.pkl") == {b"a\x80\n'\\": [1, 2, True, 1.5, "xé"]}
    binary = b"\x80\x02}q\x00U\x02\xff\x00q\x01T\x01\x00\x00\x00xs."
    assert parse_plain(binary, "x.pkl") == {b"\xff\x00": b"x"}


class Executes:
    """What an attacker pickles: a call of his choice."""

    def __init__(self, call: Any, *given: Any) -> None:
        self.call = call, given

    def __reduce__(self) -> Any:
        return self.call


def instance(module: bytes, name: bytes, given: bytes) -> bytes:
    return b"(S'" + given + b"'\ni" + module + b"\n" + name + b"\n."


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("inside", [False, True])
def test_nothing_that_a_pickle_names_is_run(protocol: int, inside: bool, tmp_path: Path):
    mark = tmp_path / "run"
    attacks = [
        (Executes(subprocess.call, ["touch", str(mark)]), r"(subprocess|commands)\.call"),
        (Executes(eval, f"open({str(mark)!r}, 'w')"), r"(__builtin__|builtins)\.eval"),
        (Executes(getattr, "", "join"), "getattr"),
        (Executes(Path.touch, mark), r"pathlib|getattr"),
        (collections.OrderedDict(a=1), "collections.OrderedDict"),
        (np.array([Executes(os.mkdir, str(mark))], dtype=object), "plain numbers|mkdir"),
        (np.ma.masked_array([1]), "numpy.ma"),
        (complex(1, 2), "complex"),
        (Executes(np.load, str(mark)), "numpy"),
    ]
    for attack, name in attacks:
        data = pickle.dumps({"imlist": [attack]} if inside else attack, protocol)
        with pytest.raises(DatasetError, match=name):
            parse_plain(data, "x.pkl")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cos\nsystem\n.", "'os.system' came in x.pkl, byte 0. Nothing of it was run"),
        (instance(b"os", b"system", b"ls"), "'os.system'"),
        (instance(b"builtins", b"set", b"ls"), "an instance of 'builtins.set'"),
        (b"\x80\x04\x8c\x07copyreg\x8c\x0e_reconstructor\x93.", "copyreg._reconstructor"),
        (b"ccopy_reg\n_reconstructor\n.", "copy_reg._reconstructor"),
        (b"c__main__\n__builtins__.eval\n.", "__builtins__.eval"),
        (b"c" + b"x" * 5000 + b"\n\n.", "'x{100}'"),
        (b"Pthe id\n.", "a persistent id"),
        (b"NQ.", "a persistent id"),
        (b"\x82\x01.", "an extension"),
        (b"\x97.", "a buffer beside the file"),
        (b"cbuiltins\nset\n)\x81.", "an object"),
        (b"cbuiltins\nset\n.", "'builtins.set'"),
        (b"cbuiltins\nset\n}b.", "a state for a Name"),
        (b"]}b.", "a state for a list"),
        (b"I1\n)R.", "a call of something that is no function"),
        (b"cbuiltins\nset\n]R.", "a call of something that is no function"),
        (b"cnumpy\nndarray\n(I9\ntR.", "a call of something that is no function"),
        (b"cnumpy\nndarray\n.", "'numpy.ndarray'"),
        (b"cnumpy\ndtype\n(S'f8'\ntR.", "an unfinished array"),
        (b"cnumpy\ndtype\n(S'O8'\ntR.", "plain numbers or text, not 'O8'"),
        (b"cnumpy\ndtype\n(S'f8,O'\ntR.", "plain numbers or text"),
        (b"cnumpy\ndtype\n(S'V8'\ntR.", "plain numbers or text"),
        (b"cnumpy\ndtype\n(]tR.", "text is needed, not list"),
        (b"cnumpy\ndtype\n(S'f8'\nI1\nI1\nI1\ntR.", "must be whole and hold plain data"),
        (b"\xff.", "no step of a pickle has the code"),
        (b"", "it ends early"),
        (b"N", "it ends early"),
        (b".", "must be whole"),
        (b"a.", "must be whole"),
        (b"t.", "must be whole"),
        (b"\x86.", "too little on the stack"),
        (b"h\x05.", "must be whole"),
        (b"Ijust text\n.", "invalid literal"),
        (b"\x80\x06N.", "protocols 0 to 5 are read, not 6"),
        (b"X\x01\x00\x00\x00\xff.", "can't decode byte"),
        (b"S'a\\q'\n.", "must be whole"),
        (b"Snaked\n.", "must stand in quotes"),
        (b"]N(NNe.", "put into a NoneType, not a list"),
        (b"}(Nu.", "must be whole"),
        (b"})Ns.", "keys are words or numbers"),
    ],
)
def test_what_is_not_plain_is_refused_by_name(data: bytes, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_plain(data, "x.pkl")


def nested_keys() -> bytes:
    """A tuple of two of itself, sixty times: to hash it as a key takes 2^60 steps."""
    return b"}N" + b"2\x86" * 60 + b"Ns."


def array(shape: bytes, raw: bytes, kind: bytes = b"S'f8'\n") -> bytes:
    begun = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    return begun + b"(I1\n" + shape + b"cnumpy\ndtype\n(" + kind + b"tRI00\n" + raw + b"tb."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x8e" + struct.pack("<Q", 10**10) + b".", "it ends early"),
        (b"\x96" + struct.pack("<Q", 2**63) + b".", "it ends early"),
        (b"\x8d" + struct.pack("<Q", 2**64 - 1) + b".", "it ends early"),
        (b"T" + struct.pack("<i", -1) + b".", "it ends early"),
        (b"\x8b" + struct.pack("<i", -5) + b".", "it ends early"),
        (b"L" + b"9" * 100_000 + b"L\n.", "Exceeds the limit"),
        (nested_keys(), "keys are words or numbers"),
        (b"(" + b"L4611686018427387904L\nN" + b"d.", "at most 18 digits"),
        (b"]" * 20_000 + b"a" * 19_999 + b".", "nested deeper than 16, or holds itself"),
        (b"N" + b"\x85" * 20_000 + b".", "nested deeper than 16"),
        (b"]q\x00h\x00a.", "nested deeper than 16, or holds itself"),
        (b"]q\x00(" + b"h\x00" * 1000 + b"e.", "nested deeper than 16, or holds itself"),
        (b"]" + b"q\x00]q\x01(h\x00h\x00h\x00e0h\x01" * 40 + b".", "nested deeper than 16|^$"),
        (array(b"(I1000000\nI1000000\nt", b"S''\n"), "another number of bytes than the 0"),
        (array(b"(I0\nI1099511627776\nt", b"S''\n"), "at most eight whole numbers"),
        (array(b"(" + b"I0\n" * 9 + b"t", b"S''\n"), "at most eight whole numbers"),
        (array(b"(I-1\nt", b"S'aaaaaaaa'\n"), "at most eight whole numbers"),
        (array(b"(I1\nt", b"]"), "an array is made of bytes"),
        (array(b"(I1\nt", b"S'\\xff\\xff\\xff\\xff'\n", b"S'U1'\n"), "holds what is no letter"),
        (array(b"(I1\nt", b"N", b"S'S99999999'\n"), "plain numbers or text"),
    ],
)
def test_bombs_end_in_a_sentence_and_at_once(data: bytes, message: str):
    begun = time.process_time()
    with pytest.raises(DatasetError, match=message):
        parse_plain(data, "x.pkl")
    assert time.process_time() - begun < 5


def test_a_memory_bomb_is_no_more_than_its_bytes():
    data = b"N" + b"r\xff\xff\xff\xff" + b"j\xff\xff\xff\xff" + b"\x86."
    assert parse_plain(data, "x.pkl") == (None, None)


def test_an_array_of_python_2_comes_back():
    raw = b"S'" + b"".join(b"\\x%02x" % byte for byte in struct.pack("<2d", 0.1, -7)) + b"'\n"
    np.testing.assert_array_equal(parse_plain(array(b"(I2\nt", raw), "x.pkl"), [0.1, -7])


@pytest.mark.parametrize(
    ("limit", "data", "message"),
    [
        ("MAX_STEPS", b"N0" * 600 + b"N.", "more than 1,000 steps"),
        ("MAX_CONTAINERS", b"\x8f0" * 1001 + b"N.", "more than 1,000 lists, dicts and sets"),
    ],
)
def test_floods_end(limit: str, data: bytes, message: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"otherlight.datasets.plain_machine.{limit}", 1000)
    with pytest.raises(DatasetError, match=message):
        parse_plain(data, "x.pkl")


def test_what_is_shared_many_times_is_read_once():
    data = b"]" + b"(2222222222l" * 14 + b"."
    begun = time.process_time()
    assert len(parse_plain(data, "x.pkl")) >= 1
    assert time.process_time() - begun < 5


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_plain_or_refused(data: bytes):
    with contextlib.suppress(DatasetError):
        parse_plain(data, "x.pkl")


@given(data=st.data(), protocol=st.integers(0, 5))
@settings(deadline=None, max_examples=100)
def test_changed_pickles_are_plain_or_refused(data: st.DataObject, protocol: int):
    value = {"imlist": ["a", "b"], "gnd": [{"bbx": np.zeros(4), "ok": {1, 2}, "x": b"\x00\xff"}]}
    whole = bytearray(pickle.dumps(value, protocol))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(DatasetError):
        parse_plain(bytes(whole), "x.pkl")


def test_a_file_too_large_is_not_read(tmp_path: Path):
    path = tmp_path / "x.pkl"
    with path.open("wb") as file:
        file.truncate(300 << 20)
    with pytest.raises(DatasetError, match="may have 256 MiB; .*x.pkl has 300 MiB"):
        load_plain(path)
    with pytest.raises(DatasetError, match="there is none"):
        load_plain(tmp_path / ("x" * 5000))
