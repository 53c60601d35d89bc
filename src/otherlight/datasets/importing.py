"""One source becomes one set: read, look at the pixels, apply the rules, count, write."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from otherlight import __version__
from otherlight.config import nearest, plain
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.formats import FORMATS, Format
from otherlight.datasets.listing import Look, look_at_all, stamp_of, there_is
from otherlight.datasets.making import making, same_import
from otherlight.datasets.relating import fit_crop, relate
from otherlight.datasets.rules import Rules, keep_boxes, map_classes
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.datasets.sequences import set_sequences
from otherlight.errors import DatasetError, ImageError
from otherlight.records.files import holding
from otherlight.records.progress import task
from otherlight.sets import ImageSet, read_set, write_set
from otherlight.sets.build import box_table, from_tables, image_table
from otherlight.sets.columns import BOXES

Row = dict[str, Any]
Torn = list[tuple[Sample, ImageError]]

_CHUNK = 20_000


def import_set(
    format: str,
    source: Path,
    to: Path,
    *,
    images: Path | None = None,
    config: ImportConfig | None = None,
) -> ImageSet:
    """Read labelled images in one of `FORMATS` and write them as a set; pixels stay where they are.

    The same import of unchanged files again reads only the set. `counts` of the set says what was
    read, kept, dropped and noted, by rule; `count_lines` puts it in words.

    Raises:
        DatasetError: the source contradicts itself; the message names file, line and value.
        ImageError: images cannot be read.
    """
    config = config or ImportConfig()
    chosen = find_format(format)
    tally = Tally()
    content = chosen.read(source, images, config, tally)
    made_by = {
        "command": f"import {format}",
        "version": __version__,
        "config": {
            "source": str(source),
            "images": None if images is None else str(images),
            **plain(config),
        },
        "stamp": stamp_of(content.files),
    }
    if (to / "set.json").exists() and _same(there := read_set(to), made_by, content):
        return there
    if content.make is None:
        whole = _whole(content, config, tally, to)
        with holding(to):
            return write_set(replace(whole, made_by=made_by), to)
    _need_pixels(config.pixels, "Images that the import writes itself need their pixels")
    with making(to, made_by, content.files) as folder:
        content = replace(content, samples=content.make(folder))
        return write_set(replace(_whole(content, config, tally, to), made_by=made_by), to)


def _whole(content: Content, config: ImportConfig, tally: Tally, to: Path) -> ImageSet:
    """Make the set: what is chosen of the source, with its counts."""
    classes, way = map_classes(content.classes, config.classes, tally)
    rules = Rules(classes=way, shares=content.shares, ignore_below=config.ignore_below)
    rows, boxes = _rows(content, config, rules, tally)
    tally.refuse_if_strict(config.strict)
    set_sequences(rows, config.sequence, config.sequence_gap)
    name = config.name or to.resolve().name
    images_ = image_table(rows)
    about = {"licence": config.licence, "relevance": relate(content.relevance, images_, tally)}
    whole = from_tables(name, classes, images_, boxes, root=to, **about)
    kept = whole.where(config.where, config.where_boxes)
    _count_choice(whole, kept, config, tally)
    counts = tally.as_counts(len(kept), kept.boxes.num_rows)
    return replace(kept, parents=(), counts=counts)


def find_format(name: str) -> Format:
    """Look a format up by name."""
    if name not in FORMATS:
        raise DatasetError(f"There is no format {name!r}. {nearest(name, FORMATS)}")
    return FORMATS[name]


def _same(there: ImageSet, made_by: Mapping[str, Any], content: Content) -> bool:
    """Say whether this very import is done; images that it wrote and that are gone it must mend."""
    if not same_import(there.made_by, made_by):
        return False
    return content.make is None or all(map(there_is, there.files()))


def _rows(
    content: Content, config: ImportConfig, rules: Rules, tally: Tally
) -> tuple[list[Row], pa.Table]:
    """Make all rows: of images as a list, of boxes (many more) as columns, a chunk at a time."""
    rows: list[Row] = []
    waiting: list[Row] = []
    tables: list[pa.Table] = []
    torn: Torn = []
    with task("reading images", content.count) as advance:
        for sample, look in _looked_at(content, config):
            advance(1)
            tally.images += 1
            look = sample.fault or look
            if isinstance(look, ImageError):
                torn.append((sample, look))
                continue
            rows.append(_image_row(sample, look, content.origin, config))
            row = rows[-1]
            size = (row["width"], row["height"]) if row.get("width") else None
            _check_size(sample, look, tally)
            fit_crop(row, tally)
            waiting += keep_boxes(sample, size, rules, tally)
            if len(waiting) >= _CHUNK:
                tables.append(box_table(waiting))
                waiting = []
    _settle_torn(torn, config, tally)
    if not rows:
        raise DatasetError(
            "An import must bring at least one image; none came. Point to another source."
        )
    _settle_unlabelled(rows, tally)
    tables.append(box_table(waiting) if waiting else BOXES.empty_table())
    return rows, pa.concat_tables(tables).combine_chunks()


def _looked_at(
    content: Content, config: ImportConfig
) -> Generator[tuple[Sample, Look | ImageError | None]]:
    if content.shares:
        _need_pixels(config.pixels, "Labels in shares of the image need the images' sizes")
    if not config.pixels:
        return ((sample, None) for sample in content.samples)
    return look_at_all((sample, sample.file) for sample in content.samples)


def _need_pixels(pixels: bool, why: str) -> None:
    if not pixels:
        raise DatasetError(f"{why}; pixels: false came. Leave it out for this format.")


def _image_row(sample: Sample, look: Look | None, origin: str | None, config: ImportConfig) -> Row:
    row: Row = {"image": sample.image, "file": str(sample.file), "labelled": sample.labelled}
    row |= sample.columns
    if look:
        row |= {"sha256": look.sha256, "width": look.header.width, "height": look.header.height}
        row |= {"channels": look.header.channels, "bits": look.header.bits}
    row |= {
        column: value
        for column in ("split", "timeofday", "weather", "scene")
        if (value := getattr(config, column)) is not None
    }
    words = {**row.get("attributes", {}), **config.attributes}
    if origin := config.origin or origin:
        words["origin"] = origin
    return {**row, "attributes": words}


def _check_size(sample: Sample, look: Look | None, tally: Tally) -> None:
    said = sample.columns.get("width"), sample.columns.get("height")
    if look and None not in said and said != (look.header.width, look.header.height):
        tally.mend(
            "image of another size than its labels say (the image's is kept)",
            f"{sample.file}: {look.header.width}x{look.header.height}, not {said[0]}x{said[1]}",
        )


def _settle_torn(torn: Torn, config: ImportConfig, tally: Tally) -> None:
    """Count unreadable images where the user allows it; else refuse, naming the first few."""
    if torn and not config.skip_unreadable:
        more = f" And {len(torn) - 3} more." if len(torn) > 3 else ""
        reasons = " ".join(str(error) for _, error in torn[:3])
        raise ImageError(
            f"{len(torn)} of {tally.images} images cannot be read. {reasons}{more} "
            f"To leave them out, counted: skip_unreadable."
        )
    for sample, _ in torn:
        tally.choose("unreadable image", str(sample.file))
        tally.boxes += len(sample.boxes)
        tally.choose("box of an unreadable image", sample.at, len(sample.boxes))


def _settle_unlabelled(rows: list[Row], tally: Tally) -> None:
    """Decide on images that no label speaks of: background, if any other image has labels."""
    labelled = any(row["labelled"] for row in rows)
    for row in rows:
        if row["labelled"] is None:
            row["labelled"] = labelled
            rule = "taken as background" if labelled else "taken as unlabelled"
            tally.note(f"image without labels, {rule}", row["image"])


def _count_choice(whole: ImageSet, kept: ImageSet, config: ImportConfig, tally: Tally) -> None:
    images = len(whole) - len(kept)
    boxes = whole.boxes.num_rows - kept.boxes.num_rows
    tally.choose("image left out by where", str(config.where), images)
    reason = "where" if config.where_boxes is None else "where and where_boxes"
    tally.choose(f"box left out by {reason}", str(config.where_boxes or config.where), boxes)
    graded = whole.relevance.num_rows - kept.relevance.num_rows
    tally.choose("grade left out by where", str(config.where), graded)
    if not len(kept):
        raise DatasetError(
            f"An import must keep at least one image; where = {config.where!r} keeps none of "
            f"{len(whole)}. Widen it."
        )
