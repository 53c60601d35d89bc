"""Marking boxes as ignored: neither truth nor background, with the reason."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from otherlight.datasets.box_columns import BoxColumns
from otherlight.datasets.tally import Tally
from otherlight.sets.arrow import compute as pc


def ignore(
    boxes: BoxColumns, which: Bool[np.ndarray, " boxes"], words: str, tally: Tally
) -> BoxColumns:
    """Ignore boxes, counted; those that were ignored before keep their reason."""
    which = which & ~boxes.ignored()
    if not which.any():
        return boxes
    tally.note(f"box {words}, ignored", boxes.first(which), int(which.sum()))
    before = boxes.further.get("ignore_reason", pa.nulls(len(boxes), pa.string()))
    reason = words.removesuffix(" of the image's height")
    further = {
        "ignore": pa.array(which | boxes.ignored()),
        "ignore_reason": pc.if_else(pa.array(which), reason, before),
    }
    return replace(boxes, further={**boxes.further, **further})
