"""Rendering whole sets: side by side, resumable, the same bytes whatever the number of workers."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from otherlight.errors import BusyError, DatasetError
from otherlight.records.crew import cores
from otherlight.records.files import holding, read_json, write_json
from otherlight.records.progress import task
from otherlight.sets import ImageSet, build_set, read_set, write_set
from otherlight.world.config import WorldConfig
from otherlight.world.crew import part_of, render_all

LICENCE = "CC0-1.0"
_FEW = 3


def render_world(config: WorldConfig, to: Path, *, workers: int | None = None) -> ImageSet:
    """Render a labelled set into a folder; the same command again finishes what was begun.

    Sequences that are on disk are skipped; a file that was lost is rendered again. ``workers``
    None takes every core.

    Raises:
        BusyError: the folder is in use, or holds another world.
    """
    with holding(to):
        _same_world(config, to)
        parts = to / ".parts"
        finished = read_set(to) if (to / "set.json").exists() else None
        missing = [s for s in range(config.sequences) if not _done(config, s, to, parts, finished)]
        if missing or finished is None:
            write_json(parts / "config.json", config.made_by())
            _render(config, missing, to, workers)
        rendered = _collect(config, to) if finished is None else _checked(finished, missing, parts)
        written = write_set(rendered, to)
        if parts.exists():
            shutil.rmtree(parts)
        return written


def render_pair(
    config: WorldConfig, conditions: tuple[str, str], to: Path, *, workers: int | None = None
) -> tuple[ImageSet, ImageSet]:
    """Render the same scenes in two conditions, in a folder each: paired truth.

    Both have the same keys and the same boxes. Pairs are for measuring, never for training an
    unpaired translator.
    """
    pool = config.pool or f"pair-{config.split}"
    first, second = (
        render_world(replace(config, condition=name, pool=pool), to / name, workers=workers)
        for name in conditions
    )
    return first, second


def _same_world(config: WorldConfig, to: Path) -> None:
    """Refuse a folder that another world was rendered into."""
    for path, key in ((to / "set.json", "made_by"), (to / ".parts" / "config.json", "")):
        if not path.exists():
            continue
        there = read_json(path)
        if (there.get(key, {}) if key else there) != config.made_by():
            raise BusyError(
                f"{to} must be empty or hold this very world; {path.name} there says that "
                f"something else was made. Give another folder, or the same settings."
            )


def _done(
    config: WorldConfig, sequence: int, to: Path, parts: Path, finished: ImageSet | None
) -> bool:
    """A sequence is done once its rows and all its files are there."""
    if finished is None and not part_of(parts, sequence).exists():
        return False
    stems = [f"{sequence:06d}_{frame:02d}" for frame in config.frames(sequence)]
    files = [to / "images" / f"{stem}{config.suffix}" for stem in stems]
    files += [to / "depth" / f"{stem}.npy" for stem in stems if config.depth]
    files += [to / "mask" / f"{stem}.png" for stem in stems if config.mask]
    files += [to / "flow" / f"{stem}.png" for stem in stems[:-1] if config.flow]
    return all(file.exists() and file.stat().st_size for file in files)


def _render(config: WorldConfig, missing: Sequence[int], to: Path, workers: int | None) -> None:
    # A process of its own pays only for more than a few sequences.
    most = workers or cores()
    number = most if workers or len(missing) > _FEW else 1
    number = max(1, min(number, len(missing)))
    with task(
        f"rendering {config.condition}", len(missing) * config.frames_per_sequence
    ) as advance:
        for sequence in render_all(config, missing, to, to / ".parts", number):
            advance(len(config.frames(sequence)))


def _collect(config: WorldConfig, to: Path) -> ImageSet:
    """Join the rows of all sequences into a set."""
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for sequence in range(config.sequences):
        part = read_json(part_of(to / ".parts", sequence))
        images += part["images"]
        boxes += part["boxes"]
    return build_set(
        f"world-{config.scenes}-{config.condition}" if config.pool else f"world-{config.scenes}",
        config.classes, images, boxes, root=to, licence=LICENCE, made_by=config.made_by(),
    )  # fmt: skip


def _checked(finished: ImageSet, missing: Sequence[int], parts: Path) -> ImageSet:
    """Make sure that what was rendered again is what the set's tables say."""
    said = dict(zip(finished.names(), finished.column("sha256"), strict=True))
    for sequence in missing:
        for row in read_json(part_of(parts, sequence))["images"]:
            if said[row["image"]] != row["sha256"]:
                raise DatasetError(
                    f"{row['image']} of {finished.root} was lost, and other versions of the "
                    f"libraries here give other bytes for it. Render the set into another folder."
                )
    return finished
