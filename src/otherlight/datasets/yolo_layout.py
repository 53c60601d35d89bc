"""Where a YOLO set keeps its images, labels and class names: data.yaml, or plain folders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path
from typing import Any

import yaml

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_images, read_text
from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError
from otherlight.images.files import SUFFIXES

SPLIT_KEYS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
NAME_FILES = ("classes.txt", "obj.names", "labels.txt")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One image of a layout: its key, its file, the label file it would have, its split."""

    image: str
    file: Path
    label: Path
    split: str | None = None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A YOLO set on disk: images, the folders where labels lie, class names by id."""

    images: Sequence[Found]
    label_folders: Sequence[Path]
    names: Mapping[int, str]
    head: Sequence[Path] = ()


def find_layout(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Layout:
    """Find out how a YOLO set is laid out.

    Raises:
        DatasetError: there are no images, no labels, or data.yaml does not say what it must.
    """
    if not source.exists():
        raise DatasetError(
            f"Expected a YOLO set at {source}; there is nothing. Point to data.yaml, or to the "
            f"folder that holds images/ and labels/."
        )
    head = source if source.is_file() else _head_in(source)
    about = _read_yaml(head) if head else {}
    names = _names(about, head, config)
    if head and images is None and (split := _split_folders(about, head, tally)):
        return _split_layout(split, names, head)
    folder = source.parent if source.is_file() else source
    return _plain_layout(folder, images, names, head, config)


def _head_in(folder: Path) -> Path | None:
    for path in (folder / "data.yaml", *sorted(folder.glob("*.y*ml"))):
        if path.is_file() and (path.name == "data.yaml" or "names" in _read_yaml(path)):
            return path
    return None


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        about = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"{path} must be YAML; {reason}. Mend the file.") from error
    if not isinstance(about, dict):
        raise DatasetError(f"{path} must hold keys such as train, val and names; it holds none.")
    return about


def _names(about: Mapping[str, Any], head: Path | None, config: ImportConfig) -> dict[int, str]:
    """Class names by id as label files have it."""
    names: Any = config.names or about.get("names")
    if names is None:
        return {}
    if isinstance(names, dict):
        if all(isinstance(key, int) and isinstance(name, str) for key, name in names.items()):
            return dict(sorted(names.items()))
    elif isinstance(names, list | tuple) and all(isinstance(n, str | int) for n in names):
        return {number: str(name) for number, name in enumerate(names, config.class_base)}
    raise DatasetError(
        f"names in {head} must be a list of class names or a map from id to name; "
        f"{str(names)[:80]} came. Mend the file."
    )


def _split_folders(
    about: Mapping[str, Any], head: Path, tally: Tally
) -> list[tuple[str | None, Path]]:
    """Find the folders and lists that train, val and test name; absent ones are counted.

    A place that two of them name (as small examples do) has no split.
    """
    root = Path(str(about.get("path") or ""))
    root = root if root.is_absolute() and root.exists() else head.parent / root
    root = root if root.exists() else head.parent
    found: dict[Path, set[str]] = {}
    for key, split in SPLIT_KEYS.items():
        named = about.get(key) or []
        for name in named if isinstance(named, list) else [named]:
            # Roboflow's files say ../train/images beside a folder train/.
            places = (root / str(name), root / str(name).removeprefix("../"))
            place = next((p.resolve() for p in places if p.exists()), None)
            if place is None:
                tally.mend(f"{key} of data.yaml names a place that is not there", str(name))
            else:
                found.setdefault(place, set()).add(split)
    for place, splits in found.items():
        if len(splits) > 1:
            rule = f"{' and '.join(sorted(splits))} of data.yaml name one place: split left open"
            tally.note(rule, str(place))
    return [(splits.pop() if len(splits) == 1 else None, place) for place, splits in found.items()]


def _split_layout(
    splits: Sequence[tuple[str | None, Path]], names: Mapping[int, str], head: Path
) -> Layout:
    listed: list[tuple[str | None, Path]] = []
    folders: list[Path] = []
    for split, place in splits:
        if place.is_dir():
            listed += [(split, place / name) for name in list_images(place)]
            folders.append(label_of(place / "_.jpg").parent)
        else:
            listed += [(split, file) for file in _read_list(place)]
    base = Path(commonpath([file.parent for _, file in listed]))
    seen: dict[Path, str | None] = {}
    for split, file in listed:
        if seen.setdefault(file, split) != split:
            raise DatasetError(
                f"An image belongs to one split; {file} is in {seen[file]} and {split} of {head}. "
                f"Take it out of one."
            )
    found = [
        Found(image=file.relative_to(base).as_posix(), file=file, label=label_of(file), split=split)
        for file, split in seen.items()
    ]
    return Layout(images=found, label_folders=folders, names=names, head=[head])


def _read_list(path: Path) -> list[Path]:
    """Read a text file of image paths, one a line, relative to it."""
    files: list[Path] = []
    for line in read_text(path).splitlines():
        if name := line.strip():
            if not name.lower().endswith(tuple(SUFFIXES)):
                raise DatasetError(f"{path} must list images, one a line; {name!r} is none.")
            files.append((path.parent / name).resolve())
    if not files:
        raise DatasetError(f"{path} must list images, one a line; it is empty.")
    return files


def label_of(image: Path) -> Path:
    """Say where an image's labels lie: the last ``images`` of its path becomes ``labels``.

    Without such a folder they lie beside the image.

    >>> label_of(Path("set/images/train/a.jpg")).as_posix()
    'set/labels/train/a.txt'
    """
    parts = list(image.parent.parts)
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        parts[last] = "labels"
    return Path(*parts) / f"{image.stem}.txt"


def _plain_layout(
    folder: Path,
    images: Path | None,
    names: Mapping[int, str],
    head: Path | None,
    config: ImportConfig,
) -> Layout:
    """Take images/ and labels/, or labels under ``folder`` and images where the user says."""
    if images is None:
        images = folder / "images"
        labels = folder / "labels"
    else:
        labels = folder / "labels" if (folder / "labels").is_dir() else folder
    images, labels = images.resolve(), labels.resolve()
    if not labels.is_dir():
        raise DatasetError(
            f"Expected label files in {labels}; there is no such folder. Point to the folder that "
            f"holds images/ and labels/, or to the labels, with --images for the images."
        )
    heads = [head] if head else []
    if not names:
        places = dict.fromkeys((folder, labels, folder.parent, folder.parent.parent))
        files = [place / name for place in places for name in NAME_FILES]
        if file := next((file for file in files if file.is_file()), None):
            lines = read_text(file).splitlines()
            rows = [line.strip() for line in lines if line.strip()]
            names = dict(enumerate(rows, config.class_base))
            heads = [file]
    found = [
        Found(
            image=name,
            file=images / name,
            label=(labels / name).with_suffix(".txt"),
        )
        for name in list_images(images)
    ]
    return Layout(images=found, label_folders=[labels], names=names, head=heads)
