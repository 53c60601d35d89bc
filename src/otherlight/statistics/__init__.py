"""Statistics: from figures to a decision with its uncertainty; pure arrays."""

from otherlight.statistics.bootstrap import count_groups, group_index, group_weights, weight_blocks
from otherlight.statistics.contrast import Contrast, Figures, contrast, seeds_within
from otherlight.statistics.decision import (
    Question,
    Row,
    Verdict,
    as_json,
    cautions,
    decide,
    from_json,
)
from otherlight.statistics.gap import GapClosed, gap_closed
from otherlight.statistics.guards import (
    Cost,
    NonInferiority,
    class_guards,
    holm,
    non_inferiority,
    percentile_interval,
    with_holm,
    worth_its_cost,
)
from otherlight.statistics.label_equivalence import LabelEquivalence, label_equivalence
from otherlight.statistics.planning import optimistic_effect

__all__ = [
    "Contrast",
    "Cost",
    "Figures",
    "GapClosed",
    "LabelEquivalence",
    "NonInferiority",
    "Question",
    "Row",
    "Verdict",
    "as_json",
    "cautions",
    "class_guards",
    "contrast",
    "count_groups",
    "decide",
    "from_json",
    "gap_closed",
    "group_index",
    "group_weights",
    "holm",
    "label_equivalence",
    "non_inferiority",
    "optimistic_effect",
    "percentile_interval",
    "seeds_within",
    "weight_blocks",
    "with_holm",
    "worth_its_cost",
]
