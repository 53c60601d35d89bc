"""What bad sources hold: words, values, bytes and whole files that have hurt readers before."""

import json
import pickle  # noqa: TID251 - the official files are pickles, and so are the hostile ones
import struct
import zlib
from typing import Any

LONG = "x" * 5000
WORDS = (
    "", " ", "-1", "0", "1e400", "-1e400", "nan", "inf", "-inf", "9" * 40, "9" * 5000, "1e-320",
    "0x10", "1_000", "٣", "²", "None", "true", "null", "..", "../../etc/passwd", "../a.jpg",
    "/etc/passwd", "/dev/null", "/", ".", "a/../../b.jpg", "a\\b.jpg", "C:\\a.jpg", "a\0b.jpg",
    "\ud800.jpg", "\udcff", "\u202egpj.a", "\ufeff", "\n", "\x85", "\u2028", "a" * 300 + ".jpg",
    LONG + ".jpg", "x/" * 3000 + "a.jpg", "%s%n{0}", "~/a.jpg", "file:///etc/passwd",
    "'; DROP TABLE images; --", "&lol;", "*", "!!python/object/apply:os.system [ls]",
)  # fmt: skip
"""Put in the place of names, numbers and words of text."""

VALUES: tuple[Any, ...] = (
    *WORDS, None, True, False, 0, -1, 1, 0.5, 2**31, -(2**31) - 1, 2**63, 10**400, -(10**30),
    float("nan"), float("inf"), 1e308, -1e308, [], {}, [[]], [None], {"": None}, {"a": {"b": []}},
    [1, 2], [1, 2, 3, 4], ["x"] * 5, [float("nan")] * 4, list(range(1000)),
)  # fmt: skip
"""Put in the place of values of JSON, YAML and pickles."""


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def png_header(width: int, height: int) -> bytes:
    """Write a PNG that promises so many pixels and holds none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = (head, data, b"IEND")
    body = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def png_of_text(length: int) -> bytes:
    """Write a small PNG with a compressed text that unpacks to so many bytes."""
    text = b"zTXtComment\0\0" + zlib.compress(b"a" * length, 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    whole = png_header(4, 4)
    return whole[:33] + chunk + whole[33:]


class Executes:
    """Pickled, it would make a file when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("open('/tmp/otherlight-was-here', 'w')",)


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><annotation><filename>&i;</filename></annotation>"
)
_OUTSIDE = (
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<annotation><filename>&x;</filename></annotation>"
)
_DEEP = 100_000

CONTENTS = (
    b"", b"\0", b"\0" * 5000, b"\xff\xfe", b"\xef\xbb\xbf", b"\x80\x81\x82\n", b"\n" * 100,
    nested(_DEEP), b"[" * _DEEP, b'{"a":' * _DEEP, b'{"frames":' + nested(_DEEP) + b"}",
    b"a: " + nested(2000), b"- " * 3000 + b"a", b"&a [*a]", b"<a>" * _DEEP + b"</a>" * _DEEP,
    b"<annotation>" + b"<object>" * _DEEP, _LAUGHS.encode(), _OUTSIDE.encode(),
    b"!!python/object/apply:os.system ['touch /tmp/otherlight-was-here']",
    b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in b"bcdefgh")
    + b"names: *h\n",
    pickle.dumps(Executes()), b"\x80\x02" + b"]" * _DEEP + b".", b"(" * _DEEP, b"I" + b"9" * 9000,
    b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x80\x02]q\0h\0a.",
    b'{"images": ' + json.dumps("9" * 9000).encode() + b"}", b"9" * 9000, b"-", b"1e999999",
    png_header(60_000, 60_000), png_header(2**31 - 1, 2**31 - 1), png_header(0, 0),
    png_header(13_000, 13_000), png_of_text(1 << 26), b"\xff\xd8\xff\xd9", b"\xff\xd8" * 50,
    b"RIFF\xff\xff\xff\xffWEBPVP8 ", b"II*\0\x08\0\0\0\xff\xff", b"BM" + b"\xff" * 60,
    b"\0\0\0\x18ftypmp42" + b"\xff" * 40, b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
    b"0 .5 .5 .1 .1\n" * 20_000, (b"9" * 5000 + b" ") * 5, b"0 .5 .5 .1 nan\n", b'"' + b"a," * 9000,
)  # fmt: skip
"""Put in the place of whole files."""

NAMES = (
    ".hidden", " ", "a b", "-rf", "x" * 200, "é.jpg", "a\n.jpg", "a\\b.jpg", b"\xff\xfe.jpg",
    b"\xff.txt", "data.yaml", "classes.txt", "label_02", "trainA", "A", "..jpg", "a..jpg", ".jpg",
    "a.jpg", "a.JPG", "b.tif", "\u202e.png", "*", "%00.jpg", "[a].jpg", "places.csv",
)  # fmt: skip
"""Put in the place of the names of files and folders."""

LINKS = (
    ".", "..", "../..", "/", "/etc/passwd", "/dev/null", "nowhere", "a.jpg",
    "x" * 300, "../" * 20, "/proc/self/root", "/proc/self/mem",
)  # fmt: skip
"""What links lead to."""
