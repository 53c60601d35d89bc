"""One source becomes one set: read, look at the pixels, apply the rules, count, write."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight import __version__
from otherlight.config import nearest, plain
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.formats import FORMATS, Format
from otherlight.datasets.haul import Chosen, Haul, Row, gather
from otherlight.datasets.limits import Sizes
from otherlight.datasets.listing import Look, look_at_all, stamp_of, there_is
from otherlight.datasets.making import making, same_import
from otherlight.datasets.relating import fit_crops, relate
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
from otherlight.sets.arrow import compute as pc
from otherlight.sets.build import with_columns
from otherlight.sets.memory import give_back

_UNREADABLE = "unreadable image"
_TOLD = ("width", "height", "sha256", "channels", "bits")


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
    haul = replace(haul, images=_with_sequences(haul.images, config))
    for chosen, rule in _thinned(haul, config):
        haul = haul.keep(chosen, rule, tally)
    haul, whole = _look(haul, config, tally)
    haul = haul.keep(whole, _UNREADABLE, tally)
    rules = Rules(classes=way, shares=content.shares, config=config)
    boxes, images = haul.boxes, fit_crops(haul.images, tally)
    sizes = _sizes(images)
    del haul
    give_back()
    boxes = apply_rules(boxes, sizes, rules, tally)
    about = {"licence": config.licence, "relevance": relate(content.relevance, images, tally)}
    tally.refuse_if_strict(config.strict)
    stock = put_together(name, classes, images, boxes, way, root=root, **about)
    stock = select(stock, config, tally, shared=_shared_early(config))
    counts = stock.counts(tally, way)
    give_back()
    return replace(stock.images, counts=counts)


def _with_sequences(images: pa.Table, config: ImportConfig) -> pa.Table:
    """Name sequences, if the user said how; a group is then the sequence, or the image itself."""
    if config.sequence is None and config.sequence_gap is None:
        return images
    rows: list[Row] = images.select(["image", "frame"]).to_pylist()
    set_sequences(rows, config.sequence, config.sequence_gap)
    return with_columns(
        images,
        sequence=[row["sequence"] for row in rows],
        frame=[row["frame"] for row in rows],
        group=[row["sequence"] or row["image"] for row in rows],
    )


def _thinned(haul: Haul, config: ImportConfig) -> Generator[tuple[Chosen, str]]:
    """Choose images by rules that need no pixels, so that fewer files are looked at."""
    names = haul.column("image")
    if config.every > 1:
        chosen = every_nth(names, haul.column("sequence"), haul.column("frame"), config.every)
        names = list(compress(names, chosen))
        yield chosen, between(config)
    if config.share < 1 and _shared_early(config):
        yield (
            draw_share(names, config.share, config.share_name, config.share_seed),
            (outside_share(config)),
        )


def _shared_early(config: ImportConfig) -> bool:
    """Say whether a share can be drawn before pixels: where no later rule leaves images out."""
    return config.where is None and config.background


def _need_pixels(pixels: bool, why: str) -> None:
    if not pixels:
        raise DatasetError(f"{why}; pixels: false came. Leave it out for this format.")


def _look(haul: Haul, config: ImportConfig, tally: Tally) -> tuple[Haul, Chosen]:
    """Look at the files, fill in what they tell, and say which of them are whole."""
    torn: list[ImageError] = []
    whole = np.ones(len(haul.faults), bool)
    told: list[tuple[Any, ...]] = []
    names = _TOLD if config.pixels else _TOLD[:2]
    with task("reading images", len(whole)) as advance:
        for n, look in _looks(haul, config.pixels):
            advance(1)
            if isinstance(look, ImageError):
                torn.append(look)
                whole[n] = False
            told.append(_told(look, haul, n, tally)[: len(names)])
    _refuse_torn(torn, len(whole), config)
    columns = dict(zip(names, zip(*told, strict=True), strict=True))
    return replace(haul, images=with_columns(haul.images, **columns)), whole


def _told(look: Look | ImageError | None, haul: Haul, row: int, tally: Tally) -> tuple[Any, ...]:
    """Say what a file tells of its image; without a look, the size that its labels say."""
    said = haul.said[row]
    if look is None:
        return said
    if isinstance(look, ImageError):
        return (None,) * len(_TOLD)
    header = look.header
    size = header.width, header.height
    if None not in said and said != size:
        tally.mend(
            "image of another size than its labels say (the image's is kept)",
            f"{haul.images['file'][row]}: {size[0]}x{size[1]}, not {said[0]}x{said[1]}",
        )
    return (*size, look.sha256, header.channels, header.bits)


def _refuse_torn(torn: Sequence[ImageError], images: int, config: ImportConfig) -> None:
    if torn and not config.skip_unreadable:
        more = f" And {len(torn) - 3} more." if len(torn) > 3 else ""
        raise ImageError(
            f"{len(torn)} of {images} images cannot be read. "
            f"{' '.join(map(str, torn[:3]))}{more} To leave them out, counted: skip_unreadable."
        )
    if len(torn) == images:
        raise DatasetError(
            "An import must bring at least one image; none can be read. Point to another source."
        )


def _looks(haul: Haul, pixels: bool) -> Generator[tuple[int, Look | ImageError | None]]:
    if not pixels:
        yield from enumerate(haul.faults)
        return
    for n, look in look_at_all((n, Path(file)) for n, file in enumerate(haul.column("file"))):
        yield n, haul.faults[n] or look


def _sizes(images: pa.Table) -> Sizes:
    width, height = (
        pc.fill_null(images[side].cast(pa.float64()), 0).to_numpy() for side in ("width", "height")
    )
    return Sizes(width=np.where(width, width, np.nan), height=np.where(height, height, np.nan))


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
