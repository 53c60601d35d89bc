"""One source becomes one set: read, look at the pixels, apply the rules, count, write."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from otherlight import __version__
from otherlight.config import nearest, plain
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.formats import FORMATS, Format
from otherlight.datasets.haul import Chosen, Haul, Row, gather
from otherlight.datasets.limits import Sizes
from otherlight.datasets.listing import Look, look_at_all, stamp_of, there_is
from otherlight.datasets.making import making, same_import
from otherlight.datasets.relating import fit_crop, relate
from otherlight.datasets.rules import Rules, apply_rules, map_classes
from otherlight.datasets.samples import Content, Sample
from otherlight.datasets.selecting import between, outside_share, put_together, select
from otherlight.datasets.sequences import set_sequences
from otherlight.datasets.tally import Tally
from otherlight.datasets.thinning import draw_share, every_nth
from otherlight.datasets.walking import told_of_files
from otherlight.datasets.words import Words, share
from otherlight.errors import DatasetError, ImageError
from otherlight.records.files import holding
from otherlight.records.progress import task
from otherlight.sets import ImageSet, read_set, write_set
from otherlight.sets.build import image_table

_UNREADABLE = "unreadable image"
T = TypeVar("T")


@told_of_files()
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
    name = config.name or to.resolve().name
    if content.make is None:
        whole = _make(content, config, tally, name, to)
        with holding(to):
            return write_set(replace(whole, made_by=made_by, parents=()), to)
    _need_pixels(config.pixels, "Images that the import writes itself need their pixels")
    with making(to, made_by, content.files) as folder:
        content = replace(content, samples=content.make(folder))
        whole = _make(content, config, tally, name, to)
        return write_set(replace(whole, made_by=made_by, parents=()), to)


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


def _make(content: Content, config: ImportConfig, tally: Tally, name: str, root: Path) -> ImageSet:
    """Read labels, thin the images out, look at those that stay, judge the boxes: in that order."""
    if content.shares:
        _need_pixels(config.pixels, "Labels in shares of the image need the images' sizes")
    classes, way = map_classes(content.classes, config.classes, tally)
    known: Words = {}
    haul = gather(content, tally, lambda sample: _image_row(sample, content.origin, config, known))
    _settle_unlabelled(haul.rows, tally)
    set_sequences(haul.rows, config.sequence, config.sequence_gap)
    for chosen, rule in _thinned(haul.rows, config):
        haul = haul.keep(chosen, rule, tally)
    haul = haul.keep(_look(haul, config, tally), _UNREADABLE, tally)
    rules = Rules(classes=way, shares=content.shares, config=config)
    for row in haul.rows:
        fit_crop(row, tally)
    boxes, sizes, images = haul.boxes, _sizes(haul.rows), image_table(haul.rows)
    del haul  # of a large source its rows take as much memory as its boxes
    boxes = apply_rules(boxes, sizes, rules, tally)
    about = {"licence": config.licence, "relevance": relate(content.relevance, images, tally)}
    tally.refuse_if_strict(config.strict)
    stock = put_together(name, classes, images, boxes, way, root=root, **about)
    stock = select(stock, config, tally, shared=_shared_early(config))
    return replace(stock.images, counts=stock.counts(tally, way))


def _thinned(rows: list[Row], config: ImportConfig) -> Generator[tuple[Chosen, str]]:
    """Choose images by rules that need no pixels, so that fewer files are looked at."""
    names = [row["image"] for row in rows]
    if config.every > 1:
        sequences, frames = [row.get("sequence") for row in rows], [r.get("frame") for r in rows]
        chosen = every_nth(names, sequences, frames, config.every)
        names = _chosen(names, chosen)
        yield chosen, between(config)
    if config.share < 1 and _shared_early(config):
        yield (
            draw_share(names, config.share, config.share_name, config.share_seed),
            (outside_share(config)),
        )


def _shared_early(config: ImportConfig) -> bool:
    """Say whether a share can be drawn before pixels: where no later rule leaves images out."""
    return config.where is None and config.background


def _chosen(items: list[T], chosen: Chosen) -> list[T]:
    return [item for item, stays in zip(items, chosen, strict=True) if stays]


def _need_pixels(pixels: bool, why: str) -> None:
    if not pixels:
        raise DatasetError(f"{why}; pixels: false came. Leave it out for this format.")


def _look(haul: Haul, config: ImportConfig, tally: Tally) -> Chosen:
    """Look at the files, fill in what they tell, and say which of them are whole."""
    rows = haul.rows
    whole = np.ones(len(rows), bool)
    torn: list[ImageError] = []
    with task("reading images", len(rows)) as advance:
        for n, look in _looks(haul, config.pixels):
            advance(1)
            if isinstance(look, ImageError):
                torn.append(look)
                whole[n] = False
            elif look:
                _check_size(rows[n], look, tally)
                header = look.header
                rows[n] |= {"sha256": look.sha256, "width": header.width, "height": header.height}
                rows[n] |= {"channels": header.channels, "bits": header.bits}
    if torn and not config.skip_unreadable:
        more = f" And {len(torn) - 3} more." if len(torn) > 3 else ""
        raise ImageError(
            f"{len(torn)} of {len(rows)} images cannot be read. "
            f"{' '.join(map(str, torn[:3]))}{more} To leave them out, counted: skip_unreadable."
        )
    if len(torn) == len(rows):
        raise DatasetError(
            "An import must bring at least one image; none can be read. Point to another source."
        )
    return whole


def _looks(haul: Haul, pixels: bool) -> Generator[tuple[int, Look | ImageError | None]]:
    if not pixels:
        yield from enumerate(haul.faults)
        return
    for n, look in look_at_all((n, Path(row["file"])) for n, row in enumerate(haul.rows)):
        yield n, haul.faults[n] or look


def _sizes(rows: list[Row]) -> Sizes:
    width, height = ([row.get(side) or np.nan for row in rows] for side in ("width", "height"))
    return Sizes(width=np.array(width, np.float64), height=np.array(height, np.float64))


def _image_row(sample: Sample, origin: str | None, config: ImportConfig, known: Words) -> Row:
    row: Row = {"image": sample.image, "file": str(sample.file), "labelled": sample.labelled}
    row |= sample.columns
    row |= {
        column: value
        for column in ("split", "timeofday", "weather", "scene")
        if (value := getattr(config, column)) is not None
    }
    words = {**row.get("attributes", {}), **config.attributes}
    if origin := config.origin or origin:
        words["origin"] = origin
    return {**row, "attributes": share(words, known)}


def _check_size(row: Row, look: Look, tally: Tally) -> None:
    said = row.get("width"), row.get("height")
    if None not in said and said != (look.header.width, look.header.height):
        tally.mend(
            "image of another size than its labels say (the image's is kept)",
            f"{row['file']}: {look.header.width}x{look.header.height}, not {said[0]}x{said[1]}",
        )


def _settle_unlabelled(rows: list[Row], tally: Tally) -> None:
    """Decide on images that no label speaks of: background, if any other image has labels."""
    labelled = any(row["labelled"] for row in rows)
    for row in rows:
        if row["labelled"] is None:
            row["labelled"] = labelled
            rule = "taken as background" if labelled else "taken as unlabelled"
            tally.note(f"image without labels, {rule}", row["image"])
