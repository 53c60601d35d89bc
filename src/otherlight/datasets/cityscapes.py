"""Cityscapes: polygons by image, folders by split and city; the foggy version has three betas.

Cordts et al. 2016, https://arxiv.org/abs/1604.01685; Foggy Cityscapes: Sakaridis et al. 2018,
https://arxiv.org/abs/1708.07819. A box goes round its polygon. Polygons were drawn from back to
front and reach under what stands before them, so that a box may be larger than what is seen.
"""

from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.beside import Beside, find_beside, folder_of_masks
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.json_stream import as_number, get, stream_json
from otherlight.datasets.listing import list_files, list_images
from otherlight.datasets.locating import drop_sample
from otherlight.datasets.samples import Content, RawBox, Sample, Tally
from otherlight.errors import DatasetError
from otherlight.records.progress import track
from otherlight.sets.columns import SPLITS

CLASSES = (
    "person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle",
    "bicycle",
)  # fmt: skip
"""The labels that have instances."""
_POLYGONS = "_polygons.json"
_MASKS = {"_instanceIds.png": "cityscapes_instances", "_labelIds.png": "cityscapes_classes"}
_GROUP = "group"
_BETA = "_beta_"


@dataclass(frozen=True, kw_only=True)
class _Trees:
    """Where labels, images and masks (None: none at all) are.

    ``there`` None: images are not looked at.
    """

    labels: Path
    images: Path
    there: Sequence[str] | None
    masks: Path | None


def read_cityscapes(
    source: Path, images: Path | None, config: ImportConfig, tally: Tally
) -> Content:
    """Read gtFine or gtCoarse; images lie in leftImg8bit beside it, or where the user says."""
    usual = (source / name for name in ("gtFine", "gtCoarse"))
    folder = next((place for place in usual if place.is_dir()), source)
    labels = list_files(folder, (_POLYGONS,))
    if not labels:
        raise DatasetError(
            f"Expected gtFine with files named ...{_POLYGONS} in {source}; there are none."
        )
    root = (images or folder.parent / "leftImg8bit").resolve()
    there = list_images(root) if config.pixels else None
    places = folder_of_masks(config.masks) if config.masks else folder.resolve()
    masks = places if config.pixels and list_files(places, map(str.lower, _MASKS)) else None
    return Content(
        classes=CLASSES,
        samples=_samples(
            _Trees(labels=folder, images=root, there=there, masks=masks), labels, tally
        ),
        count=len(there or labels),
        files=[*(folder / name for name in labels), *(root / name for name in there or ())],
        origin="cityscapes",
    )


def frame_of(name: str, at: str) -> tuple[str, str, int]:
    """Take city, snippet and frame from a file's name.

    >>> frame_of("val/ulm/ulm_000001_000019_leftImg8bit.png", "")
    ('ulm', '000001', 19)

    Raises:
        DatasetError: the name is not made so.
    """
    parts = PurePosixPath(name).name.split("_")
    if len(parts) < 4 or not all(p.isascii() and p.isdigit() and len(p) < 10 for p in parts[1:3]):
        raise DatasetError(
            f"Files of Cityscapes are named city_000000_000000_...; {name!r} came in {at}."
        )
    return parts[0], parts[1], int(parts[2])


def _samples(trees: _Trees, labels: Sequence[str], tally: Tally) -> Generator[Sample]:
    pictures: defaultdict[tuple[str, str, int], list[str]] = defaultdict(list)
    root = trees.images
    for name in trees.there or ():
        pictures[frame_of(name, str(root))].append(name)
    for name in track(labels, "reading labels", len(labels)):
        at = str(trees.labels / name)
        frame = frame_of(name, at)
        boxes, size = _read(trees.labels / name, tally)
        path = PurePosixPath(name)
        said = f"{path.parent / '_'.join(path.name.split('_')[:3])}_leftImg8bit.png"
        found = pictures.pop(frame, []) if trees.there is not None else [said]
        # The test split's labels are withheld: its files hold the car's own bonnet alone.
        labelled = path.parts[0] != "test"
        mask = _mask(trees, name, tally) if labelled and found else {}
        for image in found or [said]:
            sample = Sample(
                image=image,
                file=root / image,
                at=at,
                labelled=labelled,
                boxes=boxes,
                columns=_columns(image, frame, mask) | size,
            )
            if found:
                yield sample
            else:
                drop_sample(sample, tally)
    for frame, names in pictures.items():
        for image in names:
            yield Sample(image=image, file=root / image, at=str(root / image), labelled=None,
                         columns=_columns(image, frame, {}))  # fmt: skip


def _mask(trees: _Trees, name: str, tally: Tally) -> dict[str, Any]:
    """Find the ids of instances, else of labels, beside a file of polygons."""
    if trees.masks is None:
        return {}
    stem = name.removesuffix(_POLYGONS)
    wanted = [Beside(column="mask", file=stem + end, kind=kind) for end, kind in _MASKS.items()]
    return find_beside([trees.masks], wanted, name, tally)


def _columns(image: str, frame: tuple[str, str, int], mask: Mapping[str, Any]) -> dict[str, Any]:
    city, snippet, number = frame
    path = PurePosixPath(image)
    words = {"city": city}
    columns: dict[str, Any] = {"sequence": f"{city}_{snippet}", "frame": number}
    if path.parts[0] in SPLITS:
        columns["split"] = path.parts[0]
    if _BETA in path.stem:
        words["beta"] = path.stem.rpartition(_BETA)[2]
        columns["weather"] = "fog"
    return columns | dict(mask) | {"attributes": words | mask.get("attributes", {})}


def _read(path: Path, tally: Tally) -> tuple[list[RawBox], dict[str, int]]:
    """Read one file: its boxes, and the size of its image where it is one."""
    boxes: list[RawBox] = []
    size: dict[str, int] = {}
    others: Counter[str] = Counter()
    number = 0
    for key, item in stream_json(path):
        if key in ("imgWidth", "imgHeight"):
            size |= _side("width" if key == "imgWidth" else "height", item)
        if key != "objects":
            continue
        number += 1
        at = f"object {number}"
        label = get(item, "label", (str,), f"{path}, {at}")
        name = label.removesuffix(_GROUP)
        if name not in CLASSES:
            others[label] += 1
        elif not item.get("deleted"):
            boxes.append(_box(name, label, item, path, at))
    tally.note("polygon of a class without instances, left out", str(path), others.total())
    return boxes, size if len(size) == 2 else {}


def _side(name: str, value: Any) -> dict[str, int]:
    return {name: value} if type(value) is int and 0 < value < 1 << 31 else {}


def _box(name: str, label: str, item: Mapping[str, Any], path: Path, at: str) -> RawBox:
    points = get(item, "polygon", (list,), f"{path}, {at}")
    if not points or not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise DatasetError(f"A polygon is a list of x and y; another came in {path}, {at}.")
    across = [as_number(x, "x", f"{path}, {at}") for x, _ in points]
    down = [as_number(y, "y", f"{path}, {at}") for _, y in points]
    ignored = {"ignore": True, "ignore_reason": "crowd"} if label != name else {}
    # Corners are pixels, which belong to the thing.
    edges = (min(across), min(down), max(across) + 1, max(down) + 1)
    return RawBox(label=name, edges=edges, at=at, columns=ignored)
