"""YOLO: a text file an image, one box a line: class id, centre, size as shares of the image.

Polygons of the segmentation form become the boxes around them.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_files, read_text
from otherlight.datasets.placing import Placed, size_of
from otherlight.datasets.samples import Content, RawBox, Sample, Tally
from otherlight.datasets.yolo_layout import NAME_FILES, Found, Layout, find_layout
from otherlight.errors import DatasetError
from otherlight.records.files import told_when_full, write_bytes
from otherlight.records.progress import track
from otherlight.sets import ImageSet

Line = tuple[int, int, tuple[float, float, float, float]]
"""Number of the line, class id, edges as shares."""

_IMAGES = re.compile(r"(?<![^/])images/")
_MUST = "A YOLO line is: class id, then x and y of the centre, width, height, as shares"


def read_yolo(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read a YOLO set: data.yaml with its splits, or images/ beside labels/ and classes.txt."""
    layout = find_layout(source, images, config, tally)
    label_files = _label_files(layout)
    _check_shared(layout.images, label_files, config, tally)
    for orphan in sorted(label_files - {found.label for found in layout.images}):
        tally.drop("label file without image", str(orphan))
    lines = {
        found.label: parse_labels(read_text(found.label), str(found.label))
        for found in track(layout.images, "reading labels", len(layout.images))
        if found.label in label_files
    }
    if not lines:
        raise DatasetError(
            f"Expected label files named as the images; none in "
            f"{', '.join(map(str, layout.label_folders)) or source} is. Point to the labels, or "
            f"import the images alone: folder."
        )
    names = _check_ids(lines, layout.names, config.class_base)
    samples = [_sample(found, lines.get(found.label), names) for found in layout.images]
    files = [*layout.head, *lines, *(found.file for found in layout.images if found.file.exists())]
    return Content(
        classes=tuple(names.values()), samples=samples, count=len(samples), shares=True, files=files
    )


def parse_labels(text: str, at: str) -> list[Line]:
    """Read the lines of one label file.

    >>> parse_labels("2 0.5 0.5 0.2 0.4", "a.txt")
    [(1, 2, (0.4, 0.3, 0.6, 0.7))]

    Raises:
        DatasetError: a line is no box; the message names file, line and value.
    """
    found: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            name, *values = map(float, words)
        except ValueError as error:
            raise DatasetError(f"{_MUST}; {at}, line {number} is {line[:80]!r}.") from error
        if not math.isfinite(name) or name != int(name):
            raise DatasetError(f"{_MUST}; the id in {at}, line {number} is {words[0]!r}.")
        found.append((number, int(name), _edges(values, f"{at}, line {number}")))
    return found


def _edges(values: list[float], at: str) -> tuple[float, float, float, float]:
    if not all(map(math.isfinite, values)):
        raise DatasetError(f"Box edges must be finite numbers; {values} came in {at}. Mend it.")
    if any(abs(value) > 10 for value in values):
        raise DatasetError(
            f"{_MUST}; {max(values, key=abs):g} came in {at}, which looks like pixels. Divide by "
            f"the image's width and height."
        )
    if len(values) == 4:
        x, y, width, height = values
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    if len(values) >= 6 and len(values) % 2 == 0:
        across, down = values[::2], values[1::2]
        return min(across), min(down), max(across), max(down)
    raise DatasetError(f"{_MUST}, or of the corners of a polygon; {at} has {len(values)} numbers.")


def _label_files(layout: Layout) -> set[Path]:
    """Find all label files: those under the folders, and those named by lists of images."""
    found = {
        folder / name
        for folder in layout.label_folders
        if folder.is_dir()
        for name in list_files(folder, (".txt",))
        if PurePosixPath(name).name not in NAME_FILES
    }
    return found | {image.label for image in layout.images if image.label.is_file()}


def _check_shared(
    images: Sequence[Found], label_files: set[Path], config: ImportConfig, tally: Tally
) -> None:
    """Refuse (or count, where the user says so) two images that would share one label file."""
    sharing: dict[Path, list[Path]] = defaultdict(list)
    for found in images:
        if found.label in label_files:
            sharing[found.label].append(found.file)
    for label, files in sharing.items():
        if len(files) > 1 and not config.shared_labels:
            raise DatasetError(
                f"A label file belongs to one image; {label} would belong to "
                f"{' and '.join(file.name for file in files)}. Rename one image and its labels, "
                f"or give both the same boxes: shared_labels."
            )
        if len(files) > 1:
            tally.note("label file shared by images of one stem", str(label))


