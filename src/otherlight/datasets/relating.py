"""What relates a set's images to queries, once it is known which images are there."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from otherlight.datasets.samples import Tally
from otherlight.sets.arrow import compute as pc
from otherlight.sets.build import with_columns
from otherlight.sets.relevance import kept_relevance, relevance_table

_ROUNDING = 0.5


def relate(rows: Sequence[tuple[str, str, str]], images: pa.Table, tally: Tally) -> pa.Table:
    """Keep what relates images that are there; count the rest, and queries left without a match."""
    whole = relevance_table(rows)
    kept = kept_relevance(whole, images)
    lost = whole.num_rows - kept.num_rows
    tally.choose("grade of an image left out", "relevance", lost)
    matched = _queries(kept.filter(pc.not_equal(kept["grade"], "junk")))
    for query in sorted(_queries(whole) - matched):
        tally.note("query without any match", query)
    return kept


def fit_crops(images: pa.Table, tally: Tally) -> pa.Table:
    """Keep what lies inside each image of its query crop, if the image's size is known."""
    if images["query_crop"].null_count == len(images):
        return images
    rows = images.select(["image", "width", "height", "query_crop"]).to_pylist()
    for row in rows:
        _fit_crop(row, tally)
    return with_columns(images, query_crop=[row["query_crop"] for row in rows])


def _fit_crop(row: dict[str, Any], tally: Tally) -> None:
    crop, size = row.get("query_crop"), (row.get("width"), row.get("height"))
    if crop is None or None in size:
        return
    limits = (0.0, 0.0, float(size[0] or 0), float(size[1] or 0))
    left, top = max(crop[0], limits[0]), max(crop[1], limits[1])
    right, bottom = min(crop[2], limits[2]), min(crop[3], limits[3])
    if left >= right or top >= bottom:
        tally.mend("query crop outside the image, which asks as a whole", row["image"])
        row["query_crop"] = None
        return
    if max(left - crop[0], top - crop[1], crop[2] - right, crop[3] - bottom) > _ROUNDING:
        tally.mend("query crop clipped at the image's border", row["image"])
    row["query_crop"] = [left, top, right, bottom]


def _queries(relevance: pa.Table) -> set[str]:
    found: Iterable[str] = pc.unique(relevance["query"]).to_pylist()
    return set(found)
