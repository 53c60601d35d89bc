"""Which images and boxes of a set in the making stay, each omission counted by rule and class."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from otherlight.config import nearest
from otherlight.datasets.box_columns import BoxColumns, table_of
from otherlight.datasets.select_config import SelectConfig
from otherlight.datasets.splits import assign, join_units
from otherlight.datasets.tally import Tally
from otherlight.datasets.thinning import draw_share
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet
from otherlight.sets.arrow import compute as pc
from otherlight.sets.build import from_tables
from otherlight.sets.queries import choose_boxes, choose_images
from otherlight.sets.relevance import kept_relevance

Mask = Bool[np.ndarray, " images"]


@dataclass(frozen=True, kw_only=True)
class Stock:
    """A set in the making, and its boxes as columns, row by row: they know the source's classes."""

    images: ImageSet
    boxes: BoxColumns

    def counts(self, tally: Tally, way: Mapping[str, str]) -> dict[str, Any]:
        """Say what was read, kept and dropped, of images and of boxes by class."""
        kept = len(self.images), len(self.boxes)
        ignored = self.boxes.count(self.boxes.ignored())
        lost = tally.images - len(self.images) - tally.images_dropped.total()
        dropped = {**tally.images_dropped, **({"left out on reading": lost} if lost > 0 else {})}
        return {
            **tally.as_counts(*kept),
            "images_dropped": dict(sorted(dropped.items())),
            "by_class": tally.by_class(self.boxes.count(), ignored, way),
        }


def select(stock: Stock, config: SelectConfig, tally: Tally, *, shared: bool = False) -> Stock:
    """Apply the rules that choose images: SQL, background, share.

    ``shared`` says that the share was drawn before.

    Raises:
        DatasetError: nothing would be left.
    """
    if config.where is not None:
        whole = stock.images
        chosen = choose_images(whole.images, whole.boxes, whole.classes, config.where)
        stock = keep_images(
            stock, chosen, "image left out by where", tally, f"where = {config.where!r}"
        )
    if config.where_boxes is not None:
        whole = stock.images
        chosen = choose_boxes(whole.images, whole.boxes, config.where_boxes)
        of = stock.boxes.count(~chosen)
        tally.drop_boxes("box left out by where_boxes", config.where_boxes, of, chosen=True)
        stock = _keep_boxes(stock, chosen)
    if not config.background:
        chosen = _with_objects(stock)
        stock = keep_images(stock, chosen, "image without objects", tally, "background: false")
    if config.share < 1 and not shared:
        chosen = draw_share(
            stock.images.names(), config.share, config.share_name, config.share_seed
        )
        stock = keep_images(stock, chosen, outside_share(config), tally, "share")
    return stock if config.splits is None else split(stock, config, tally)


def split(stock: Stock, config: SelectConfig, tally: Tally) -> Stock:
    """Fill the column split, over what was there; what is cut apart, by saying so, is counted."""
    assert config.splits is not None
    table = stock.images.images
    names, groups = table["image"].to_pylist(), table["group"].to_pylist()
    units = names if config.split_by == "image" else groups
    if config.split_by in ("sequence", "place"):
        units = join_units(groups, table[config.split_by].to_pylist())
    strata = None if config.stratify is None else _words(table, config.stratify)
    splits = assign(units, config.splits, config.split_seed, strata)
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for group, side in zip(groups, splits, strict=True):
        sides[group].add(side)
    cut = [name for name, group in zip(names, groups, strict=True) if len(sides[group]) > 1]
    if cut:
        tally.note("image whose group is cut by splits, as split_by: image asks", cut[0], len(cut))
    elif len(sides) == len(names):
        tally.note(
            "image without a sequence: neighbours may lie in two splits", names[0], len(names)
        )
    place = table.column_names.index("split")
    table = table.set_column(place, table.schema.field(place), pa.array(splits, pa.string()))
    return replace(stock, images=replace(stock.images, images=table))


def _words(table: pa.Table, name: str) -> list[str | None]:
    """One column of words, or one of the attributes."""
    if name in table.column_names and pa.types.is_string(table[name].type):
        return table[name].to_pylist()
    words = [dict(row).get(name) for row in table["attributes"].to_pylist()]
    if not any(words):
        raise DatasetError(
            f"stratify names a column of words, or an attribute; no image has {name!r}. "
            f"{nearest(name, [n for n in table.column_names if n != 'attributes'])}"
        )
    return words


def put_together(
    name: str,
    classes: Sequence[str],
    images: pa.Table,
    boxes: BoxColumns,
    way: Mapping[str, str],
    **about: Any,
) -> Stock:
    """Make a set of images and judged boxes, both sorted as sets are.

    Raises:
        DatasetError: a key occurs twice, or is none.
    """
    images = images.combine_chunks()
    order = pc.sort_indices(images["image"]).to_numpy()
    if (order[1:] < order[:-1]).any():
        place = np.argsort(order).astype(boxes.image.dtype)
        boxes = replace(boxes, image=place[boxes.image])
        images = images.take(pa.array(order)).combine_chunks()
    if (boxes.image[1:] < boxes.image[:-1]).any():
        boxes = boxes.take(np.argsort(boxes.image, kind="stable"))
    table = table_of(boxes, images["image"].combine_chunks(), way)
    made = from_tables(name, classes, images, table, **about)
    return Stock(images=made, boxes=boxes)


def between(config: SelectConfig) -> str:
    """Name the rule by which images between every so-manieth are left out."""
    return f"image between every {config.every}"


def outside_share(config: SelectConfig) -> str:
    """Name the rule by which a share leaves images out."""
    return f"image outside the share {config.share_name!r} of {config.share:g}"


def keep_images(stock: Stock, chosen: Mask, rule: str, tally: Tally, asked: str) -> Stock:
    """Keep some images with their boxes.

    Raises:
        DatasetError: none is left.
    """
    if chosen.all():
        return stock
    names = stock.images.names()
    first = names[int(np.argmin(chosen))]
    if not chosen.any():
        raise DatasetError(
            f"At least one image must stay; {asked} keeps none of {len(names)}. Widen it."
        )
    tally.drop_images(rule, first, int((~chosen).sum()), chosen=True)
    stays = chosen[stock.boxes.image]
    tally.drop_boxes(f"box of an {rule}", first, stock.boxes.count(~stays), chosen=True)
    kept = _keep_boxes(stock, stays)
    images = kept.images.images.filter(pa.array(chosen))
    relevance = kept_relevance(stock.images.relevance, images)
    gone = stock.images.relevance.num_rows - relevance.num_rows
    tally.choose(f"grade {rule.removeprefix('image ')}", first, gone)
    number = np.cumsum(chosen) - 1
    return Stock(
        images=replace(kept.images, images=images, relevance=relevance),
        boxes=replace(kept.boxes, image=number[kept.boxes.image]),
    )


def _keep_boxes(stock: Stock, chosen: Bool[np.ndarray, " boxes"]) -> Stock:
    if chosen.all():
        return stock
    table = stock.images.boxes.filter(pa.array(chosen))
    return Stock(images=replace(stock.images, boxes=table), boxes=stock.boxes.without(~chosen))


def _with_objects(stock: Stock) -> Mask:
    """Choose images with an object that counts, and those of which nothing is known."""
    chosen = ~stock.images.images["labelled"].to_numpy(zero_copy_only=False)
    chosen[stock.boxes.image[~stock.boxes.ignored()]] = True
    return chosen
