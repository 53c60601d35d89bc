"""A set from a set: some of its images and boxes, classes merged, splits dealt out."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from otherlight import __version__
from otherlight.config import plain
from otherlight.datasets.box_columns import columns_of
from otherlight.datasets.limits import Sizes
from otherlight.datasets.rules import Rules, apply_rules, map_classes
from otherlight.datasets.select_config import SelectConfig
from otherlight.datasets.selecting import Stock, between, keep_images, put_together, select
from otherlight.datasets.tally import Tally
from otherlight.datasets.thinning import every_nth
from otherlight.records.files import holding
from otherlight.sets import ImageSet, read_set, write_set


def select_set(
    images: ImageSet, to: Path, *, name: str | None = None, config: SelectConfig | None = None
) -> ImageSet:
    """Write a set that holds what the rules keep of another; pixels stay where they are.

    Lineage, groups and numbers of boxes stay as they are; `counts` says what was left out. The same
    selection again reads only the set.

    Raises:
        DatasetError: nothing would be left, or a class or column is not there.
    """
    config = config or SelectConfig()
    made_by = {"command": "select", "version": __version__, "config": plain(config)}
    parents = ({"name": images.name, "hash": images.hash},)
    if (to / "set.json").exists():
        there = read_set(to)
        if dict(there.made_by) == made_by and [*there.parents] == [*parents]:
            return there
    made = _make(images, config, name or to.resolve().name)
    with holding(to):
        return write_set(replace(made, made_by=made_by, parents=parents), to)


def _make(images: ImageSet, config: SelectConfig, name: str) -> ImageSet:
    tally = Tally(images=len(images))
    classes, way = map_classes(images.classes, config.classes, tally)
    stock = Stock(images=images, boxes=columns_of(images))
    tally.read_boxes(stock.boxes.count())
    if config.every > 1:
        sequences, frames = images.column("sequence"), images.column("frame")
        chosen = every_nth(images.names(), sequences, frames, config.every)
        stock = keep_images(stock, chosen, between(config), tally, "every")
    sides = (stock.images.column(side) for side in ("width", "height"))
    width, height = (np.array([x or np.nan for x in side], np.float64) for side in sides)
    rules = Rules(classes=way, config=config)
    boxes = apply_rules(stock.boxes, Sizes(width=width, height=height), rules, tally)
    thinned = stock.images
    about = {"licence": images.licence, "relevance": thinned.relevance, "root": images.root}
    stock = put_together(name, classes, thinned.images, boxes, way, **about)
    stock = select(stock, config, tally)
    return replace(stock.images, counts=stock.counts(tally, way))
