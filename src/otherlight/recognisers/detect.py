"""Detection in images that belong to no set: drawn boxes, YOLO label files and one JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from otherlight.config import nearest
from otherlight.errors import DatasetError, PlanError
from otherlight.images.files import SUFFIXES, Array, encode, read_pixels
from otherlight.recognisers.predict import Found, find, load_detector
from otherlight.recognisers.weights import About, weights_file
from otherlight.records.files import digest, holding, sha256_of, write_bytes, write_json
from otherlight.records.progress import task
from otherlight.records.run import begin_run, describe_run, finish_run

_GOLDEN_ANGLE = 137.5
"""Degrees between the hues of neighbouring classes, so that no two look alike."""


def detect(
    run: Path,
    images: Path | str,
    to: Path,
    *,
    confidence: float = 0.25,
    classes: Sequence[str] = (),
    device: str = "auto",
) -> dict[str, Any]:
    """Find objects in a file, a folder or the files of a glob; returns what the JSON holds.

    Writes ``images/`` with boxes drawn, ``labels/`` in YOLO's form with the score last, and
    ``detections.json`` (pixels of each image). ``classes`` chooses among those of the run.
    """
    detector, about = load_detector(run, device)
    for name in classes:
        if name not in about.classes:
            raise PlanError(f"{run} knows no class {name!r}. {nearest(name, about.classes)}")
    files = list(_files(images))
    names = _names(files)
    inputs = {"run": sha256_of(weights_file(run)), "images": digest([str(f) for f in files])}
    settings = {"confidence": confidence, "classes": list(classes)}
    with holding(to), task("detecting", len(files)) as advance:
        record = begin_run(to, describe_run("detections", settings, 0, inputs))
        if record.done:
            return record.results
        wanted = [about.classes.index(name) for name in classes or about.classes]
        rows: dict[str, list[dict[str, Any]]] = {}
        for file, name, found in zip(files, names, find(detector, about, files), strict=True):
            kept = _keep(found, confidence, wanted)
            pixels = read_pixels(file)
            rows[name] = _rows(kept, about)
            text = _yolo(kept, pixels.shape[1], pixels.shape[0])
            write_bytes(to / "labels" / Path(name).with_suffix(".txt"), text.encode())
            drawn = encode(_draw(pixels, kept, about), ".jpg")
            write_bytes(to / "images" / Path(name).with_suffix(".jpg"), drawn)
            advance(1)
        result = {"classes": list(about.classes), "images": rows}
        write_json(to / "detections.json", result)
        finish_run(to, record, 0, result)
    return result


def _files(images: Path | str) -> Iterator[Path]:
    path = Path(images)
    if path.is_dir():
        found = path.rglob("*")
    elif path.exists():
        found = iter([path])
    else:
        fixed = Path(*[part for part in path.parts[:-1] if not set(part) & set("*?[")])
        found = fixed.glob(str(path.relative_to(fixed)))
    files = sorted(file for file in found if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DatasetError(
            f"There must be images at {images}; there are none. Give an image, a folder, or a "
            f"pattern such as 'frames/*.jpg'."
        )
    yield from files


def _names(files: Sequence[Path]) -> list[str]:
    """Names below the folder that all files share; label files tell them apart by stem alone."""
    shared = Path(*_shared([file.parent.parts for file in files]))
    names = [file.relative_to(shared).as_posix() for file in files]
    seen: dict[Path, str] = {}
    for name in names:
        stem = Path(name).with_suffix("")
        if stem in seen:
            raise DatasetError(
                f"Label files are named after images without their endings; {seen[stem]} and "
                f"{name} would share one. Rename one of them."
            )
        seen[stem] = name
    return names


def _shared(paths: Sequence[tuple[str, ...]]) -> list[str]:
    shared: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return shared


def _keep(found: Found, confidence: float, wanted: Sequence[int]) -> Found:
    kept = (found.scores >= confidence) & np.isin(found.labels, wanted)
    return Found(edges=found.edges[kept], labels=found.labels[kept], scores=found.scores[kept])


def _rows(found: Found, about: About) -> list[dict[str, Any]]:
    return [
        {
            "label": about.classes[label],
            **dict(zip(("left", "top", "right", "bottom"), map(float, edges), strict=True)),
            "score": float(score),
        }
        for edges, label, score in zip(found.edges, found.labels, found.scores, strict=True)
    ]


def _yolo(found: Found, width: int, height: int) -> str:
    """Class number, centre and size in shares of the image, score."""
    lines = [
        f"{label} {(left + right) / 2 / width:.6f} {(top + bottom) / 2 / height:.6f} "
        f"{(right - left) / width:.6f} {(bottom - top) / height:.6f} {score:.6f}\n"
        for (left, top, right, bottom), label, score in zip(
            found.edges.tolist(), found.labels, found.scores, strict=True
        )
    ]
    return "".join(lines)


def _draw(pixels: Array, found: Found, about: About) -> Array:
    import cv2

    drawn = pixels.copy()
    thick = max(1, round(pixels.shape[0] / 300))
    size = max(0.35, pixels.shape[0] / 1200)
    for edges, label, score in zip(found.edges, found.labels, found.scores, strict=True):
        left, top, right, bottom = (round(float(edge)) for edge in edges)
        colour = _colour(int(label))
        cv2.rectangle(drawn, (left, top), (right, bottom), colour, thick)
        text = f"{about.classes[label]} {score:.2f}"
        place = (left, max(top - 2 * thick, round(24 * size)))
        cv2.putText(drawn, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    return drawn


def _colour(label: int) -> tuple[int, int, int]:
    import colorsys

    hue = (label * _GOLDEN_ANGLE / 360) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