def _check_ids(
    lines: Mapping[Path, Sequence[Line]], names: Mapping[int, str], base: int
) -> dict[int, str]:
    """Make sure that every id has a name; without names the numbers are the names."""
    used: Counter[int] = Counter()
    first: dict[int, str] = {}
    for path, rows in lines.items():
        for number, name, _ in rows:
            used[name] += 1
            first.setdefault(name, f"{path}, line {number}")
    if not names:
        names = {name: str(name) for name in range(base, max(used, default=base - 1) + 1)}
    wrong = [name for name in sorted(used) if name not in names]
    if not wrong:
        return dict(names)
    last = max(names, default=0)
    from_one = 0 in names and 0 not in used and wrong == [last + 1]
    hint = (
        "The ids seem to start at 1, since 0 never occurs: say class_base: 1."
        if from_one
        else "Mend the labels, or name all classes with names."
    )
    raise DatasetError(
        f"Class ids must lie in {min(names)} to {last}; {first[wrong[0]]} has {wrong[0]}, one of "
        f"{sum(used[name] for name in wrong)} boxes. {hint}"
    )


def _sample(found: Found, lines: Sequence[Line] | None, names: Mapping[int, str]) -> Sample:
    return Sample(
        image=found.image,
        file=found.file,
        at=str(found.label),
        labelled=None if lines is None else True,
        boxes=[
            RawBox(label=names[name], edges=edges, at=f"line {number}")
            for number, name, edges in lines or ()
        ],
        columns={"split": found.split} if found.split else {},
    )


def arrange_yolo(keys: Sequence[str], splits: Sequence[str | None]) -> list[str]:
    """Name exported images: under their split, and apart by more than their ending.

    Trainers put ``labels`` for the last ``images`` of a path, so no folder of a key keeps that
    name; and what has no split must not lie under one.

    >>> arrange_yolo(["images/a.jpg", "train/b.jpg", "train/c.jpg"], ["val", "train", None])
    ['val/images_/a.jpg', 'train/b.jpg', 'unsplit/train/c.jpg']
    """
    none = "unsplit" if any(splits) else None
    return keep_apart(
        [
            _under(split or none, _IMAGES.sub("images_/", key))
            for key, split in zip(keys, splits, strict=True)
        ]
    )


def _under(split: str | None, key: str) -> str:
    """Put an image under its split, once: a key that begins with it is left alone."""
    if split is None or PurePosixPath(key).parts[0] == split:
        return key
    return f"{split}/{key}"


def keep_apart(names: Sequence[str]) -> list[str]:
    """Rename files that differ by their ending alone, since they would share one label file.

    >>> keep_apart(["a.jpg", "a.png", "b.jpg"])
    ['a_jpg.jpg', 'a_png.png', 'b.jpg']
    """
    stems = Counter(str(PurePosixPath(name).with_suffix("")) for name in names)
    kept: list[str] = []
    for name in names:
        path = PurePosixPath(name)
        if stems[str(path.with_suffix(""))] > 1:
            path = path.with_name(f"{path.stem}_{path.suffix[1:]}{path.suffix}")
        kept.append(path.as_posix())
    if len({str(PurePosixPath(name).with_suffix("")) for name in kept}) < len(kept):
        raise DatasetError(
            "Exported images must differ by more than their ending; renaming some met others of "
            "that name. Rename the images of the set."
        )
    return kept


def write_yolo(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write labels/ and data.yaml; ignored boxes have no place in the format and are counted."""
    boxes = images.boxes_of()
    for row, name in track(
        zip(placed.rows, placed.names, strict=True), "writing labels", len(placed.rows)
    ):
        size = size_of(images, row, name, "YOLO's shares need")
        lines: list[str] = []
        for box in range(boxes.offsets[row], boxes.offsets[row + 1]):
            if boxes.ignore[box]:
                tally.drop("ignored box, which YOLO cannot hold", name)
            else:
                lines.append(_line(int(boxes.label[box]), boxes.edges[box].tolist(), size))
        tally.boxes += len(lines)
        path = (to / "labels" / name).with_suffix(".txt")
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(lines))
    splits = images.column("split")
    head = _head(images, [splits[row] for row in placed.rows], tally)
    write_bytes(to / "data.yaml", head.encode())


def _line(label: int, edges: Sequence[float], size: tuple[int, int]) -> str:
    left, top, right, bottom = edges
    width, height = size
    centre = (left + right) / 2 / width, (top + bottom) / 2 / height
    extent = (right - left) / width, (bottom - top) / height
    # Twelve digits: on 10,000 pixels the boxes come back to a hundred-millionth.
    return f"{label} " + " ".join(f"{value:.12g}" for value in (*centre, *extent)) + "\n"


def _head(images: ImageSet, splits: Sequence[str | None], tally: Tally) -> str:
    """Write data.yaml: paths relative to it, and a train and a val, which trainers ask for."""
    import yaml

    about = {key: f"images/{key}" for key in ("train", "val", "test") if key in splits}
    for split in splits:
        if about and split not in about:
            tally.note(f"image of split {split}, which data.yaml does not name", "data.yaml")
    there = next(iter(about.values()), "images")
    for key in ("train", "val"):
        if key not in about:
            tally.note(f"no split {key}: data.yaml names {there} for it", "data.yaml")
            about[key] = there
    head = {**about, "names": dict(enumerate(images.classes))}
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
