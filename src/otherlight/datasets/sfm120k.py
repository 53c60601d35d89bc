"""retrieval-SfM-120k and its whitening sets (Radenovic et al. 2018, https://arxiv.org/abs/1711.02512).

A pickle holds ``train`` and ``val``, each with ``cids`` (image ids), ``cluster`` (the 3D model that
an image belongs to), and ``qidxs`` and ``pidxs`` (queries and their positives, pair by pair); a
whitening pickle holds ids and pairs alone. The image of id ``...a1b2c3`` lies at
``ims/c3/b2/a1/<id>``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import key_of, there_is
from otherlight.datasets.locating import refuse_if_none
from otherlight.datasets.plain_pickle import load_plain
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.datasets.truth_fields import indices, items, need, shown, table, word
from otherlight.errors import DatasetError

_ID = re.compile(r"[0-9A-Za-z_-]{6,200}")
_PARTS = ("train", "val")
Pairs = list[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One list of images: their ids and places, and pairs of query and positive as numbers."""

    split: str | None
    ids: Sequence[str]
    places: Sequence[str | None]
    pairs: Sequence[tuple[int, int]]


def read_sfm120k(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read a pickle (or a folder's); images lie in ``ims`` beside it, or in ``images``."""
    path = _pickle_of(source)
    root = (images or path.parent / "ims").resolve()
    samples: dict[str, Sample] = {}
    relevance: Pairs = []
    parts = parse_sfm120k(load_plain(path), str(path))
    for part in parts:
        keys = _place_images(part, root, config, tally, samples)
        relevance += _pairs(part, keys, tally)
    refuse_if_none(path, root, [shard(each) for part in parts for each in part.ids[:1]], samples)
    files = [path, *(sample.file for sample in samples.values() if config.pixels)]
    return Content(
        classes=(),
        samples=list(samples.values()),
        count=len(samples),
        files=files,
        origin="sfm120k",
        relevance=relevance,
    )


def shard(identity: str) -> str:
    """Say where the image of an id lies.

    >>> shard("00000000000000000000000000a1b2c3")
    'c3/b2/a1/00000000000000000000000000a1b2c3'
    """
    return f"{identity[-2:]}/{identity[-4:-2]}/{identity[-6:-4]}/{identity}"


def parse_sfm120k(value: Any, at: str) -> list[Part]:
    """Read what a pickle holds: train and val, or a whitening set.

    Raises:
        DatasetError: a field is missing, an id is none, an index points nowhere.
    """
    whole = table(value, at)
    if "cids" in whole:
        return [_part(whole, None, at)]
    parts = [
        _part(table(whole[split], f"{split!r} of {at}"), split, f"{split!r} of {at}")
        for split in _PARTS
        if split in whole
    ]
    if not parts:
        raise DatasetError(
            f"A pickle of SfM-120k must hold 'train' or 'val', or 'cids'; {at} holds "
            f"{', '.join(list(whole)[:5])[:80] or 'nothing'}."
        )
    return parts


def _part(fields: Mapping[str, Any], split: str | None, at: str) -> Part:
    ids = [
        _identity(each, f"entry {number} of 'cids' in {at}")
        for number, each in enumerate(items(need(fields, "cids", at), f"'cids' in {at}"))
    ]
    queries = indices(need(fields, "qidxs", at), len(ids), f"'qidxs' in {at}")
    positives = indices(need(fields, "pidxs", at), len(ids), f"'pidxs' in {at}")
    places = _places(fields, split, at) if split else [None] * len(ids)
    if len(places) != len(ids) or len(queries) != len(positives):
        raise DatasetError(
            f"Each image must have a cluster and each query a positive; {at} has {len(ids)} cids "
            f"and {len(places)} clusters, {len(queries)} qidxs and {len(positives)} pidxs."
        )
    return Part(
        split=split, ids=ids, places=places, pairs=list(zip(queries, positives, strict=True))
    )


def _identity(value: Any, at: str) -> str:
    identity = word(value, at)
    if not _ID.fullmatch(identity):
        raise DatasetError(
            f"An image id has at least six letters and digits and nothing else; "
            f"{identity[:80]!r} came as {at}."
        )
    return identity


def _places(fields: Mapping[str, Any], split: str, at: str) -> list[str | None]:
    """Name clusters by split and number: train and val count for themselves."""
    found: list[str | None] = []
    for number, each in enumerate(items(need(fields, "cluster", at), f"'cluster' in {at}")):
        if type(each) is not int and not isinstance(each, str | bytes):
            raise DatasetError(
                f"A cluster is a number or a word; entry {number} in {at} is {shown(each)}."
            )
        name = word(each, f"a cluster in {at}") if isinstance(each, str | bytes) else shown(each)
        found.append(f"{split}/{name}")
    return found


def _place_images(
    part: Part, root: Path, config: ImportConfig, tally: Tally, samples: dict[str, Sample]
) -> list[str | None]:
    """Add the part's images to ``samples``; give each one's key, None where it has no file here."""
    asking = {query for query, _ in part.pairs}
    keys: list[str | None] = []
    for number, (identity, place) in enumerate(zip(part.ids, part.places, strict=True)):
        name = shard(identity)
        file = root / name
        if config.pixels and not there_is(file):
            tally.images += 1
            tally.drop_images("image id without file", str(file))
            keys.append(None)
            continue
        key = key_of(file, name) if config.pixels else f"{name}.jpg"
        role = "both" if number in asking else "database"
        columns = {"split": part.split, "place": place, "group": place}
        columns |= {"attributes": {"role": role}}
        sample = Sample(image=key, file=file, at=identity, labelled=False, columns=columns)
        first = samples.setdefault(key, sample)
        if first is not sample:
            tally.mend("image id that stands twice, first split and cluster kept", identity)
        keys.append(key if first.columns["split"] == part.split else None)
    return keys


def _pairs(part: Part, keys: Sequence[str | None], tally: Tally) -> Pairs:
    """Name the pairs by their images' keys; pairs that stand twice are counted."""
    found: dict[tuple[str, str], None] = {}
    for query, positive in part.pairs:
        asks, answers = keys[query], keys[positive]
        if asks is None or answers is None:
            tally.drop("pair of an image without file or of another split", part.ids[query])
        elif (asks, answers) in found:
            tally.note("pair of query and positive that stands twice", part.ids[query])
        else:
            found[asks, answers] = None
    return [(asks, answers, "positive") for asks, answers in found]


def _pickle_of(source: Path) -> Path:
    """Find the pickle: the source itself, or a folder's; the whitening one only if it is alone."""
    if not source.is_dir():
        return source
    found = sorted(source.glob("*.pkl"))
    main = [path for path in found if not path.stem.endswith("-whiten")] or found
    if len(main) != 1:
        raise DatasetError(
            f"Expected one pickle such as retrieval-SfM-120k.pkl in {source}; there are "
            f"{len(main)}. Point to the file itself."
        )
    return main[0]
