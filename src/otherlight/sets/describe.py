"""What a set holds, in numbers: for `otherlight info` and for reports."""

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa

from otherlight.sets.arrow import compute as pc
from otherlight.sets.image_set import ImageSet
from otherlight.sets.relevance import count_relevance

_WORDS = ("split", "timeofday", "weather", "scene", "translator")
_FEW = 24
"""Values of one attribute that are listed; of more, only how many there are is said."""
_PAIRS = pa.list_(
    pa.struct([pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string())])
)


def describe_set(images: ImageSet, *, stored_hash: str | None = None) -> dict[str, Any]:
    """Count images, boxes, classes (in the set's order), sizes, groups and attributes.

    ``stored_hash`` stands for the hash where a caller trusts ``set.json``: working it out takes
    ten seconds for a million boxes.
    """
    table, boxes = images.images, images.boxes
    labels = _counts(boxes["label"])
    sizes = Counter(zip(images.column("width"), images.column("height"), strict=True))
    (width, height), _ = sizes.most_common(1)[0] if sizes else ((None, None), 0)
    return {
        "name": images.name,
        "images": len(images),
        "boxes": boxes.num_rows,
        "classes": {name: labels.get(name, 0) for name in images.classes},
        "labelled": _sum(table["labelled"]),
        "without_boxes": len(images) - len(pc.unique(boxes["image"])),
        "ignored_boxes": _sum(boxes["ignore"]),
        "occluded_boxes": _sum(pc.greater_equal(boxes["occlusion_level"], 1)),
        "sizes": len(sizes),
        "commonest_size": {"width": width, "height": height},
        "groups": len(pc.unique(table["group"])),
        "sequences": len(pc.unique(pc.drop_null(table["sequence"]))),
        **_retrieval(images),
        **{word: counts for word in _WORDS if (counts := _counts(table[word]))},
        "attributes": _attributes(table["attributes"]),
        "licence": images.licence,
        "hash": stored_hash or images.hash,
        "made_by": dict(images.made_by),
        "parents": [dict(parent) for parent in images.parents],
        "counts": dict(images.counts),
    }


def _retrieval(images: ImageSet) -> dict[str, Any]:
    """Count places and relevance, where there are any."""
    places = len(pc.unique(pc.drop_null(images.images["place"])))
    relevance = count_relevance(images.relevance)
    return ({"places": places} if places else {}) | ({"relevance": relevance} if relevance else {})


def _sum(column: Any) -> int:
    return pc.sum(column).as_py() or 0


def _counts(column: Any) -> dict[str, int]:
    """Count the values that are there, commonest first."""
    pairs = ((each["values"], each["counts"]) for each in pc.value_counts(column).to_pylist())
    return dict(
        Counter({value: count for value, count in pairs if value is not None}).most_common()
    )


def _attributes(column: Any) -> dict[str, dict[str, int] | int]:
    """Count the images by each word of the source; of words with many values, the values."""
    pairs = pc.list_flatten(column.cast(_PAIRS))
    table = pa.table({name: pc.struct_field(pairs, name) for name in ("key", "value")})
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in table.group_by(["key", "value"]).aggregate([([], "count_all")]).to_pylist():
        counted[row["key"]][row["value"]] = row["count_all"]
    return {
        key: dict(sorted(values.items(), key=lambda pair: (-pair[1], str(pair[0]))))
        if len(values) <= _FEW
        else len(values)
        for key, values in sorted(counted.items())
    }
