"""The official layouts of retrieval sets, small: folders, links and pickles as published."""

import hashlib
import io
import pickle  # noqa: TID251 - the official files are pickles
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from .pictures import Picture, Places, light_of


def write_sfm120k(root: Path, places: Places, val: set[str], protocol: int = 2) -> Path:
    """Write ``train/retrieval-SfM-120k`` and ``-30k`` with their pickles; return the former.

    The first view of each place asks for each of its other views. The training images are also
    listed by domain, in ``dataset/train_day.txt`` and ``train_night.txt``.
    """
    folder = root / "train" / "retrieval-SfM-120k"
    parts: dict[str, dict[str, list[Any]]] = {}
    for number, (place, views) in enumerate(places.items()):
        split = "val" if place in val else "train"
        fields = {"cids": [], "cluster": [], "qidxs": [], "pidxs": []}
        part = parts.setdefault(split, fields)
        first = len(part["cids"])
        part["cids"] += [_write_sharded(folder / "ims", view) for view in views]
        part["cluster"] += [number] * len(views)
        part["qidxs"] += [first] * (len(views) - 1)
        part["pidxs"] += range(first + 1, first + len(views))
        domains = list(zip(part["cids"][first:], views, strict=True))
        for cid, view in domains if split == "train" else ():
            _add_line(folder / "dataset" / f"train_{light_of(view)}.txt", _sharded(cid))
    write_pickle(folder / "retrieval-SfM-120k.pkl", parts, protocol)
    whiten = {key: parts["train"][key] for key in ("cids", "qidxs", "pidxs")}
    write_pickle(folder / "retrieval-SfM-120k-whiten.pkl", whiten, protocol)
    other = folder.with_name("retrieval-SfM-30k")
    write_pickle(other / "retrieval-SfM-30k-whiten.pkl", whiten, protocol)
    (other / "ims").symlink_to(folder / "ims")
    return folder


def write_revisited(root: Path, name: str, places: Places, protocol: int = 2) -> Path:
    """Write ``test/NAME`` whose ``jpg`` is a link to the folder of the older set.

    Of each place the first view asks by its left half; the second is easy, the third hard, the
    fourth junk, and all others are no match of any query.
    """
    folder = root / "test" / name
    older = root / "test" / name.removeprefix("r") / "jpg"
    queries = [f"{place}_000000" for place in places]
    database: list[str] = []
    truths: list[dict[str, Any]] = []
    for place, views in places.items():
        for view, picture in enumerate(views):
            _write_jpeg(older / f"{place}_{view:06d}.jpg", picture)
        first = len(database)
        database += [f"{place}_{view:06d}" for view in range(1, len(views))]
        height, width = views[0].shape[:2]
        crop = [0.0, 0.0, width / 2, float(height)]
        truths.append({"bbx": crop, "easy": [first], "hard": [first + 1], "junk": [first + 2]})
    folder.mkdir(parents=True)
    (folder / "jpg").symlink_to(older)
    truth = {"imlist": database, "qimlist": queries, "gnd": truths}
    write_pickle(folder / f"gnd_{name}.pkl", truth, protocol)
    return folder


def write_tokyo247(root: Path, places: Places, protocol: int = 2) -> Path:
    """Write ``test/247tokyo1k``: each photo asks for the others of its place, itself junk."""
    folder = root / "test" / "247tokyo1k"
    photos = [(place, view) for place, views in places.items() for view in views]
    names = [f"{number:05d}" for number in range(1, len(photos) + 1)]
    for name, (_, picture) in zip(names, photos, strict=True):
        _write_jpeg(folder / "jpg" / f"{name}.jpg", picture)
    truths = [
        {
            "bbx": None,
            "ok": [n for n, (other, _) in enumerate(photos) if other == place and n != number],
            "junk": [number],
        }
        for number, (place, _) in enumerate(photos)
    ]
    truth = {"imlist": names, "qimlist": names, "gnd": truths}
    write_pickle(folder / "gnd_247tokyo1k.pkl", truth, protocol)
    return folder


def write_pickle(path: Path, value: Any, protocol: int) -> Path:
    """Write a pickle of a protocol from 0 to 5, or as Python 2 did where it is -2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(python_2(value) if protocol == -2 else pickle.dumps(value, protocol))
    return path


def python_2(value: Any) -> bytes:
    """Write protocol 2 as Python 2 did, whose str is a string of bytes."""
    return b"\x80\x02" + _old(value) + b"."


def _old(value: Any) -> bytes:
    if value is None:
        return b"N"
    if isinstance(value, dict):
        pairs = (_old(key) + _old(each) for key, each in value.items())
        return b"}(" + b"".join(pairs) + b"u"
    if isinstance(value, list | tuple | range):
        return b"](" + b"".join(map(_old, value)) + b"e"
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    return b"U" + bytes([len(value)]) + value.encode()


def _write_sharded(ims: Path, picture: Picture) -> str:
    data = _jpeg(picture)
    name = hashlib.md5(data, usedforsecurity=False).hexdigest()
    path = ims / _sharded(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return name


def _sharded(cid: str) -> str:
    return f"{cid[-2:]}/{cid[-4:-2]}/{cid[-6:-4]}/{cid}"


def _add_line(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{line}\n")


def _write_jpeg(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_jpeg(picture))


def _jpeg(picture: Picture) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
