"""The audit in full view: sources, detector, boxes, hallucinations, decisions, gallery."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight.audit.config import AuditConfig
from otherlight.audit.evidence import gather_evidence, look_at_boxes
from otherlight.audit.gallery import draw_gallery
from otherlight.audit.hallucinations import find_hallucinations
from otherlight.audit.lineage import Lineage, trace
from otherlight.audit.survival import colours, invented, sentences, survival
from otherlight.audit.witness import (
    Ability,
    Witness,
    answers,
    ask,
    best_score,
    call,
    cautions,
    known_boxes,
    labelled,
    measure,
)
from otherlight.config import plain
from otherlight.records.files import holding, read_json, write_json
from otherlight.records.run import begin_run, describe_run, finish_run
from otherlight.sets import ImageSet, read_table, write_table
from otherlight.sets.columns import AUDIT, PREDICTIONS
from otherlight.training.devices import instruction_set

Found = tuple[list[bool | None], list[bool | None]]


def audit(
    translated: ImageSet,
    detector: Path,
    to: Path,
    *,
    config: AuditConfig | None = None,
    source: Path | None = None,
    target_like: ImageSet | None = None,
) -> dict[str, Any]:
    """Say what became of every labelled box of a translated set; what ``audit.json`` holds.

    Writes beside the set, never into it: ``audit.parquet`` (a decision a box), ``evidence.parquet``
    (what it rests on), ``hallucinations.parquet``, the detector's answers and ``gallery/``.
    ``target_like`` is a labelled sample of the target's own frames: on it the detector shows
    whether it can judge. Killed, it goes on with the same command.

    Raises:
        DatasetError: the set names no source, or the sources are missing or changed.
        PlanError: the detector learnt from this translation, or knows none of its classes.
    """
    config = config or AuditConfig()
    lineage = trace(translated, source)
    witness = call(detector, lineage)
    inputs = {"set": translated.hash, "detector": witness.hash}
    inputs |= {} if target_like is None else {"target-like": target_like.hash}
    record = describe_run("audit", plain(config), 0, inputs, (), instruction_set())
    with holding(to):
        record = begin_run(to, record)
        if record.done:
            return read_json(to / "audit.json")
        seen = _seen(witness, lineage.before, config, to / "before.parquet")
        best = best_score(seen, lineage.before, witness)
        score = config.score or best / 2
        frames = lineage.before if target_like is None else target_like
        ability = measure(witness, frames, config, score, dark=target_like is None)
        judges = ability.judges(config.recall)
        found, new = _asked(witness, lineage, config, to, score) if judges else _unasked(translated)
        evidence = gather_evidence(
            translated, look_at_boxes(lineage.before, translated, config), found, config
        )
        least = config.hallucination or ability.sure
        known, looks = labelled(translated), judges and bool(config.hallucination or least < 1.0)
        new = (
            find_hallucinations(seen, new, known, least, config.covered)
            if looks
            else PREDICTIONS.empty_table()
        )
        facts = _facts(lineage, witness, ability, config, target_like)
        facts |= {
            "judges": judges,
            "score": score,
            "survival": survival(evidence),
            "colours": colours(evidence),
            "hallucinations": invented(new, known) if looks else None,
        }
        facts["sentences"] = sentences(facts)
        facts["gallery"] = draw_gallery(lineage, evidence, new, config.gallery, to)
        write_table(to / "evidence.parquet", evidence)
        write_table(to / "hallucinations.parquet", new)
        write_table(to / "audit.parquet", _decisions(evidence, witness))
        write_json(to / "audit.json", facts)
        finish_run(to, record, 0, {"sentences": facts["sentences"]})
    return facts


def _seen(witness: Witness, images: ImageSet, config: AuditConfig, to: Path) -> pa.Table:
    """Ask once, keep the answer."""
    if not to.exists():
        write_table(to, ask(witness, images, config.device))
    return read_table(to, PREDICTIONS)


def _asked(
    witness: Witness, lineage: Lineage, config: AuditConfig, to: Path, score: float
) -> tuple[Found, pa.Table]:
    """Which boxes it found before and after; None for classes that it does not know."""
    known = known_boxes(lineage.after, witness.classes)
    old = _seen(witness, lineage.before, config, to / "before.parquet")
    new = _seen(witness, lineage.after, config, to / "after.parquet")
    said: list[list[bool | None]] = []
    for seen, images in ((old, lineage.before), (new, lineage.after)):
        whole: list[bool | None] = [None] * len(known)
        found = answers(seen, images, witness, score, config.iou)
        for place, answer in zip(np.flatnonzero(known).tolist(), found.tolist(), strict=True):
            whole[place] = bool(answer)
        said.append(whole)
    return (said[0], said[1]), new


def _unasked(images: ImageSet) -> tuple[Found, pa.Table]:
    nothing: list[bool | None] = [None] * images.boxes.num_rows
    return (nothing, nothing), PREDICTIONS.empty_table()


def _decisions(evidence: pa.Table, witness: Witness) -> pa.Table:
    """The table that training reads; found only where the detector had found it before."""
    rows = [
        {
            **{name: row[name] for name in ("image", "box", "edge_kept", "contrast_kept")},
            "detector": witness.hash,
            "found": row["found_after"] if row["found_before"] else None,
            "decision": row["decision"],
        }
        for row in evidence.to_pylist()
    ]
    return pa.Table.from_pylist(rows, AUDIT)


def _facts(
    lineage: Lineage,
    witness: Witness,
    ability: Ability,
    config: AuditConfig,
    target_like: ImageSet | None,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "set": {"name": lineage.after.name, "hash": lineage.after.hash},
        "source": lineage.before.name,
        "translators": list(lineage.translators),
        "images": len(lineage.after),
        "detector": {
            "name": witness.name,
            "hash": witness.hash,
            "classes": list(witness.classes),
        },
        "config": plain(config),
        "ability": asdict(ability),
        "cautions": cautions(witness, lineage, target_like),
    }
