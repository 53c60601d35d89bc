"""A set becomes files of another format: pixels linked or copied, labels written, losses named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight import __version__
from otherlight.config import plain
from otherlight.datasets.formats import FORMATS, Format
from otherlight.datasets.held import count_lost, write_lineage
from otherlight.datasets.importing import find_format
from otherlight.datasets.pairs_writing import PairsLayout
from otherlight.datasets.placing import Placed, fit_names, place_images
from otherlight.datasets.samples import Tally
from otherlight.errors import BusyError, DatasetError
from otherlight.records.files import holding, read_json, write_json
from otherlight.sets import ImageSet


def export_set(
    format: str,
    images: ImageSet,
    to: Path,
    *,
    copy: bool = False,
    layout: PairsLayout | None = None,
) -> dict[str, Any]:
    """Write a set in one of `FORMATS`, its pixels linked (or copied), and say what was lost.

    Returns counts as `ImageSet.counts` has them: read, kept, dropped by rule, noted by rule; and
    ``lost``: how many images and boxes say something that has no place in the format, by column.
    They also lie in ``export.json``; which file is which image, and what it was translated from,
    in ``lineage.csv``. ``layout`` is for pairs alone.

    Raises:
        DatasetError: the format is not written, or an image is gone.
        BusyError: the folder holds something else.
    """
    chosen = find_format(format)
    if not (chosen.write or chosen.lay_out):
        known = ", ".join(name for name, other in FORMATS.items() if other.write or other.lay_out)
        raise DatasetError(f"Sets are exported as {known}; {format!r} is read only.")
    mark = {"format": format, "set": images.hash, "name": images.name, "version": __version__}
    if layout and not chosen.lay_out:
        raise DatasetError(f"side_by_side and domains belong to pairs; {format} has neither.")
    if layout:
        mark |= plain(layout)
    with holding(to):
        if there := _there(to, mark):
            return there
        write_json(to / "export.json", {**mark, "counts": None})
        tally = Tally(images=len(images))
        if chosen.lay_out:
            placed = chosen.lay_out(images, to, layout or PairsLayout(), copy, tally)
        else:
            placed = _write(chosen, images, to, copy, tally)
        write_lineage(images, placed, to)
        counts = tally.as_counts(len(placed.rows), tally.boxes)
        counts["boxes_read"] = images.boxes.num_rows
        counts["lost"] = count_lost(images, placed.rows, chosen.holds)
        about = {"licence": images.licence, "parents": list(images.parents)}
        write_json(to / "export.json", {**mark, **about, "counts": counts})
    return counts


def _write(chosen: Format, images: ImageSet, to: Path, copy: bool, tally: Tally) -> Placed:
    assert chosen.write is not None
    labelled = images.column("labelled")
    rows = [row for row, known in enumerate(labelled) if known]
    tally.drop("unlabelled image, which would pass for background", images.name,
               len(images) - len(rows))  # fmt: skip
    if not rows:
        raise DatasetError(
            f"An export holds labelled images; {images.name} has none. Label it first."
        )
    keys, splits = images.names(), images.column("split")
    kept = [keys[row] for row in rows]
    names = fit_names(kept, chosen.arrange(kept, [splits[row] for row in rows]), tally)
    placed = place_images(images, rows, names, to / chosen.folder, copy=copy)
    chosen.write(images, placed, to, tally)
    return placed


def _there(to: Path, mark: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find this very export done; None if it is begun or not begun."""
    path = to / "export.json"
    if path.exists():
        about = read_json(path)
        if {key: about.get(key) for key in mark} == mark:
            return about["counts"]
        raise BusyError(
            f"{to} must be empty or hold this very export; it holds {about.get('name')!r} as "
            f"{about.get('format')}. Give another folder."
        )
    others = sorted(entry.name for entry in to.iterdir() if entry.name != ".lock")
    if others:
        raise BusyError(
            f"{to} must be empty or hold this very export; it holds {others[0]!r}. Give another "
            f"folder."
        )
    return None
