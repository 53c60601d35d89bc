"""The columns of a set's two tables, each with its type and meaning (schema 1).

Boxes are continuous pixel edges of the upright image, as in COCO: right = x + w.
"""

import pyarrow as pa

SCHEMA = 1
SPLITS = ("train", "val", "test", "pool")

_WORDS = pa.map_(pa.string(), pa.string())

_Column = tuple[str, pa.DataType, bool, str]

_IMAGES: tuple[_Column, ...] = (
    ("image", pa.string(), False, "key: POSIX path with extension, unique, kept by translation"),
    ("file", pa.string(), False, "where the pixels are: relative to set.json, or absolute"),
    ("sha256", pa.string(), True, "of the file's bytes"),
    ("width", pa.int32(), True, "upright pixels; null only where imported without pixels"),
    ("height", pa.int32(), True, "upright pixels; null only where imported without pixels"),
    ("channels", pa.int8(), True, "as stored"),
    ("bits", pa.int8(), True, "a channel, as stored"),
    ("labelled", pa.bool_(), False, "false: boxes unknown; true without rows: background"),
    ("split", pa.string(), True, "train, val, test or pool"),
    ("sequence", pa.string(), True, "the drive or clip the frame belongs to"),
    ("frame", pa.int32(), True, "position in the sequence"),
    ("time_s", pa.float64(), True, "seconds since the sequence began"),
    ("group", pa.string(), False, "sequence, else near-duplicate chain, else the image; unit of "
     "splits and of the bootstrap"),
    ("place", pa.string(), True, "retrieval: images of one place are positives"),
    ("east_m", pa.float64(), True, "position in metres"),
    ("north_m", pa.float64(), True, "position in metres"),
    ("heading_deg", pa.float64(), True, "clockwise from north"),
    ("query_crop", pa.list_(pa.float64(), 4), True, "retrieval: left, top, right, bottom"),
    ("timeofday", pa.string(), True, "day, night or twilight"),
    ("weather", pa.string(), True, "clear, partly_cloudy, overcast, rain, snow or fog"),
    ("scene", pa.string(), True, "city street, highway, ... as the source says"),
    ("attributes", _WORDS, False, "the source's own words"),
    ("depth", pa.string(), True, "file: metres"),
    ("flow", pa.string(), True, "file: pixels to the next frame"),
    ("mask", pa.string(), True, "file: instance or class ids"),
    ("parent", pa.string(), True, "lineage: name of the set the image was translated from"),
    ("parent_sha256", pa.string(), True, "lineage: of the source image's bytes"),
    ("translator", pa.string(), True, "lineage: hash of the translator's run, or its name"),
    ("method_version", pa.string(), True, "lineage: method and release"),
    ("direction", pa.string(), True, "lineage: forward or reverse"),
    ("seed", pa.int64(), True, "lineage: of the run"),
)  # fmt: skip

_BOXES: tuple[_Column, ...] = (
    ("image", pa.string(), False, "key into the images"),
    ("box", pa.int32(), False, "number within the image"),
    ("label", pa.string(), False, "one of the set's classes"),
    ("left", pa.float64(), False, "pixels"),
    ("top", pa.float64(), False, "pixels"),
    ("right", pa.float64(), False, "pixels"),
    ("bottom", pa.float64(), False, "pixels"),
    ("occlusion", pa.float32(), True, "hidden share, 0 to 1"),
    ("occlusion_level", pa.int8(), True, "0 none, 1 partly (< .5; BDD100K's flag), 2 largely; "
     "occluded is >= 1"),
    ("truncation", pa.float32(), True, "share outside the image, 0 to 1"),
    ("pixels", pa.int32(), True, "visible pixels"),
    ("depth_m", pa.float32(), True, "distance in metres"),
    ("track", pa.string(), True, "the same object across frames of a sequence"),
    ("state", pa.string(), True, "traffic-light colour"),
    ("ignore", pa.bool_(), False, "neither truth nor background, as COCO's crowd"),
    ("ignore_reason", pa.string(), True, "why"),
    ("attributes", _WORDS, False, "the source's own words"),
)  # fmt: skip


def _schema(columns: tuple[_Column, ...]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=nullable) for name, kind, nullable, _ in columns]
    )


IMAGES = _schema(_IMAGES)
"""Columns of ``images.parquet``."""
BOXES = _schema(_BOXES)
"""Columns of ``boxes.parquet``."""
RELEVANCE = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in ("query", "image", "grade")]
)
"""Columns of ``relevance.parquet``; grade is positive, easy, hard or junk."""
MEANINGS = {
    "images": {name: meaning for name, _, _, meaning in _IMAGES},
    "boxes": {name: meaning for name, _, _, meaning in _BOXES},
}
"""What each column says, for the docs and for error messages."""
PREDICTIONS = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        *(pa.field(e, pa.float32(), nullable=False) for e in ("left", "top", "right", "bottom")),
        pa.field("score", pa.float32(), nullable=False),
    ]
)
"""Columns of ``predictions.parquet`` (and ``hallucinations.parquet``): original upright pixels."""
AUDIT = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("box", pa.int32(), nullable=False),
        pa.field("detector", pa.string(), nullable=False),
        pa.field("found", pa.bool_()),
        pa.field("edge_kept", pa.float32(), nullable=False),
        pa.field("contrast_kept", pa.float32(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
    ]
)
"""Columns of ``audit.parquet``; decision is keep, ignore or drop."""
EMBEDDINGS = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("scale", pa.float32(), nullable=False),
        pa.field("vector", pa.list_(pa.float32()), nullable=False),
    ]
)
"""Columns of ``embeddings.parquet``."""
