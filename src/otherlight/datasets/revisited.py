"""Ground truth of queries: Oxford and Paris, revisited or not, and Tokyo 24/7.

Radenovic et al. 2018, https://arxiv.org/abs/1803.11285. A pickle holds ``imlist`` (the database),
``qimlist`` (the queries) and ``gnd``: for each query a box ``bbx`` and lists of numbers into the
database, ``easy``, ``hard`` and ``junk``, or by the older protocol ``ok`` and ``junk``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import key_of, there_is
from otherlight.datasets.locating import refuse_if_none
from otherlight.datasets.plain_pickle import load_plain
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.datasets.truth_fields import crop, indices, items, names, need, table
from otherlight.errors import DatasetError
from otherlight.images.files import SUFFIXES

_GRADES = {"ok": "positive", "easy": "easy", "hard": "hard", "junk": "junk"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """One query: its image, its crop, and the database's images that are graded for it."""

    image: str
    crop: list[float] | None
    grades: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A database, by name, and the queries asked of it."""

    database: Sequence[str]
    queries: Sequence[Query]


def read_revisited(
    source: Path, images: Path | None, config: ImportConfig, tally: Tally
) -> Content:
    """Read a pickle (or a folder's); images lie in ``jpg`` beside it, or in ``images``."""
    path = _pickle_of(source)
    root = (images or path.parent / "jpg").resolve()
    truth = parse_revisited(load_plain(path), str(path), tally)
    samples, keys = _samples(truth, root, config, tally)
    refuse_if_none(path, root, [*truth.database[:1], *(q.image for q in truth.queries)], samples)
    files = [path, *(sample.file for sample in samples if config.pixels)]
    return Content(
        classes=(),
        samples=samples,
        count=len(samples),
        files=files,
        origin=path.stem.removeprefix("gnd_"),
        relevance=_relevance(truth, keys, tally),
    )


def parse_revisited(value: Any, at: str, tally: Tally) -> Truth:
    """Read what a pickle holds.

    Raises:
        DatasetError: a field is missing, a name leads out of the folder, an index points nowhere.
    """
    whole = table(value, at)
    database = names(need(whole, "imlist", at), f"'imlist' in {at}")
    asking = names(need(whole, "qimlist", at), f"'qimlist' in {at}")
    truths = items(need(whole, "gnd", at), f"'gnd' in {at}")
    if len(truths) != len(asking):
        raise DatasetError(
            f"Each query must have its ground truth; {at} has {len(asking)} in 'qimlist' and "
            f"{len(truths)} in 'gnd'."
        )
    found: dict[str, Query] = {}
    for number, (image, each) in enumerate(zip(asking, truths, strict=True)):
        query = _query(image, each, len(database), f"query {number} ({image[:60]}) of {at}", tally)
        if found.setdefault(image, query) is not query:
            tally.drop("query on an image that asks already", f"query {number} of {at}")
    return Truth(database=database, queries=list(found.values()))


def _query(image: str, value: Any, count: int, at: str, tally: Tally) -> Query:
    fields = table(value, at)
    grades: dict[int, str] = {}
    for name in sorted(fields.keys() - _GRADES.keys() - {"bbx"}):
        tally.note(f"field {name[:40]!r} of a query, not read", at)
    if not fields.keys() & {"ok", "easy", "hard"}:
        raise DatasetError(f"A query must have 'easy' and 'hard', or 'ok'; {at} has none of them.")
    for field, grade in _GRADES.items():
        chosen = indices(fields.get(field, ()), count, f"{field!r} of {at}")
        for number in chosen:
            if grades.setdefault(number, grade) != grade:
                tally.mend("image graded twice for one query, the better grade kept", at)
    return Query(image=image, crop=crop(fields.get("bbx"), f"'bbx' of {at}"), grades=grades)


def _samples(
    truth: Truth, root: Path, config: ImportConfig, tally: Tally
) -> tuple[list[Sample], dict[str, str]]:
    """Make the images of database and queries, and say which name has which key."""
    asking = {query.image: query for query in truth.queries}
    database = set(truth.database)
    tally.note(
        "image that stands twice in the database", str(root), len(truth.database) - len(database)
    )
    groups = group_queries(truth)
    samples: list[Sample] = []
    keys: dict[str, str] = {}
    for name in dict.fromkeys((*truth.database, *asking)):
        file = _file_of(root, name, config.pixels)
        if file is None:
            tally.images += 1
            tally.drop_images("image of the ground truth without file", str(root / name))
            continue
        keys[name] = key_of(file, file.relative_to(root).as_posix())
        role = "database" if name not in asking else "both" if name in database else "query"
        columns: dict[str, Any] = {"split": "test", "group": groups.get(name)}
        columns["attributes"] = {"role": role}
        columns["query_crop"] = asking[name].crop if name in asking else None
        samples.append(
            Sample(image=keys[name], file=file, at=name, labelled=False, columns=columns)
        )
    return samples, keys


def group_queries(truth: Truth) -> dict[str, str]:
    """Group queries that share a match, and their matches: they show one place.

    The group is named after its first query; junk joins nothing.

    >>> found = Truth(database=["a", "b", "c"], queries=[
    ...     Query(image="q", crop=None, grades={0: "easy", 2: "junk"}),
    ...     Query(image="r", crop=None, grades={0: "hard", 1: "easy"})])
    >>> group_queries(found)
    {'q': 'q', 'a': 'q', 'r': 'q', 'b': 'q'}
    """
    parent: dict[str, str] = {}

    def first(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent[above]
            name = above
        return name

    for query in truth.queries:
        first(query.image)
        for number, grade in query.grades.items():
            if grade != "junk":
                one, other = first(query.image), first(truth.database[number])
                parent[other] = one
    named: dict[str, str] = {}
    for query in truth.queries:
        named.setdefault(first(query.image), query.image)
    return {name: named[first(name)] for name in list(parent)}


def _relevance(truth: Truth, keys: Mapping[str, str], tally: Tally) -> list[tuple[str, str, str]]:
    rows: dict[tuple[str, str], str] = {}
    for query in truth.queries:
        if not query.grades:
            tally.note("query without any match", query.image)
        for number, grade in query.grades.items():
            answers = truth.database[number]
            if query.image in keys and answers in keys:
                rows.setdefault((keys[query.image], keys[answers]), grade)
            else:
                tally.drop("grade of an image without file", f"{query.image}, {answers}")
    return [(query, image, grade) for (query, image), grade in rows.items()]


def _file_of(root: Path, name: str, look: bool) -> Path | None:
    """Find an image by a name that mostly lacks its ending; None where there is none."""
    if PurePosixPath(name).suffix.lower() in SUFFIXES:
        places = [root / name]
    else:
        places = [root / f"{name}.jpg", root / name]
    if not look:
        return places[0]
    return next((place for place in places if there_is(place)), None)


def _pickle_of(source: Path) -> Path:
    if not source.is_dir():
        return source
    found = sorted(source.glob("gnd_*.pkl"))
    if len(found) != 1:
        raise DatasetError(
            f"Expected one pickle such as gnd_roxford5k.pkl in {source}; there are {len(found)}. "
            f"Point to the file itself."
        )
    return found[0]
