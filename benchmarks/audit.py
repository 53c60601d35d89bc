"""How good is the audit itself? Damage is planted in honest translations and then looked for.

    python benchmarks/audit.py --to DIR [--images 96] [--train 1200] [--steps 600] [--threads 1]

Renders day and night of the same scenes: the paired truth, an honest translation of every object,
and gamma as another. In a third of the images one or two objects are erased (painted over by
inpainting), in a third blurred or crushed to black noise; elsewhere cars of other images are
pasted where nobody labelled one, and lamps of lights are turned to another hue. The witness is
fitted on other day scenes with strong changes of light. Done parts are skipped when run again.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from otherlight.audit import AuditConfig, audit
from otherlight.audit.colours import known_state, shown_state
from otherlight.images.files import Array, encode, read_pixels
from otherlight.recognisers import FitConfig, Ingredient, Photometric, fit
from otherlight.records.files import sha256_of
from otherlight.records.seeds import numpy_generator
from otherlight.sets import ImageSet, read_set, read_table, write_set
from otherlight.sets.columns import IMAGES, PREDICTIONS
from otherlight.world import WorldConfig, render_pair, render_world

Edges = np.ndarray[tuple[int], np.dtype[np.float64]]
TURNED = {"green": 0, "red": 60, "yellow": 0}
"""OpenCV's hue that each colour is turned to: green and yellow to red, red to green."""
KINDS = ("erased", "blurred", "blackened")


@dataclass
class Planted:
    """What was done: boxes by kind, lights that were turned, and where cars were pasted."""

    boxes: dict[tuple[str, int], str]
    turned: set[tuple[str, int]]
    pasted: list[tuple[str, Edges]]


def main() -> None:
    """Render, fit, plant, audit, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    for name, default in (("images", 96), ("train", 1200), ("steps", 600), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seed", type=int, default=21, help="of the scenes that are audited")
    parser.add_argument("--recall", type=float, default=0.5, help="what the witness must reach")
    given = parser.parse_args()
    witness = _witness(given.to, given.train, given.steps, given.threads)
    day, night = render_pair(
        WorldConfig(images=given.images, seed=given.seed, split="test", frames_per_sequence=2),
        ("day", "night"),
        given.to / f"pair-{given.seed}",
        workers=given.threads,
    )
    pool = render_world(
        WorldConfig(images=96, seed=7, condition="night", split="pool", frames_per_sequence=2),
        given.to / "night-sample",
        workers=given.threads,
    )
    for name in ("night", "gamma"):
        folder = given.to / f"{name}-{given.seed}"
        honest = _honest(day, night, name)
        made, planted = _plant(day, honest, folder / "set", given.seed)
        for asked, config in (
            ("with the witness", AuditConfig(recall=given.recall, gallery=24)),
            ("without", AuditConfig(recall=1.0, gallery=24)),
        ):
            to = folder / asked.replace(" ", "-")
            facts = audit(made, witness, to, config=config, target_like=pool)
            print(f"\n{name}, {asked}: recall on the target {facts['ability']['recall']:.2f}")
            _count(made, planted, to)


def _witness(to: Path, images: int, steps: int, threads: int) -> Path:
    train = render_world(WorldConfig(images=images, seed=5, frames_per_sequence=4),
                         to / "day-train", workers=threads)  # fmt: skip
    val = render_world(WorldConfig(images=64, seed=5, split="val"), to / "day-val", workers=threads)
    config = FitConfig(width=224, height=128, batch=8, steps=steps, threads=threads,
                       photometric=Photometric(share=0.7), checkpoint_every=50)  # fmt: skip
    run = fit([Ingredient(images=train)], val, config, 0, to / f"witness-{steps}")
    print(f"witness: AP50 {run.record.results['ap50']:.3f} by day")
    return run.folder


def _honest(day: ImageSet, night: ImageSet, name: str) -> Callable[[int], Array]:
    """Translate an image by number, so that every object survives."""
    if name == "night":
        return lambda row: read_pixels(night.files()[row])
    return lambda row: np.rint(
        127 * (read_pixels(day.files()[row]) / 255.0) ** 2.2
    ).astype(np.uint8)  # fmt: skip


def _plant(
    day: ImageSet, honest: Callable[[int], Array], to: Path, seed: int
) -> tuple[ImageSet, Planted]:
    planted = Planted({}, set(), [])
    boxes, rows = day.boxes_of(), day.images.to_pylist()
    labels = day.boxes.select(["box", "state", "label"]).to_pylist()
    for row, about in enumerate(rows):
        chance = numpy_generator(seed, "damage", row)
        pixels = honest(row)
        own = [
            box
            for box in range(boxes.offsets[row], boxes.offsets[row + 1])
            if not boxes.ignore[box]
        ]
        for box in chance.permutation(own)[:2] if row % 3 < 2 else ():
            kind = KINDS[0] if row % 3 == 0 else KINDS[1 + int(chance.integers(2))]
            pixels = _damaged(pixels, boxes.edges[box], kind, chance)
            planted.boxes[about["image"], labels[box]["box"]] = kind
        if row % 3 == 2:
            donor = (row + 7) % len(rows)
            place = _pasted(pixels, honest(donor), boxes, row, donor, chance)
            if place is not None:
                planted.pasted.append((about["image"], place))
            for box in own:
                if _turn(pixels, boxes.edges[box], labels[box]["state"]):
                    planted.turned.add((about["image"], labels[box]["box"]))
        file = to / "images" / about["image"]
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(encode(pixels, file.suffix))
        about |= {
            "file": str(file.resolve()),
            "sha256": sha256_of(file),
            "parent": day.name,
            "parent_sha256": sha256_of(day.files()[row]),
            "translator": "benchmark",
        }
    made = replace(day, name=to.parent.name, images=pa.Table.from_pylist(rows, IMAGES), root=to,
                   made_by={"command": "translate", "source": str(day.root.resolve())})  # fmt: skip
    return (read_set(to) if (to / "set.json").exists() else write_set(made, to)), planted


def _damaged(pixels: Array, edges: Edges, kind: str, chance: np.random.Generator) -> Array:
    rows, columns = _around(edges, pixels, 2)
    changed = pixels.copy()
    if kind == "erased":
        mask = np.zeros(pixels.shape[:2], np.uint8)
        mask[rows, columns] = 255
        changed = np.asarray(cv2.inpaint(pixels, mask, 3, cv2.INPAINT_TELEA), np.uint8)
        noise = chance.normal(0, 2, changed[rows, columns].shape)
        changed[rows, columns] = np.clip(changed[rows, columns] + noise, 0, 255)
    elif kind == "blurred":
        deviation = max(2.0, 0.3 * min(edges[2] - edges[0], edges[3] - edges[1]))
        changed[rows, columns] = cv2.GaussianBlur(pixels, (0, 0), deviation)[rows, columns]
    else:
        dark = chance.normal(4, 2, changed[rows, columns].shape)
        changed[rows, columns] = np.clip(changed[rows, columns] * 0.04 + dark, 0, 255)
    return changed


def _pasted(
    pixels: Array, other: Array, boxes: object, row: int, donor: int, chance: np.random.Generator
) -> Edges | None:
    """Paste a large object of another image where nothing is labelled; writes into ``pixels``."""
    offsets, every = getattr(boxes, "offsets"), getattr(boxes, "edges")  # noqa: B009
    sides = every[offsets[donor] : offsets[donor + 1]]
    large = [s for s in sides if min(s[2] - s[0], s[3] - s[1]) >= 14 and s[2] - s[0] <= 80]
    taken = every[offsets[row] : offsets[row + 1]]
    for edges in large[:1]:
        rows, columns = _around(edges, other, 1)
        patch = other[rows, columns]
        for _ in range(60):
            left = int(chance.integers(0, pixels.shape[1] - patch.shape[1]))
            top = int(rows.start + chance.integers(-6, 7))
            if top < 0 or top + patch.shape[0] > pixels.shape[0]:
                continue
            place = np.array([left, top, left + patch.shape[1], top + patch.shape[0]], np.float64)
            low, high = np.maximum(taken[:, :2], place[:2]), np.minimum(taken[:, 2:], place[2:])
            if not (np.maximum(high - low, 0).prod(1) > 0).any():
                pixels[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
                return place
    return None


def _turn(pixels: Array, edges: Edges, state: str | None) -> bool:
    """Turn a lamp's hue, if it shows its label's colour; writes into ``pixels``."""
    known = known_state(state)
    if known is None or shown_state(pixels, edges) != known:
        return False
    rows, columns = _around(edges, pixels, 0)
    hsv = cv2.cvtColor(np.ascontiguousarray(pixels[rows, columns]), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = np.where(hsv[..., 1] > 60, TURNED[known], hsv[..., 0])
    pixels[rows, columns] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return True


def _around(edges: Edges, pixels: Array, more: int) -> tuple[slice, slice]:
    left, top, right, bottom = edges.astype(int).tolist()
    height, width = pixels.shape[:2]
    return (
        slice(max(top - more, 0), min(bottom + more, height)),
        slice(max(left - more, 0), min(right + more, width)),
    )


def _count(made: ImageSet, planted: Planted, to: Path) -> None:
    """Precision and recall of damage, by kind and size; of colours; of hallucinations."""
    rows = pq.read_table(to / "evidence.parquet").to_pylist()
    flagged = {(r["image"], r["box"]): r for r in rows if r["decision"] != "keep"}
    sizes = {(r["image"], r["box"]): r["size"] for r in rows}
    colours = {key for key, r in flagged.items() if r["reason"].startswith("it turned")}
    aside = _touched(made, planted)
    damage = flagged.keys() - colours - planted.turned - aside
    _line("damaged boxes", len(damage & planted.boxes.keys()), len(damage), len(planted.boxes))
    for kind in KINDS:
        mine = {key for key, word in planted.boxes.items() if word == kind}
        gone = sum(flagged[key]["decision"] == "drop" for key in damage & mine)
        print(f"  {kind}: {len(damage & mine)} of {len(mine)} found, {gone} of them dropped")
    for size in ("small", "medium", "large"):
        mine = {key for key in planted.boxes if sizes.get(key) == size}
        false = {key for key in damage - planted.boxes.keys() if sizes[key] == size}
        honest = sum(word == size for key, word in sizes.items() if key not in mine | aside)
        print(f"  {size}: {len(damage & mine)} of {len(mine)} found; {len(false)} of {honest} "
              f"honest boxes accused")  # fmt: skip
    _line("turned lights", len(colours & planted.turned), len(colours), len(planted.turned))
    found = read_table(to / "hallucinations.parquet", PREDICTIONS).to_pylist()
    right = sum(any(_overlap(one, place) for place in _of(planted, one["image"])) for one in found)
    hit = sum(
        any(one["image"] == image and _overlap(one, place) for one in found)
        for image, place in planted.pasted
    )
    print(f"hallucinations: {right} of {len(found)} told are planted, "
          f"{hit} of {len(planted.pasted)} planted are told")  # fmt: skip


def _touched(made: ImageSet, planted: Planted) -> set[tuple[str, int]]:
    """Other boxes of which damage to a neighbour or something pasted covers a fifth or more.

    They are hurt too, by how much nobody planned: neither right nor wrong to accuse.
    """
    sides = ("left", "top", "right", "bottom")
    edges = {
        (row["image"], row["box"]): np.array([row[side] for side in sides])
        for row in made.boxes.to_pylist()
    }
    hurt = [(key[0], edges[key]) for key in planted.boxes] + planted.pasted
    touched: set[tuple[str, int]] = set()
    for image, place in hurt:
        for key, box in edges.items():
            if key[0] == image and key not in planted.boxes:
                size = np.minimum(box[2:], place[2:]) - np.maximum(box[:2], place[:2])
                if np.maximum(size, 0).prod() >= 0.2 * (box[2:] - box[:2]).prod():
                    touched.add(key)
    return touched


def _line(what: str, right: int, told: int, planted: int) -> None:
    precision = f"{right / told:.2f}" if told else "-"
    recall = f"{right / planted:.2f}" if planted else "-"
    print(f"{what}: precision {precision} ({right} of {told}), recall {recall} ({right} of "
          f"{planted})")  # fmt: skip


def _of(planted: Planted, image: str) -> Iterator[Edges]:
    yield from (place for name, place in planted.pasted if name == image)


def _overlap(one: dict[str, float], place: Edges) -> bool:
    edges = np.array([one[side] for side in ("left", "top", "right", "bottom")])
    size = np.maximum(np.minimum(edges[2:], place[2:]) - np.maximum(edges[:2], place[:2]), 0)
    both = (edges[2:] - edges[:2]).prod() + (place[2:] - place[:2]).prod() - size.prod()
    return bool(size.prod() >= 0.3 * both)


if __name__ == "__main__":
    main()
